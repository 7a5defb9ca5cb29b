"""The automatic answer as it arrives: encoded right, and closed to hostile words (H24 to H26, H31, H64)."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.steps.answering import NOW, Scene, mail, scene
from worker.classify import Kind, classify
from worker.replies.letter import Letter, written
from worker.replies.templates import Rendered


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as made:
        yield made


def test_the_answer_in_english_as_received(at: Scene) -> None:
    """Friday 17:00 in Tokyo and eight working hours: Monday the 23rd is a holiday, so Tuesday 16:00."""
    assert at.write(mail(References="<m0@customer.example>")).state == "sent"
    (letter,), (got,) = at.letters(), at.sink.messages
    assert (got.sender, got.recipients) == ("", ("ann@customer.example",))
    assert letter["From"] == "Billing <billing@ours.example>"
    assert letter["To"] == "ann@customer.example"
    assert letter["Subject"] == "Re: Printer on fire"
    assert letter["Auto-Submitted"] == "auto-replied"
    assert letter["X-Auto-Response-Suppress"] == "All"
    assert letter["In-Reply-To"] == "<m1@customer.example>"
    assert letter["References"].split() == ["<m0@customer.example>", "<m1@customer.example>"]
    assert letter["Precedence"] is None
    text = letter.get_content()
    assert 'your message "Printer on fire" is case C-1.' in text
    assert "Dear Ann Example," in text
    assert "We answer by Tuesday, 24 November 2026, 16:00 (JST)." in text
    assert not [line for line in got.content.split(b"\r\n") if len(line) > 100]


def test_the_answer_in_japanese_as_received(at: Scene) -> None:
    content = mail("山田太郎 <taro@customer.example>", "プリンターが燃えています").decode()
    assert at.write(content.replace("It burns.", "助けてください。").encode()).state == "sent"
    (letter,) = at.letters()
    assert letter["Subject"] == "Re: プリンターが燃えています"
    assert letter["Content-Language"] == "ja"
    text = letter.get_content()
    assert "山田太郎 様" in text
    assert "お問い合わせ「プリンターが燃えています」を受け付けました（受付番号 C-1）。" in text
    assert "2026年11月24日(火) 16:00 (JST) までに" in text
    assert at.sink.messages[0].content.isascii()


def test_html_beside_the_text(tmp_path: Path) -> None:
    with scene(tmp_path, html=str(tmp_path / "billing.html"), **{"from": "Büro Nord <billing@ours.example>"}) as at:
        at.write(mail(subject="<script>alert(1)</script> & more"))
        (letter,) = at.letters()
        assert letter["From"].addresses[0].display_name == "Büro Nord"
        text, html = letter.iter_parts()
        assert "<script>" in text.get_content()
        assert "<b>&lt;script&gt;alert(1)&lt;/script&gt; &amp; more</b>" in html.get_content()


def test_a_mark_in_the_address_to_answer_to(tmp_path: Path) -> None:
    with scene(tmp_path, reply_to="billing+{token}@ours.example") as at:
        at.write(mail())
        (letter,) = at.letters()
        (mark,) = at.office.tokens.found_in(letter["Reply-To"])
        assert at.office.tokens.found_in(letter["Message-ID"]) == (mark,)
        for one in (mark, str(letter["Message-ID"]).strip("<>")):
            assert [known.case.number for known in at.ledger.conversation("crm", [one])] == ["C-1"]
        forged = mark[:-1] + ("0" if mark[-1] != "0" else "1")
        assert at.office.tokens.found_in(forged) == ()


HOSTILE = (
    "x\r\nBcc: victim@x.example",
    "x\n.\r\nMAIL FROM:<a@b>\r\n",
    "x\rX-Evil: 1",
    "x\u2028X-Evil: 1\u0085y",
    "=?utf-8?q?a=0D=0ABcc:_victim@x.example?=",
    "{{7*7}} {% import os %} ${7*7} %(x)s {0.__class__} {{ case }}",
    "\u202egnp.exe\x00\x1b[31m",
    "z" * 5000,
    "日本語" * 500,
)


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("place", ["subject", "name", "Message-ID", "References"])
def test_h24_h25_h26_h31_hostile_words_change_nothing(at: Scene, words: str, place: str) -> None:
    """Given as the parser would at worst hand them over: control characters and all."""
    message = at.read(mail())
    changed = {
        "subject": replace(message, subject=words),
        "name": replace(message, author=replace(message.author, name=words)),
        "Message-ID": replace(message, message_id=f"{words}@x.example"),
        "References": replace(message, references=(f"{words}@x.example", "good@x.example")),
    }[place]
    assert at.write(mail(), message=changed).state == "sent"
    (got,) = at.sink.messages
    header = got.content.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in header.split(b"\r\n") if line[:1] not in b" \t"]
    allowed = {
        *b"From To Subject Date Message-ID In-Reply-To References Auto-Submitted X-Auto-Response-Suppress".split(),
        *b"X-Mail-To-Case-Loop Content-Language MIME-Version Content-Type Content-Transfer-Encoding".split(),
    }
    assert set(names) <= allowed
    assert len(names) == len(set(names))
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", got.content)
    assert len(at.sink.commands) == 3
    assert not [line for line in got.content.split(b"\r\n") if len(line) > 250]
    if words.startswith("{{") and place in ("subject", "name"):
        assert "{{7*7}}" in at.letters()[0].get_content()
    assert len(str(at.letters()[0]["Subject"])) <= 90


def test_h64_nothing_to_click_on_is_repeated(at: Scene) -> None:
    at.write(mail("www.spam.example now <ann@customer.example>", "Win at https://spam.example/?x=1 today"))
    assert b"spam.example" not in at.sink.messages[0].content


def test_s8_our_own_answer_is_known_again(at: Scene) -> None:
    at.write(mail())
    back = at.read(at.sink.messages[0].content)
    assert classify(back, frozenset()).kind is Kind.LOOP
    assert at.office.tokens.found_in(back.message_id)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120), st.text(max_size=400))
def test_whatever_the_words_they_come_out_as_they_went_in(subject: str, text: str) -> None:
    letter = Letter(
        sender="Help <help@ours.example>",
        recipient="ann@customer.example",
        message_id="a@b.example",
        in_reply_to="",
        references=(),
        mark="x",
        at=NOW,
    )
    content = written(letter, Rendered(" ".join(subject.split()), text, "", "en"))
    got = email.message_from_bytes(content, policy=email.policy.default)
    shown = "".join(one if one.isprintable() else " " for one in " ".join(subject.split()))
    assert " ".join(str(got["Subject"] or "").split()) == " ".join(shown.split())
    assert got.get_content().splitlines() == (text.splitlines() or [""])
