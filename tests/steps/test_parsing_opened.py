"""What is opened for a person: invitations in words, mails in mails, the text of a winmail.dat."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.letters import multipart, read
from worker.parsing import rtf
from worker.parsing.calendar import summary

PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
ICS = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:%s\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Visit\r\n"
    b"DTSTART:20261201T010000Z\r\nDTEND:20261201T020000Z\r\nLOCATION:Room 1\r\n"
    b"ORGANIZER;CN=Ann:mailto:ann@example.com\r\n"
    b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def part(fields: bytes, body: bytes) -> bytes:
    return fields + b"\r\n\r\n" + body


def test_invitation_is_summed_up_and_attached():
    """RFC 5546: who, when, where and what."""
    mail = multipart(
        PLAIN + b"Please come",
        part(b"Content-Type: text/calendar; method=REQUEST", ICS % b"REQUEST"),
        subtype=b"alternative",
    )
    message = read(mail)
    assert message.text.startswith(
        "Please come\n\nInvitation: Visit\nWhen: 2026-12-01 01:00 UTC – 2026-12-01 02:00 UTC"
    )
    for line in ("Where: Room 1", "Organiser: Ann <ann@example.com>", "Attendees: bob@example.com (accepted)"):
        assert line in message.text
    assert [one.name for one in message.attachments] == ["part-1.ics"]


@given(st.binary(max_size=300))
def test_any_calendar_is_bounded(octets):
    summary(b"BEGIN:VCALENDAR\r\n" + octets)
    summary(ICS.replace(b"Visit", octets.replace(b"%", b"")))


def test_attached_mail_is_named_by_its_subject():
    inner = b"From: eve@example.org\r\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?= 1/2\r\n\r\ninner"
    message = read(multipart(PLAIN + b"outer", part(b"Content-Type: message/rfc822", inner)))
    (found,) = message.attachments
    assert found.name == "2.eml" or found.name.startswith("Größe 1")
    assert found.content == inner


def test_a_mail_that_only_wraps_another_shows_it():
    inner = b"From: eve@example.org\r\nSubject: Inner\r\n\r\ninner text"
    message = read(multipart(PLAIN + b"\r\n", part(b"Content-Type: message/rfc822", inner)))
    assert message.text.splitlines()[1:] == ["From: eve@example.org", "Subject: Inner", "", "inner text"]
    assert message.author.address == "ann@example.com"


def test_named_forms_of_a_text_are_its_text():
    mail = multipart(
        part(b"Content-Type: text/plain; name=body.txt", b"plain"),
        part(b"Content-Type: text/html; name=body.html", b"<p>page</p>"),
        subtype=b"alternative",
    )
    message = read(mail)
    assert (message.text, message.html, message.attachments) == ("plain", "<p>page</p>", ())


def tnef(rtf_body: bytes) -> bytes:
    """A winmail.dat whose only body is RTF, as Outlook writes it (MS-OXTNEF)."""
    raw = struct.pack("<I", len(rtf_body) + 12) + struct.pack("<I", len(rtf_body)) + b"MELA" + b"\0\0\0\0" + rtf_body
    raw += b"\0" * (-len(raw) % 4)
    props = struct.pack("<I", 1) + struct.pack("<HH", 0x0102, 0x1009) + struct.pack("<II", 1, len(rtf_body) + 16) + raw
    attribute = b"\x01" + struct.pack("<I", 0x00069003) + struct.pack("<I", len(props)) + props
    return b"\x78\x9f\x3e\x22\x01\x00" + attribute + struct.pack("<H", sum(props) & 0xFFFF)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"{\rtf1\ansi\ansicpg1252 Gr\'fc\'dfe\par next {\*\x hidden}\u8364? end}", "Grüße\nnext € end"),
        (rb"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}\htmlrtf stand-in\htmlrtf0 Hello{\*\htmltag72 </p>}}", "Hello"),
    ],
)
def test_rtf_is_read_when_a_winmail_dat_has_nothing_else(body, text):
    mail = part(
        b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64",
        base64.encodebytes(tnef(body)),
    )
    message = read(multipart(mail))
    assert (message.text, message.unpacked_tnef) == (text, True)


def test_compressed_rtf_is_expanded():
    """MS-OXRTFCP: a reference may run into what it writes."""
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert rtf.decompressed(crossing) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}\r\n"[:28]


@given(st.binary(max_size=300))
def test_any_octets_as_rtf(octets):
    rtf.decompressed(b"\xff\0\0\0\xff\0\0\0LZFu\0\0\0\0" + octets)
    for found in rtf.read_rtf(octets):
        found.encode("utf-8")
