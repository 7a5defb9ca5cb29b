"""Who wrote a mail before it was passed on, in every language; and nobody where the evidence is doubtful (H60)."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.reply_blocks import ANNOUNCED, HEADERS
from worker.parsing.forwarded import (
    Attached,
    Evidence,
    Original,
    PassedOn,
    is_forward_subject,
    mailbox,
    original_requester,
)

WHEN = "Wed, 30 Apr 2025 15:19:00 +0200"
INSTANT = datetime(2025, 4, 30, 13, 19, tzinfo=UTC)
AGENT = {"from_name": "Agent", "from_address": "agent@example.org"}
BODY = "Dear Sirs,\n\nit does not work."


def block(language: str = "en", person: str = "Ann Example <ann@example.com>", style: str = "{}: {}") -> str:
    values = (person, WHEN, "Sales <sales@example.org>", "Broken lamp")
    return "\n".join(style.format(name, value) for name, value in zip(HEADERS[language], values, strict=True))


def forwarded(text: str, subject: str = "Fwd: Broken lamp", **more) -> Original | None:
    return original_requester(PassedOn(subject=subject, text=text, **{**AGENT, **more}))


def is_ann(found: Original | None) -> bool:
    assert found is not None
    assert (found.name, found.address, found.subject) == ("Ann Example", "ann@example.com", "Broken lamp")
    assert (found.sent, found.sent_at, found.evidence) == (WHEN, INSTANT, Evidence.COPIED)
    assert "ann@example.com" in found.why
    return found.body == BODY


@pytest.mark.parametrize("above", ["", "Please take this one.\n\n"])
@pytest.mark.parametrize("language", sorted(HEADERS.keys() & ANNOUNCED.keys()))
@pytest.mark.parametrize("rule", ["---------- {} ---------", "-------- {} --------", "----- {} -----", "{}:"])
def test_forwarded_block(language, rule, above):
    """Gmail, Thunderbird, web mailers, Apple Mail; the subject need not tell."""
    announced = rule.format(ANNOUNCED[language][1])
    assert is_ann(forwarded(f"{above}{announced}\n{block(language)}\n\n{BODY}\n", subject="Broken lamp"))
    assert is_ann(forwarded(f"{above}{announced}\n\n{block(language, style='*{}:* {}')}\n\n\n{BODY}\n"))


@pytest.mark.parametrize("above", ["", "Please take this one.\n\n", "FYI\n\n________________________________\n"])
@pytest.mark.parametrize("language", HEADERS)
def test_outlooks_forward(language, above):
    """Outlook writes the same block in replies and forwards: the subject tells which."""
    text = f"{above}{block(language)}\n\n{BODY}\n"
    assert is_ann(forwarded(text, subject="FW: Broken lamp"))
    assert forwarded(text, subject="Re: Broken lamp") is None


def test_apple_mails_forward_behind_quote_marks():
    quoted = "\n".join(f"> {line}".rstrip() for line in f"{block()}\n\n{BODY}".split("\n"))
    assert is_ann(forwarded(f"See below.\n\nBegin forwarded message:\n\n{quoted}\n"))


def test_html_alone():
    header = block().replace("<", "&lt;").replace("\n", "<br>")
    page = f"<p>See below.</p><p>---------- Forwarded message ---------<br>{header}</p><p>It broke.</p>"
    found = forwarded("", html=page)
    assert found is not None
    assert (found.address, found.body) == ("ann@example.com", "It broke.")


@pytest.mark.parametrize(
    ("written", "person"),
    [
        ("Ann Example <ann@example.com>", ("Ann Example", "ann@example.com")),
        ('"Example, Ann" <ann@example.com>', ("Example, Ann", "ann@example.com")),
        ("Ann Example [mailto:ann@example.com]", ("Ann Example", "ann@example.com")),
        ("Ann Example <mailto:ann@example.com>", ("Ann Example", "ann@example.com")),
        ("Ann Example <ann@example.com<mailto:ann@example.com>>", ("Ann Example", "ann@example.com")),
        ("Ann Example (ann@example.com)", ("Ann Example", "ann@example.com")),
        ("*Ann Example* <ann@example.com>", ("Ann Example", "ann@example.com")),
        ("ann@example.com", ("", "ann@example.com")),
        ("<ann@example.com>", ("", "ann@example.com")),
        ("山田 太郎 <taro@example.jp>", ("山田 太郎", "taro@example.jp")),
        ("Ann <änn@exämple.com>", ("Ann", "änn@exämple.com")),
        ("boss@example.org <eve@evil.example>", ("", "eve@evil.example")),
        ('"boss@example.org" <eve@evil.example>', ("", "eve@evil.example")),
        ("\u202eAnn <ann@example.com>", ("Ann", "ann@example.com")),
        ("Foo [mailto:foo@bar.example] On Behalf Of baz@bar.example", None),
        ("Ann <ann@example.com>, Bob <bob@example.com>", None),
        ("Ann <ann@example.com> <bob@example.com>", None),
        ("ann@example.com bob@example.com", None),
        ("Ann <ann@localhost>", None),
        ("Ann <ann@@example.com>", None),
        ("Ann <a nn@example.com>", None),
        ("Ann <=?utf-8?q?x?=@example.com\u0000@evil.example>", None),
        ("Ann Example", None),
        ("", None),
    ],
)
def test_only_one_valid_address_is_believed(written, person):
    """H56, H57: a display name that is an address is not believed, two addresses are nobody's."""
    assert mailbox(written) == person
    found = forwarded(f"---------- Forwarded message ---------\n{block(person=written)}\n\n{BODY}")
    assert (None if found is None else (found.name, found.address)) == person


@pytest.mark.parametrize(
    "text",
    [
        f"Thanks.\n\nOn {WHEN} Bob <bob@example.com> wrote:\n> ---------- Forwarded message ---------\n> " + block(),
        f"Thanks.\n\nOn {WHEN}, Bob <bob@example.com> wrote:\n\n---------- Forwarded message ---------\n{block()}\n\nx",
        f"Thanks.\n\n-----Original Message-----\n{block()}\n\n{BODY}",
        "Forwarded message from Ann <ann@example.com>",
        "From: ann@example.com is not mine",
        "",
    ],
)
def test_what_is_no_forward_names_nobody(text):
    """A reply quotes whom its author answers; that is not who wants something."""
    assert forwarded(text, subject="Re: Broken lamp") is None


def test_the_agents_own_address_is_no_requester():
    assert forwarded(f"---------- Forwarded message ---------\n{block(person='Me <Agent@Example.org>')}\n\nx") is None


def test_the_first_of_two_forwards_counts():
    """The outer header names who wrote to the agent."""
    inner = f"---------- Forwarded message ---------\n{block(person='Old <old@example.com>')}\n\nx"
    assert (
        forwarded(f"---------- Forwarded message ---------\n{block()}\n\nlook:\n\n{inner}").address == "ann@example.com"
    )


def test_attached_mail_goes_before_the_text():
    headers = (("From", "Ann Example <ann@example.com>"), ("Date", WHEN), ("Subject", "Broken lamp"))
    attached = Attached(headers=headers, text=BODY)
    text = f"---------- Forwarded message ---------\n{block(person='Bob <bob@example.com>')}\n\nx"
    found = forwarded(text, attached=(attached,))
    assert found == Original(
        name="Ann Example",
        address="ann@example.com",
        sent=WHEN,
        sent_at=INSTANT,
        subject="Broken lamp",
        body=BODY,
        evidence=Evidence.ATTACHED,
        why="the mail is attached: it names ann@example.com",
    )
    assert forwarded("two", attached=(attached, attached)) is None
    assert forwarded("From twice", attached=(Attached(headers=(*headers, ("From", "x@example.com"))),)) is None


GROUP = {"from_name": "'Ann Example' via Support", "from_address": "support@example.org", "subject": "Broken lamp"}
LISTED = (("List-ID", "<support.example.org>"), ("Date", WHEN))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"headers": (*LISTED, ("X-Original-From", "Ann <ann@example.com>"))}, ("Ann", Evidence.ORIGINAL_FROM)),
        ({"headers": (*LISTED, ("X-Original-Sender", "ann@example.com"))}, ("Ann Example", Evidence.ORIGINAL_FROM)),
        ({"headers": LISTED, "reply_to": (("Ann", "ann@example.com"),)}, ("Ann", Evidence.REPLY_TO)),
        (
            {"headers": LISTED, "reply_to": (("", "ann@example.com"), ("S", "support@example.org"))},
            ("Ann Example", Evidence.REPLY_TO),
        ),
        ({"headers": (), "reply_to": (("Ann", "ann@example.com"),)}, ("Ann", Evidence.REPLY_TO)),
        ({"headers": LISTED, "reply_to": (("A", "ann@example.com"), ("B", "b@example.com"))}, None),
        ({"headers": LISTED, "reply_to": (("S", "SUPPORT@example.org"),)}, None),
        ({"headers": LISTED, "reply_to": (("A", "ann@@example.com"),)}, None),
        ({"headers": (*LISTED, ("X-Original-From", "a@example.com, b@example.com"))}, None),
        ({"headers": (*LISTED, *[("X-Original-From", "Ann <ann@example.com>")] * 2)}, None),
        ({"headers": (("X-Original-From", "Eve <eve@evil.example>"),), "from_name": "Eve"}, None),
        ({"headers": LISTED, "from_name": "Ann", "reply_to": (("Ann", "ann@example.com"),)}, None),
    ],
)
def test_from_taken_over_by_a_group(more, expected):
    """Google Groups and Mailman put their own address into From; a field without a sign of a list is not enough."""
    found = original_requester(PassedOn(text="It broke.", **{**GROUP, **more}))
    assert (None if found is None else (found.name, found.evidence)) == expected
    if found is not None:
        assert (found.address, found.body, found.sent_at) == (
            "ann@example.com",
            "It broke.",
            INSTANT if more["headers"] else None,
        )


@pytest.mark.parametrize(
    "subject", ["Fwd: x", "FW: x", "WG: x", "TR : x", "RV: x", "I: x", "[Fwd: x]", "转发：x", "전달: x", "VL: x"]
)
def test_subject_of_a_forward(subject):
    assert is_forward_subject(subject)


@pytest.mark.parametrize("subject", ["Re: Fwd: x", "AW: x", "Forward: x?", "x", "", "firewall: down", "Info: x"])
def test_subject_of_something_else(subject):
    assert not is_forward_subject(subject)


PIECES = st.sampled_from(
    [*"\n\n\n> ", "From: Ann <ann@example.com>\n", "Subject: x\n", "Date: y\n", "To: z@example.com\n"]
)
RULES = st.sampled_from(
    ["---------- Forwarded message ----------\n", "Begin forwarded message:\n", "On 1/1/25 10:00 A wrote:\n"]
)


@given(st.lists(st.one_of(PIECES, RULES, st.text(max_size=20)), max_size=40), st.text(max_size=20))
def test_never_raises_and_invents_nothing(pieces, subject):
    text = "".join(pieces)
    found = forwarded(text, subject=subject)
    if found is not None:
        assert found.address in text
        assert found.name in text
        assert "@" in found.address


def test_time_grows_with_the_size_only():
    def seconds(lines: int) -> float:
        text = f"---------- Forwarded message ---------\n{block()}\n\n" + "From: a line of text <\n" * lines
        began = time.perf_counter()
        forwarded(text)
        return time.perf_counter() - began

    seconds(100)
    assert min(seconds(16_000) for _ in range(3)) < 2.5 * min(seconds(8_000) for _ in range(3)) + 0.01
