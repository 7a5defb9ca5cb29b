"""The verdict on a message: each sign, the order between them, and who may get an automatic answer (H51, H52, H66)."""

from __future__ import annotations

import pytest

from tests.steps.letters import HEADER, read, read_named
from worker.classify import LOOP_HEADER, Kind, as_json, classify


def verdict(*fields: bytes, body: bytes = b"x", own: frozenset[str] = frozenset()):
    return classify(read(b"".join(field + b"\r\n" for field in fields) + HEADER + b"\r\n" + body), own)


def written(author: str, subject: str = "Order"):
    head = HEADER.replace(b"Ann <ann@example.com>", author.encode()).replace(b"Order", subject.encode())
    return classify(read(head + b"\r\nx"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("attached_message", Kind.CUSTOMER),
        ("auto_submitted_no", Kind.CUSTOMER),
        ("no_reply_author", Kind.CUSTOMER),
        ("auto_reply_rfc3834", Kind.AUTO_REPLY),
        ("auto_reply_by_subject", Kind.AUTO_REPLY),
        ("dsn_success", Kind.AUTO_REPLY),
        ("bounce_dsn", Kind.BOUNCE),
        ("bounce_qmail", Kind.BOUNCE),
        ("list_mail", Kind.LIST),
        ("spam_marked", Kind.SPAM),
        ("loop_own_mark", Kind.LOOP),
    ],
)
def test_kind(name, kind):
    assert classify(read_named(name)).kind is kind


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        (b"Auto-Submitted: auto-replied", Kind.AUTO_REPLY),
        (b"Auto-Submitted: auto-generated (rejected)", Kind.AUTO_REPLY),
        (b"X-Autoreply: yes", Kind.AUTO_REPLY),
        (b"Precedence: auto_reply", Kind.AUTO_REPLY),
        (b"Preference: auto_reply", Kind.AUTO_REPLY),
        (b"X-Loop: somebody@example.com", Kind.AUTO_REPLY),
        (b"Content-Type: multipart/report; report-type=disposition-notification", Kind.AUTO_REPLY),
        (b"Content-Type: multipart/report; report-type=delivery-status", Kind.BOUNCE),
        (b"X-Failed-Recipients: gone@example.net", Kind.BOUNCE),
        (b"Precedence: bulk", Kind.LIST),
        (b"List-Id: <users.example.org>", Kind.LIST),
        (b"List-Unsubscribe: <mailto:leave@example.org>", Kind.LIST),
        (b"X-Spam-Flag: YES", Kind.SPAM),
        (b"X-Spam-Status: Yes, score=9.1", Kind.SPAM),
        (b"X-Gm-Spam: 1", Kind.SPAM),
    ],
)
def test_a_field_is_a_sign_and_is_named_as_the_reason(field, kind):
    found = verdict(field)
    assert found.kind is kind
    assert found.reasons[0] == field.decode()
    assert not found.may_auto_respond


@pytest.mark.parametrize(
    "field",
    [
        b"Auto-Submitted: no",
        b"X-Spam-Flag: NO",
        b"X-Spam-Status: No, score=0.1",
        b"X-Gm-Spam: 0",
        b"Precedence: normal",
        b"Return-Path: <ann@example.com>",
        b"X-Auto-Response-Suppress: RN, NRN",
    ],
)
def test_a_field_that_denies_it_is_no_sign(field):
    found = verdict(field)
    assert (found.kind, found.may_auto_respond, found.reasons) == (Kind.CUSTOMER, True, ())


@pytest.mark.parametrize("field", [b"Return-Path: <>", b"X-Auto-Response-Suppress: DR, OOF, AutoReply"])
def test_a_person_may_ask_for_silence(field):
    """The mail stays a customer's; it only gets no automatic answer."""
    found = verdict(field)
    assert found.kind is Kind.CUSTOMER
    assert not found.may_auto_respond
    assert found.reasons == (field.decode(),)


@pytest.mark.parametrize(
    "author",
    [
        "no-reply@shop.example",
        "noreply+1@shop.example",
        "do-not-reply@x.example",
        "MAILER-DAEMON@x.example",
        "postmaster@x.example",
    ],
)
def test_nobody_answers_robots(author):
    """H66."""
    assert not written(author).may_auto_respond


@pytest.mark.parametrize(
    "author", ["norbert@x.example", "noreen.reply@x.example", "postma@x.example", "nullarbor@x.example"]
)
def test_people_with_such_names_are_people(author):
    assert written(author).may_auto_respond


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Order",
        "Out of office: back on Monday",
        "Abwesenheitsnotiz",
        "Réponse automatique : absence",
        "自動応答: 出張中",
        "AW: Automatische Antwort",
    ],
)
def test_absence_notices(subject):
    assert written("ann@example.com", subject).kind is Kind.AUTO_REPLY


@pytest.mark.parametrize(
    "subject", ["My out of office reply is broken", "Question on automatic reply", "Delivery failed yesterday"]
)
def test_a_person_may_write_about_it(subject):
    assert written("ann@example.com", subject).kind is Kind.CUSTOMER


def test_bounce_names_its_recipients_and_status():
    report, qmail = classify(read_named("bounce_dsn")), classify(read_named("bounce_qmail"))
    assert (report.bounce_recipients, report.bounce_status) == (("gone@example.net",), "5.1.1")
    assert (qmail.bounce_recipients, qmail.bounce_status) == (("gone@example.net",), "5.1.1")
    assert classify(read_named("dsn_success")).bounce_recipients == ()


def test_our_own_mail_is_never_answered():
    """H59, H61."""
    own = frozenset({"Ann@Example.com"})
    assert verdict(b"Auto-Submitted: auto-replied", own=own).kind is Kind.LOOP
    assert verdict(f"{LOOP_HEADER}: x".encode()).kind is Kind.LOOP
    plain = verdict(own=own)
    assert (plain.kind, plain.may_auto_respond) == (Kind.CUSTOMER, False)
    assert plain.reasons == ("author is our own address ann@example.com",)


def test_without_an_author_nobody_is_answered():
    assert not classify(read_named("from_and_reply_to_missing")).may_auto_respond


def test_bounce_comes_before_list_and_spam():
    found = verdict(b"X-Spam-Flag: YES", b"List-Id: <l.example.org>", b"X-Failed-Recipients: gone@example.net")
    assert found.kind is Kind.BOUNCE
    assert found.bounce_recipients == ("gone@example.net",)
    assert {"X-Spam-Flag: YES", "List-Id: <l.example.org>"} < set(found.reasons)


def test_long_values_are_shortened_in_reasons():
    assert len(verdict(b"X-Autoreply: " + b"y" * 5000).reasons[0]) < 200


def test_json_of_a_mail():
    message = read_named("inline_image")
    facts = as_json("a.eml", message, classify(message))
    assert facts["file"] == "a.eml"
    assert facts["from"] == "ann@example.com"
    assert facts["date"] == "2026-11-21T10:00:00Z"
    assert facts["attachments"] == [{"name": "logo.png", "size": 8, "type": "image/png", "inline": True}]
    assert (facts["classification"], facts["reply_to"], facts["error"]) == ("customer", None, None)
