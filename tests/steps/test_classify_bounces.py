"""Bounces as servers of all makes write them: told from other mail, with whom they could not reach and why."""

from __future__ import annotations

import json

import pytest

from tests.steps.letters import HEADER, multipart, read
from worker.classify import Kind, classify

TO = b"To: help@example.com\r\n"
DAEMON = b"From: MAILER-DAEMON@mx.example.org\r\n" + TO + b"Subject: %s\r\n\r\n"

# (what it is, From, Subject, text, recipients, status)
PROSE = [
    (
        "qmail",
        "MAILER-DAEMON@mx.example.org",
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.org.\nI'm afraid I wasn't able to deliver.\n\n"
        "<gone@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        "--- Below this line is a copy of the message.\n\n"
        "To: other@example.net\n",
        ("gone@example.net",),
        "5.1.1",
    ),
    (
        "Exim",
        "Mailer-Daemon@mx.example.org",
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered. The following address(es) failed:\n\n  gone@example.net\n    unrouteable mail domain\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\nFrom: a@b.example\n",
        ("gone@example.net",),
        "5.1.2",
    ),
    (
        "Postfix without a report",
        "MAILER-DAEMON@mx.example.org",
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.org.\n\n<gone@example.net>: host mx.example.net said: 550 5.1.1\n"
        "    <gone@example.net>: User unknown (in reply to RCPT TO command)\n",
        ("gone@example.net",),
        "5.1.1",
    ),
    (
        "sendmail of old",
        "MAILER-DAEMON@mx.example.org",
        "Returned mail: User unknown",
        "   ----- The following addresses had permanent fatal errors -----\n<gone@example.net>\n"
        "    (expanded from: <list@example.net>)\n\n   ----- Transcript of session follows -----\n550 User unknown\n",
        ("gone@example.net", "list@example.net"),
        "5.1.1",
    ),
    (
        "Exchange",
        "postmaster@example.net",
        "Undeliverable: Order",
        "Your message did not reach some or all of the intended recipients.\n\nThe following recipient(s) could not be "
        "reached:\n\n      gone@example.net on 21.11.2026 10:00\n"
        "            The e-mail account does not exist. 5.1.1\n",
        ("gone@example.net",),
        "5.1.1",
    ),
    (
        "Exchange in German",
        "postmaster@example.net",
        "Unzustellbar: Bestellung",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:\n\ngone@example.net\n"
        "#550 5.1.10 RESOLVER.ADR.RecipientNotFound ##\n",
        ("gone@example.net",),
        "5.1.10",
    ),
    (
        "Exchange in Japanese",
        "postmaster@example.net",
        "配信不能: ご注文",
        "次の受信者またはグループへの配信に失敗しました:\n\ngone@example.net\n"
        "入力した電子メール アドレスが見つかりませんでした。\n",
        ("gone@example.net",),
        "5.1.1",
    ),
    (
        "Gmail",
        "mailer-daemon@googlemail.com",
        "Delivery Status Notification (Failure)",
        "Delivery to the following recipient failed permanently:\n\n     gone@example.net\n\n"
        "Technical details of permanent failure:\nThe email account that you tried to reach does not exist.\n\n"
        "----- Original message -----\n\nTo: x@y.example\n",
        ("gone@example.net",),
        "5.1.1",
    ),
    (
        "Yahoo",
        "MAILER-DAEMON@yahoo.com",
        "Failure Notice",
        "Sorry, we were unable to deliver your message to the following address.\n\n<gone@example.net>:\n"
        "554: delivery error: dd This user doesn't have a yahoo.com account\n\n--- Original message follows.\n",
        ("gone@example.net",),
        "5.1.1",
    ),
    (
        "Domino",
        "postmaster@example.net",
        "DELIVERY FAILURE: User gone (gone@example.net) not listed in Domino Directory",
        "Your message\n\n  Subject: Order\n\nwas not delivered to:\n\n  gone@example.net\n\nbecause:\n\n  User gone "
        "(gone@example.net) not listed in Domino Directory\n",
        ("gone@example.net",),
        "5.1.1",
    ),
    (
        "a carrier in Japan",
        "Postmaster@docomo.example",
        "宛先不明",
        "次のあて先へのメッセージはエラーのため送信できませんでした。\n\nUnknown user: gone@docomo.example\n",
        ("gone@docomo.example",),
        "5.1.1",
    ),
    (
        "a full mailbox",
        "MAILER-DAEMON@mx.example.org",
        "Mail could not be delivered",
        "The message to gone@example.net was returned: the recipient's mailbox is full.\n",
        ("gone@example.net",),
        "5.2.2",
    ),
]


def _bounce(author: str, subject: str, text: str):
    head = f"From: {author}\r\nTo: help@example.com\r\nSubject: {subject}\r\n"
    head += "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    return classify(read((head + text).encode()))


@pytest.mark.parametrize("case", PROSE, ids=lambda case: case[0])
def test_prose_is_read(case):
    _, author, subject, text, recipients, status = case
    found = _bounce(author, subject, text)
    assert (found.kind, found.bounce_recipients, found.bounce_status) == (Kind.BOUNCE, recipients, status)
    assert not found.may_auto_respond


@pytest.mark.parametrize(
    "subject",
    [
        "Undeliverable: Order",
        "Unzustellbar: Bestellung",
        "Non remis : commande",
        "Échec de la remise de votre message",
        "No se puede entregar: pedido",
        "Non recapitabile: ordine",
        "Não é possível entregar: pedido",
        "Onbestelbaar: bestelling",
        "Kan inte levereras: order",
        "Niedostarczone: zamówienie",
        "Недоставлено: заказ",
        "Teslim edilemedi: sipariş",
        "配信不能: 注文",
        "エラーメール",
        "系统退信",
        "배달되지 않음: 주문",
    ],
)
def test_subjects_in_many_languages(subject):
    assert _bounce("postmaster@example.net", subject, "x").kind is Kind.BOUNCE
    assert _bounce("ann@example.net", subject, "x").kind is Kind.CUSTOMER


def test_a_robot_that_returns_a_message_and_speaks_of_failure_bounces_it():
    head = b"Return-Path: <>\r\nFrom: no-reply@carrier.example\r\n" + TO + b"Subject: Mail\r\n"
    text = b"\r\nYour mail\r\n  Could not be delivered to: <gone@carrier.example>\r\n  As their mailbox is full.\r\n"
    mail = multipart(text, b"Content-Type: message/rfc822\r\n\r\nFrom: us@x.example\r\n\r\nold", header=head)
    found = classify(read(mail))
    assert (found.kind, found.bounce_recipients, found.bounce_status) == (
        Kind.BOUNCE,
        ("gone@carrier.example",),
        "5.2.2",
    )


def test_a_person_who_attaches_a_bounce_asks_about_it():
    """H53: what a stranger attaches makes his mail no bounce."""
    inner = (
        b"Content-Type: message/rfc822\r\n\r\nFrom: MAILER-DAEMON@x.example\r\nContent-Type: multipart/report; "
        b"report-type=delivery-status; boundary=i\r\n\r\n--i\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; gone@example.net\r\n"
        b"Action: failed\r\nStatus: 5.1.1\r\n\r\n--i--\r\n"
    )
    mail = multipart(b"\r\nWhy was my mail returned? It could not be delivered.", inner)
    assert classify(read(mail)).kind is Kind.CUSTOMER
    gateway = mail.replace(b"Ann <ann@example.com>", b"MAILER-DAEMON@gw.example")
    found = classify(read(gateway))
    assert (found.kind, found.bounce_recipients, found.bounce_status) == (Kind.BOUNCE, ("gone@example.net",), "5.1.1")


def _report(action: bytes, status: bytes) -> bytes:
    part = (
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; "
        b"gone@example.net\r\nOriginal-Recipient: rfc822; old@example.net\r\nAction: "
        + action
        + b"\r\nStatus: "
        + status
    )
    return multipart(b"\r\nreport", part, header=b"From: MAILER-DAEMON@x.example\r\n" + TO, subtype=b"report")


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        (b"failed", b"5.1.1", Kind.BOUNCE),
        (b"Failed (user unknown)", b"5.1.1", Kind.BOUNCE),
        (b"delayed", b"4.4.7", Kind.BOUNCE),
        (b"delivered", b"2.0.0", Kind.AUTO_REPLY),
        (b"relayed", b"2.0.0", Kind.AUTO_REPLY),
        (b"expanded", b"2.0.0", Kind.AUTO_REPLY),
        (b"delivered", b"5.1.1", Kind.BOUNCE),
    ],
)
def test_the_action_of_a_report_decides(action, status, kind):
    found = classify(read(_report(action, status)))
    assert (found.kind, found.bounce_status) == (kind, status.decode())
    assert found.bounce_recipients == (("gone@example.net", "old@example.net") if kind is Kind.BOUNCE else ())


@pytest.mark.parametrize(
    ("kind", "told"), [("Bounce", Kind.BOUNCE), ("Delivery", Kind.AUTO_REPLY), ("Complaint", Kind.AUTO_REPLY)]
)
def test_notices_in_json(kind, told):
    detail = {"bouncedRecipients": [{"emailAddress": "gone@example.net", "status": "5.1.1", "action": "failed"}]}
    body = json.dumps({"notificationType": kind, kind.lower(): detail})
    found = classify(read(b"x-amz-sns-message-id: 1\r\n" + HEADER + b"\r\n" + body.encode()))
    assert (found.kind, found.bounce_status) == (told, "5.1.1")
    assert found.may_auto_respond is False


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"notificationType": 1}', b"[" * 100_000, b'{"Message": "x"}'])
def test_broken_notices_are_mail(body):
    assert classify(read(b"x-amz-sns-message-id: 1\r\n" + HEADER + b"\r\n" + body)).kind is Kind.CUSTOMER
