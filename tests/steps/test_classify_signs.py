"""Machines that give themselves away, in twenty tongues and fifty header fields; people who only resemble them."""

from __future__ import annotations

import pytest

from tests.steps.letters import HEADER, multipart, read
from worker.classify import Kind, classify

OWN = frozenset({"help@example.com"})


def verdict(*fields: str, author: str = "", subject: str = ""):
    head = HEADER.replace(b"Ann <ann@example.com>", author.encode()) if author else HEADER
    head = head.replace(b"Subject: Order", b"Subject: " + subject.encode()) if subject else head
    return classify(read("".join(f"{field}\r\n" for field in fields).encode() + head + b"\r\nx"), OWN)


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Order",
        "Auto-Response: thank you",
        "Out of Office: Ann",
        "Re: Out of the office",
        "Automatische Antwort: Bestellung",
        "Abwesenheitsnotiz",
        "Réponse automatique : commande",
        "Absence du bureau",
        "Respuesta automática: pedido",
        "Fuera de la oficina",
        "Risposta automatica: ordine",
        "Resposta automática: pedido",
        "Automatisch antwoord: bestelling",
        "Autosvar: order",
        "Automatiskt svar: order",
        "Automatisk svar: ordre",
        "Automaattinen vastaus: tilaus",
        "Odpowiedź automatyczna: zamówienie",
        "Automatická odpověď: objednávka",
        "Automatikus válasz: rendelés",
        "Автоматический ответ: заказ",
        "Автоматична відповідь: замовлення",
        "Otomatik yanıt: sipariş",
        "Αυτόματη απάντηση: παραγγελία",
        "תשובה אוטומטית: הזמנה",
        "自動返信: ご注文",
        "自動応答: 出張中",
        "自动回复: 订单",
        "自動回覆: 訂單",
        "자동 회신: 주문",
        "Trả lời tự động: đơn hàng",
    ],
)
def test_absence_notices_of_many_tongues(subject):
    found = verdict(subject=subject)
    assert (found.kind, found.may_auto_respond) == (Kind.AUTO_REPLY, False)


@pytest.mark.parametrize(
    "subject", ["On holiday from Monday", "Im Urlaub ab Montag", "En congé", "I am away next week", "Ooops, wrong size"]
)
def test_people_write_of_their_holidays(subject):
    """Only with a second sign is such a mail a machine's."""
    assert verdict(subject=subject).kind is Kind.CUSTOMER
    if "Ooops" not in subject:
        assert verdict("Return-Path: <>", subject=subject).kind is Kind.AUTO_REPLY


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("Auto-Submitted: auto-generated", Kind.AUTO_REPLY),
        ("Auto-Submitted: auto-notified; owner-email=x@y.example", Kind.AUTO_REPLY),
        ("X-Autorespond: Re", Kind.AUTO_REPLY),
        ("X-Auto-Response: yes", Kind.AUTO_REPLY),
        ("X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", Kind.AUTO_REPLY),
        ("X-POST-MessageClass: 9; Autoresponder", Kind.AUTO_REPLY),
        ("X-Precedence: auto_reply", Kind.AUTO_REPLY),
        ("X-OTRS-Loop: yes", Kind.AUTO_REPLY),
        ("Precedence: list", Kind.LIST),
        ("Precedence: junk", Kind.LIST),
        ("Mailing-List: list x@y.example", Kind.LIST),
        ("X-BeenThere: x@y.example", Kind.LIST),
        ("X-Barracuda-Spam-Flag: YES", Kind.SPAM),
        ("X-Rspamd-Action: add header", Kind.SPAM),
        ("X-Forefront-Antispam-Report: CIP:1.2.3.4;SFV:SPM;SCL:5", Kind.SPAM),
        ("X-Bogosity: Spam, tests=bogofilter", Kind.SPAM),
        ("X-DSPAM-Result: Spam", Kind.SPAM),
    ],
)
def test_a_field_tells(field, kind):
    found = verdict(field)
    assert (found.kind, found.may_auto_respond, found.reasons[0]) == (kind, False, field)


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no; x=y",
        "X-Forefront-Antispam-Report: CIP:1.2.3.4;SFV:NSPM;SCL:1",
        "X-Rspamd-Action: no action",
        "X-Bogosity: Ham, tests=bogofilter",
        "X-Auto-Response: no",
        "X-POST-MessageClass: 1",
        "X-Yandex-Spam: 1",
    ],
)
def test_a_field_that_denies_it(field):
    found = verdict(field)
    assert (found.kind, found.may_auto_respond) == (Kind.CUSTOMER, True)


@pytest.mark.parametrize(
    "author",
    [
        "owner-users@lists.example",
        "users-request@lists.example",
        "users-bounces@lists.example",
        "LISTSERV@lists.example",
        "majordomo@lists.example",
        "root@server.example",
        "shop.no-reply@shop.example",
        "ne-pas-repondre@shop.example",
        "noreply-orders@shop.example",
        "auto-confirm@shop.example",
    ],
)
def test_robots_are_cases_and_get_no_answer(author):
    """RFC 3834 section 2, RFC 5230 section 4.6, H66."""
    found = verdict(author=author)
    assert (found.kind, found.may_auto_respond) == (Kind.CUSTOMER, False)


@pytest.mark.parametrize(
    "author", ["rooth@x.example", "request@x.example", "owner@x.example", "daemons.fan@x.example", "abuser@x.example"]
)
def test_people_with_such_names_are_answered(author):
    assert verdict(author=author).may_auto_respond


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (("Reply-To: no-reply@shop.example",), "Reply-To: no-reply@shop.example"),
        (("Return-Path: <owner-users@lists.example>",), "Return-Path: <owner-users@lists.example>"),
    ],
)
def test_the_reason_for_silence_is_named(fields, reason):
    found = verdict(*fields)
    assert (found.kind, found.may_auto_respond, found.reasons) == (Kind.CUSTOMER, False, (reason,))


@pytest.mark.parametrize(
    "message_id", ["1@zammad.example.org", "rt-5.0.1-1@example.org", "1@mail.zendesk.com", "JIRA.1@Atlassian.JIRA"]
)
def test_two_ticket_systems_do_not_answer_each_other(message_id):
    """H61: the mail is a case, but no answer goes to it."""
    head = HEADER.replace(b"m1@example.com", message_id.encode())
    found = classify(read(head + b"\r\nx"))
    assert (found.kind, found.may_auto_respond) == (Kind.CUSTOMER, False)


def test_nobody_is_answered_who_named_no_recipient():
    head = HEADER.replace(b"To: help@example.com", b"To: undisclosed-recipients:;")
    found = classify(read(head + b"\r\nx"))
    assert (found.may_auto_respond, found.reasons) == (False, ("names no recipient",))


@pytest.mark.parametrize(
    ("method", "kind"), [(b"REPLY", Kind.AUTO_REPLY), (b"COUNTER", Kind.AUTO_REPLY), (b"REQUEST", Kind.CUSTOMER)]
)
def test_answers_of_calendars(method, kind):
    ics = b"BEGIN:VCALENDAR\r\nMETHOD:" + method + b"\r\nEND:VCALENDAR\r\n"
    mail = multipart(b"\r\nAccepted", b"Content-Type: text/calendar\r\n\r\n" + ics)
    assert classify(read(mail)).kind is kind


@pytest.mark.parametrize("kind", [b"message/disposition-notification", b"message/feedback-report"])
def test_receipts_and_complaints_by_their_part(kind):
    """RFC 8098, RFC 5965, H67: also when the outer type was lost on the way."""
    mail = multipart(b"\r\nx", b"Content-Type: " + kind + b"\r\n\r\nUser-Agent: x\r\n")
    assert classify(read(mail)).kind is Kind.AUTO_REPLY


def test_spam_by_the_mark_in_the_subject():
    assert verdict(subject="***SPAM*** Buy").kind is Kind.SPAM
    assert verdict(subject="Re: ***SPAM*** in my inbox").kind is Kind.CUSTOMER
