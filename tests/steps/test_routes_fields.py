"""Field values filled in from a mail: data only, one pass, no control characters (H24, H31)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.routing import mail
from worker.routes import compile_routes
from worker.settings import Route, SettingsError, load

HEAD = """
[mailboxes.a]
embedded = "mail"
[connectors.desk]
type = "desk"
path = "d"
[connectors.log]
type = "desk"
path = "e"
"""
CALENDAR = '[calendars.tokyo]\ntimezone = "Asia/Tokyo"\nhours = "Mon-Fri 09:00-18:00"\n'


def fields(subject: str = "Hello", sender: str = "ann@sub.example.org", **route: Any) -> dict[str, str]:
    made = Route.model_validate({"connector": "crm", **route})
    message = mail(("To", "help+vip@x.org"), subject=subject, sender=sender)
    return compile_routes([made], {}).decide(message, "support").fields_for("crm")


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{tag}", "VIP"),
        ("{sender.domain}/{sender.local}", "sub.example.org/ann"),
        ("{address.detail}", "vip"),
        ("{address}", "help+vip@x.org"),
        ("order {1}", "order 4711"),
        ("{subject.1}-{kind}", "4711-lamp"),
        ("{mailbox}", "support"),
        ("{{tag}}", "{tag}"),
        ("plain", "plain"),
    ],
)
def test_values(template: str, value: str) -> None:
    made = _of(template)
    assert made == {"f": value}


def _of(template: str) -> dict[str, str]:
    route = Route(connector="crm", address="*@x.org", subject=r"re:order (\d+) (?P<kind>\w+)", fields={"f": template})
    message = mail(("To", "help+vip@x.org"), subject="[VIP] order 4711 lamp", sender="ann@sub.example.org")
    return compile_routes([route], {}).decide(message, "support").fields_for("crm")


def test_a_value_that_comes_to_nothing_is_left_to_the_crm() -> None:
    assert fields(fields={"a": "{tag}", "b": "x"}) == {"b": "x"}


def test_fields_of_one_connector_come_on_top_of_those_of_all() -> None:
    route = Route(
        connector="crm",
        also=("log",),
        fields={"priority": "High"},
        fields_by_connector={"log": {"priority": "Low", "queue": "{tag}"}},
    )
    decision = compile_routes([route], {}).decide(mail(subject="[x] y"), "support")
    assert decision.fields == {"crm": {"priority": "High"}, "log": {"priority": "Low", "queue": "x"}}


@pytest.mark.parametrize("payload", ["{sender}", "{0.__class__}", "%(x)s", "${x}", "{{7*7}}", "{% x %}", "{tag}"])
def test_h31_what_a_mail_says_is_never_filled_in_again(payload: str) -> None:
    assert fields(subject=payload, fields={"f": "a {subject} b"}) == {"f": f"a {payload} b"}


@given(st.text(max_size=400))
def test_h24_a_value_is_one_short_line(subject: str) -> None:
    value = fields(subject=subject, fields={"f": "x{subject}"})["f"]
    assert value.isprintable()
    assert len(value) <= 201


def problems(tmp_path: Path, text: str) -> str:
    path = tmp_path / "settings.toml"
    path.write_text(HEAD + CALENDAR + text)
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    return str(caught.value)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('fields = { q = "{tga}" }', "{tga}"),
        ('fields = { q = "{1}" }', "{1}"),
        ('fields = { q = "a } b" }', "write }}"),
        ('fields_by_connector = { log = { q = "x" } }', "does not lead there"),
        ('size = "big"', "no size"),
        ('size = "5MB-1MB"', "no mail has that size"),
        ('attachment = "type:pdf"', "no content type"),
        ('domain = "a@b"', "no domain"),
        ('hours = "calendar:osaka"', "unknown calendar"),
        ('hours = "tokyo"', "calendar:NAME"),
        ('mailbox = "b"', "unknown mailbox"),
        ('dmarc = "pass"', "authserv_id"),
        ("authenticated = true", "authserv_id"),
        ('sender = "a@x.org"\ndomain = "y.org"', "can never match"),
        ('authenticated = true\ndmarc = "fail"', "fails DMARC is not authenticated"),
    ],
)
def test_mistakes_are_named_with_their_cure(tmp_path: Path, keys: str, words: str) -> None:
    told = problems(tmp_path, f'[[routes]]\nconnector = "desk"\n{keys}\n')
    assert "routes[1]" in told
    assert words in told


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ('subject = "vip"', 'subject = "[VIP]"'),
        ('domain = "*.x.org"', 'sender = "a@b.x.org"'),
        ('sender = "*@x.org"', 'sender = "a@x.org"'),
        ('sender = "*@x.org"', 'domain = "x.org"'),
        ('size = ">1MB"', 'size = "2MB-3MB"'),
        ("attachment = true", 'attachment = "*.pdf"'),
        ('attachment = "type:image/*"', 'attachment = "type:image/png"'),
        ('language = "ja, zh"', 'language = "ja"\nsubject = "x"'),
        ('header = "X-Tier"', 'header = "x-tier: gold"'),
        ("spam_mark = true", 'spam_mark = true\nsize = "<1MB"'),
    ],
)
def test_a_rule_that_an_earlier_one_leaves_nothing_is_named_with_it(tmp_path: Path, earlier: str, later: str) -> None:
    told = problems(tmp_path, f'[[routes]]\nconnector = "desk"\n{earlier}\n[[routes]]\nconnector = "desk"\n{later}\n')
    assert "route 2 never gets a mail: route 1" in told
    reversed_ = tmp_path / "reversed.toml"
    text = f'[[routes]]\nconnector = "desk"\n{later}\n[[routes]]\nconnector = "desk"\n{earlier}\n'
    reversed_.write_text(HEAD + CALENDAR + text)
    is_equal = later == 'domain = "x.org"'
    if not is_equal:
        assert len(load(reversed_, {}).routes) == 2


@pytest.mark.parametrize("otherwise", ["drop", "deliver:", "deliver:crm"])
def test_otherwise_is_checked(tmp_path: Path, otherwise: str) -> None:
    told = problems(tmp_path, f'[worker]\notherwise = "{otherwise}"\n[[routes]]\nconnector = "desk"\n')
    assert "worker.otherwise" in told
