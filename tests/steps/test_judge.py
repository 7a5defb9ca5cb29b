"""What becomes of a message before any CRM is asked: canaries, verifications, marks of spam, mail nobody wants."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from tests.steps.letters import read
from tests.steps.routing import NOW, mail
from worker.canary import HEADER, Canary, canary_in, mail_of
from worker.classify import Kind
from worker.judge import Judge
from worker.message import InboundMessage
from worker.outcome import Discarded, Held
from worker.routes import compile_routes
from worker.settings import MailboxSettings, Route
from worker.tokens import Tokens

TOKENS = Tokens(b"ours")
BOX = MailboxSettings(trusted_border=("mx.x.org",), authserv_id=("mx.x.org",))
HELP = Route(connector="crm", address="help@x.org")
BIRD = Canary("help@x.org", "probe@y.org", NOW, "0123456789abcdef")


def judge(*routes: Route, otherwise: str = "hold") -> Judge:
    router = compile_routes(routes or (HELP,), {"support": BOX}, otherwise=otherwise)
    return Judge(router, frozenset(), TOKENS, otherwise, "crm")


def arrived(bird: Canary = BIRD, tokens: Tokens = TOKENS) -> InboundMessage:
    return replace(read(mail_of(bird, tokens).content), received_at=NOW + timedelta(seconds=3))


def test_a_canary_never_becomes_a_case_and_says_how_it_came() -> None:
    made = judge().of(arrived(), "support")
    assert isinstance(made.ruling, Discarded)
    assert "as it should be" in made.ruling.why
    assert "3 s" in made.ruling.why
    assert made.connectors == ("crm",)


def test_a_canary_by_the_wrong_route_or_with_another_author_is_wrong() -> None:
    message = arrived()
    caught = (("Delivered-To", "other@x.org"), ("Received", "from a by mx.x.org; x"), *message.headers)
    routes = (Route(connector="crm", address="other@x.org"), HELP)
    made = judge(*routes).of(replace(message, headers=caught), "support")
    assert made.ruling
    assert "WRONG: routes[1] other@x.org took it, not routes[2] help@x.org" in made.ruling.why
    rewritten = judge().of(replace(message, author=replace(message.author, address="list@x.org")), "support")
    assert rewritten.ruling
    assert "From was rewritten" in rewritten.ruling.why
    junk = judge().of(message, "support:junk")
    assert junk.ruling
    assert "junk folder" in junk.ruling.why


def test_a_canary_that_no_route_wants_is_on_record_all_the_same() -> None:
    made = judge(Route(connector="crm", address="other@x.org")).of(arrived(), "support")
    assert isinstance(made.ruling, Discarded)
    assert made.connectors == ("crm",)


@pytest.mark.parametrize("change", ["other secret", "other sender", "other address", "late", "cut", "rubbish"])
def test_i_only_our_own_signature_makes_a_canary(change: str) -> None:
    message = arrived(tokens=Tokens(b"theirs") if change == "other secret" else TOKENS)
    value = message.header(HEADER)
    written = {
        "other sender": value.replace("probe@y.org", "boss@y.org"),
        "other address": value.replace("help@x.org", "sales@x.org"),
        "cut": value[:-1],
        "rubbish": "v1 " + "9" * 400,
    }.get(change, value)
    changed = replace(message, headers=((HEADER, written), ("To", "help@x.org")))
    if change == "late":
        changed = replace(changed, received_at=NOW + timedelta(days=2))
    assert canary_in(changed, TOKENS) is None
    assert not isinstance(judge().of(changed, "support").ruling, Discarded)


def test_h24_a_canary_has_the_headers_that_we_gave_it() -> None:
    made = message_from_bytes(mail_of(BIRD, TOKENS).content, policy=policy.default)
    assert made["Auto-Submitted"] == "auto-generated"
    assert made["Message-ID"] == "<0123456789abcdef.canary@y.org>"


GMAIL = "https://mail-settings.google.com/mail/vf-%5BANGjdJ9x%5D-AbC_1"
VERIFICATIONS = {
    "Gmail": ("forwarding-noreply@google.com", "(#123456789) Gmail Forwarding Confirmation", f"Go to {GMAIL} now."),
    "Gmail in Spanish": (
        "forwarding-noreply@google.com",
        "(#123456789) Confirmación de reenvío de Gmail - Recibir correo de ann@y.org",
        f"Enlace:\n{GMAIL}\n",
    ),
    "Salesforce": (
        "noreply@salesforce.com",
        "Verify your routing address",
        "Click https://na1.salesforce.com/_ui/EmailVerification?k=abc123",
    ),
    "Microsoft": (
        "account-security-noreply@accountprotection.microsoft.com",
        "Verify your forwarding address",
        "Security code: 4711007",
    ),
    "HubSpot": ("noreply@hubspot.com", "Verify your forwarding address", "https://app.hubspot.com/verify/abc?x=1"),
}


def asked(author: str, subject: str, text: str, *above: tuple[str, str]) -> InboundMessage:
    headers = (*above, ("Received", "from a by mx.x.org; x"), ("To", "help@x.org"), ("From", author))
    return replace(mail(*headers, subject=subject, sender=author), text=text)


@pytest.mark.parametrize("said", VERIFICATIONS.values(), ids=VERIFICATIONS.keys())
def test_a_verification_is_held_with_its_link_or_code(said: tuple[str, str, str]) -> None:
    made = judge().of(asked(*said), "support")
    assert isinstance(made.ruling, Held)
    assert "verification of forwarding" in made.ruling.why
    assert made.verification
    shown = made.verification.link or made.verification.code
    assert shown in made.ruling.why
    assert shown in f"{said[1]} {said[2]}"
    assert len(made.ruling.why) <= 300


def test_zendesk_has_to_be_proven() -> None:
    said = ("support@acme.zendesk.com", "Verify your email address", "https://acme.zendesk.com/verification/email/abc")
    assert judge().of(asked(*said), "support").verification is None
    proof = ("Authentication-Results", "mx.x.org; dmarc=pass")
    found = judge().of(asked(*said, proof), "support").verification
    assert found
    assert found.service == "Zendesk"


@pytest.mark.parametrize(
    ("author", "subject", "text"),
    [
        ("forwarding-noreply@google.com.evil.org", "(#123456789) Gmail Forwarding Confirmation", GMAIL),
        ("ann@google.com", "(#123456789) Gmail Forwarding Confirmation", GMAIL),
        ("ann@y.org", "(#123456789) Gmail Forwarding Confirmation", GMAIL),
        ("forwarding-noreply@google.com", "Lunch?", GMAIL),
        ("forwarding-noreply@google.com", "Gmail", "https://evil.org/mail/vf-1"),
        ("forwarding-noreply@google.com", "Gmail", "https://mail.google.com@evil.org/mail/vf-1"),
        ("forwarding-noreply@google.com", "Gmail", "http://mail.google.com/mail/vf-1"),
        ("noreply@salesforce.com", "Verify your routing address", "https://salesforce.com.evil.org/verify?k=1"),
    ],
)
def test_what_only_looks_like_a_verification_is_ordinary_mail(author: str, subject: str, text: str) -> None:
    assert judge().of(asked(author, subject, text), "support").verification is None


def test_a_verification_that_our_border_refutes_is_ordinary_mail() -> None:
    refuted = ("Authentication-Results", "mx.x.org; dmarc=fail")
    assert judge().of(asked(*VERIFICATIONS["Gmail"], refuted), "support").verification is None


def test_mail_in_the_junk_folder_is_spam_and_never_answered() -> None:
    message = mail(("To", "help@x.org"), ("From", "ann@y.org"))
    made = judge().of(message, "support:junk")
    assert made.verdict.kind is Kind.SPAM
    assert not made.verdict.may_auto_respond
    assert isinstance(made.ruling, Held)
    assert judge(HELP.model_copy(update={"spam": "deliver"})).of(message, "support:junk").ruling is None
    assert judge().of(message, "support").verdict.kind is Kind.CUSTOMER


@pytest.mark.parametrize(
    ("otherwise", "outcome", "connectors"),
    [("hold", None, ()), ("discard", Discarded, ("crm",)), ("deliver:log", None, ("log",))],
)
def test_mail_that_no_route_wants(otherwise: str, outcome: type | None, connectors: tuple[str, ...]) -> None:
    made = judge(HELP, otherwise=otherwise).of(mail(("To", "nobody@x.org")), "support")
    assert made.connectors == connectors
    assert (type(made.ruling) if made.ruling else None) is outcome
    assert "no route matches" in made.why_held
