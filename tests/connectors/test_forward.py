"""Forwarding to a CRM that only has an address: what arrives is what was sent, and nothing goes round."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.conformance import delivery
from connectors.contract import Attachment, InDoubt, Rejected, Severity, Throttled
from connectors.forward import LOOP_HEADER, Forward
from connectors.registry import Misconfigured, build
from tests.fakes.smtp_sink import Received, SmtpSink
from worker import classify

MAIL = (
    b"Return-Path: <ann@customer.example>\r\nFrom: Ann <ann@customer.example>\r\nTo: help@ours.example\r\n"
    b"Subject: =?utf-8?q?M=C3=BCller?=\r\nMessage-ID: <m1@customer.example>\r\n"
    b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\n.dots\r\n..\r\n.\r\n\r\ntrailing space \r\n"
)


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    made = SmtpSink().start()
    yield made
    made.stop()


def forward(sink: SmtpSink, **changes: Any) -> Forward:
    options = {"to": "cases@crm.example", "smtp": sink.url, "sender": "help@ours.example"}
    return Forward(**options | changes)


def original(content: bytes | Path) -> Attachment:
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    return Attachment(name="original.eml", content_type="message/rfc822", size_bytes=size, sha256="", content=content)


def after_ours(got: Received) -> bytes:
    """What is below our lines."""
    return got.content.partition(f"{LOOP_HEADER}: forwarded\r\n".encode())[2]


def test_the_mail_is_byte_for_byte_below_lines_of_ours(sink: SmtpSink, tmp_path: Path) -> None:
    file = tmp_path / "mail"
    file.write_bytes(MAIL)
    for content in (MAIL, file):
        sent = delivery(source=original(content), message_id="m1@customer.example")
        case = forward(sink).create(sent)
        got = sink.messages[-1]
        assert after_ours(got) == MAIL
        assert (got.sender, got.recipients) == ("help@ours.example", ("cases@crm.example",))
        assert case.number == "m1@customer.example"
        names = [line.partition(b":")[0] for line in got.content.split(b"\r\n")[:6]]
        assert names[:4] == [b"Resent-Date", b"Resent-From", b"Resent-To", b"Resent-Message-ID"]
        assert sent.key.encode() in got.content


def test_dkim_survives(sink: SmtpSink) -> None:
    """Simple and relaxed canonicalisation, with every field signed that a signer should sign (RFC 6376 §5.4.1)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    signed_fields = [b"from", b"to", b"subject", b"date", b"message-id", b"from", b"subject"]
    for canonical in ((b"simple", b"simple"), (b"relaxed", b"relaxed")):
        signature = dkim.sign(
            MAIL, b"s1", b"customer.example", pem, canonicalize=canonical, include_headers=signed_fields
        )
        forward(sink).create(delivery(source=original(signature + MAIL)))
        got = sink.messages[-1].content
        assert dkim.verify(got, dnsfunc=lambda *_, **__: record)
        assert not dkim.verify(got.replace(b"trailing", b"changed"), dnsfunc=lambda *_, **__: record)


def test_several_recipients(sink: SmtpSink) -> None:
    made = forward(sink, to=["cases@crm.example", "archive@müller.example"])
    made.create(delivery(source=original(MAIL)))
    assert sink.messages[0].recipients == ("cases@crm.example", "archive@xn--mller-kva.example")
    assert made.target == "cases@crm.example,archive@xn--mller-kva.example"


@pytest.mark.parametrize(
    "header",
    [
        f"{LOOP_HEADER}: anything\r\n".encode(),
        b"x-MAIL-to-case-LOOP : folded\r\n more\r\n",
        b"Resent-Message-ID: <" + b"0" * 40 + b".forward@ours.example>\r\n",
    ],
)
def test_what_we_have_sent_before_is_not_sent_again(sink: SmtpSink, header: bytes) -> None:
    with pytest.raises(Rejected, match="round for ever"):
        forward(sink).create(delivery(source=original(MAIL.replace(b"Subject", header + b"Subject"))))
    assert sink.messages == []


def test_what_it_sent_it_knows_again(sink: SmtpSink) -> None:
    made = forward(sink)
    made.create(delivery(source=original(MAIL)))
    with pytest.raises(Rejected):
        made.create(delivery(source=original(sink.messages[0].content)))
    assert classify.LOOP_HEADER == LOOP_HEADER


def test_a_marker_in_the_body_or_in_an_attached_mail_does_not_count(sink: SmtpSink) -> None:
    forward(sink).create(delivery(source=original(MAIL + f"{LOOP_HEADER}: x\r\n".encode())))
    forward(sink).create(delivery(source=original(f"\r\n{LOOP_HEADER}: x\r\n".encode())))
    assert len(sink.messages) == 2


def test_without_the_original_nothing_is_forwarded(sink: SmtpSink) -> None:
    with pytest.raises(Rejected, match="original"):
        forward(sink).create(delivery())


@pytest.mark.parametrize(
    "line",
    [b"Return-Path: <>\r\n", b"Auto-Submitted: auto-replied\r\n", b"Content-Type: multipart/report; x=y\r\n"],
)
def test_the_failure_of_a_bounce_makes_no_bounce(sink: SmtpSink, line: bytes) -> None:
    forward(sink).create(delivery(source=original(line + MAIL)))
    assert sink.messages[0].sender == ""


def test_an_mbox_separator_does_not_end_our_lines(sink: SmtpSink) -> None:
    forward(sink).create(delivery(source=original(b"From ann Sat Nov 21 2026\r\n" + MAIL)))
    assert after_ours(sink.messages[0]) == MAIL


def test_the_sender_is_the_login_or_nobody(sink: SmtpSink) -> None:
    for url, sender in ((sink.url, ""), (sink.url.replace("//", "//me%40ours.example@"), "me@ours.example")):
        made = forward(sink, sender="", smtp=url, smtp_password="x")
        assert made._sender == sender
    forward(sink, sender="").create(delivery(source=original(MAIL), recipient="help@ours.example"))
    assert sink.messages[0].sender == ""
    assert b"Resent-From: help@ours.example\r\n" in sink.messages[0].content


def test_a_lost_answer_is_told_and_the_second_mail_has_the_same_ids(sink: SmtpSink) -> None:
    """Dedupe.NONE: the receiver may tell by either of two ids that it is the same mail."""
    sent = delivery(source=original(MAIL))
    sink.fail("ANSWER", "drop")
    with pytest.raises(InDoubt):
        forward(sink).create(sent)
    forward(sink).create(sent)
    ids = [[line for line in one.content.split(b"\r\n") if b"Message-ID" in line] for one in sink.messages]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 2


def test_i17_a_hostile_delivery_reaches_no_command(sink: SmtpSink) -> None:
    evil = "a\r\nRCPT TO:<victim@x.example>"
    forward(sink, sender="").create(
        delivery(source=original(MAIL), subject=evil, message_id=evil, recipient=f"{evil}@x.example")
    )
    assert [one.partition("<")[0] for one in sink.commands] == ["MAIL FROM:", "RCPT TO:", "DATA"]
    assert b"victim" not in sink.messages[0].content


def test_check_says_what_it_found(sink: SmtpSink) -> None:
    assert [one.severity for one in forward(sink).check()] == [Severity.OK]
    assert [one.severity for one in forward(sink, sender="").check()] == [Severity.OK, Severity.WARNING]
    sink.fail("RCPT", "550 nobody here")
    assert [one.severity for one in forward(sink).check()] == [Severity.STOPS_MAIL]
    assert sink.messages == []


def test_options_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMTP_PASSWORD", raising=False)
    bad: dict[str, object] = {"to": ["nonsense", "a@b.example"], "smtp": "smtps://me@h.example", "sender": "x"}
    with pytest.raises(Misconfigured) as caught:
        build("crm", "forward", bad, {})
    assert [one.partition(":")[0].rpartition(".")[2] for one in caught.value.problems] == [
        "to",
        "sender",
        "smtp_password_env",
    ]
    with pytest.raises(Misconfigured, match="smtps"):
        build("crm", "forward", {"to": "a@b.example", "smtp": "smtp:/x"}, {})
    monkeypatch.setenv("SMTP_PASSWORD", "s3cret-word")
    made = build("crm", "forward", {"to": "a@b.example", "smtp": "smtps://me@h.example"}, {})
    assert "s3cret-word" not in repr(made)


def test_a_server_that_is_away_pauses_the_connector(sink: SmtpSink) -> None:
    made = forward(sink)
    sink.stop()
    with pytest.raises(Throttled):
        made.create(delivery(source=original(MAIL)))
    assert hashlib.sha256(MAIL).hexdigest() not in repr(made.preview(delivery(source=original(MAIL))))
