"""The laws of the identity: what it survives, and what it never confuses (I9, I10, I11, H54, H55, M23)."""

from __future__ import annotations

import base64
import quopri
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.letters import HEADER, RECEIVED, multipart, read, source
from worker.message.reading import parse

ADDED = (
    b"Received: from a by b; Sat, 21 Nov 2026 10:00:09 +0000\r\nDKIM-Signature: v=1; b=x\r\n"
    b"Delivered-To: other@example.com\r\nARC-Seal: i=1\r\n"
)
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n"


def identity(content: bytes) -> str:
    message = read(content)
    assert message.error is None
    return message.identity


def encoded(body: bytes, how: str) -> bytes:
    """The body as a text part in a transfer encoding."""
    octets = {"8bit": body, "base64": base64.encodebytes(body), "quoted-printable": quopri.encodestring(body)}[how]
    return TEXT + b"Content-Transfer-Encoding: " + how.encode() + b"\r\n\r\n" + octets


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_i11_other_bytes_are_another_message(one, other):
    same = identity(HEADER + b"\r\n" + one) == identity(HEADER + b"\r\n" + other)
    assert same == (one == other)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_i11_other_bytes_in_a_part_are_another_message(one, other):
    first, second = (multipart(encoded(body, "base64"), TEXT + b"\r\nfixed") for body in (one, other))
    assert (identity(first) == identity(second)) == (one == other)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=200))
def test_another_transfer_encoding_or_boundary_is_the_same_message(text):
    body = text.replace("--", "-").encode()
    forms = {
        identity(multipart(encoded(body, how), TEXT + b"\r\nfixed", boundary=boundary))
        for how in ("base64", "8bit")
        for boundary in (b"b", b"=_other_1")
    }
    assert len(forms) == 1


def test_quoted_printable_is_the_same_message_as_base64():
    body = "Grüße = 100 %\nund mehr\n".encode()
    assert identity(multipart(encoded(body, "quoted-printable"))) == identity(multipart(encoded(body, "base64")))


def test_added_trace_fields_do_not_matter():
    """I10, H55."""
    assert identity(ADDED + HEADER + b"\r\nhello") == identity(HEADER + b"\r\nhello")


def test_unfolding_does_not_matter_and_an_unfolded_id_is_whole():
    """M23: two ids that differ behind a fold are two messages."""
    folded = HEADER.replace(b"Subject: Order", b"Subject: Big\r\n Order")
    assert identity(folded + b"\r\nx") == identity(HEADER.replace(b"Order", b"Big Order") + b"\r\nx")
    one, other = (HEADER.replace(b"<m1@", b"<x\r\n %s@" % name) + b"\r\nx" for name in (b"y1", b"y2"))
    assert identity(one) != identity(other)


@pytest.mark.parametrize("field", [b"ann@", b"help@", b"Order", b"m1@", b"10:00:00"])
def test_every_named_field_counts(field):
    assert identity(HEADER + b"\r\nx") != identity(HEADER.replace(field, b"z" + field[1:]) + b"\r\nx")


def test_fields_do_not_run_together():
    one = b"From: a\r\nTo: bc\r\nMessage-ID: <i@x>\r\n\r\n"
    other = b"From: ab\r\nTo: c\r\nMessage-ID: <i@x>\r\n\r\n"
    assert identity(one) != identity(other)


def test_nesting_and_names_count():
    part = TEXT + b"\r\nx"
    flat = multipart(part, part)
    nested = multipart(part, b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n" + part + b"\r\n--i--\r\n")
    named = multipart(part, TEXT.replace(b"utf-8", b"utf-8; name=a.txt") + b"\r\nx")
    assert len({identity(flat), identity(nested), identity(named)}) == 3


def test_dropped_octets_count():
    """Octets that a decoder leaves out are bytes of the body all the same (I11)."""
    forms = [b"JVBERi0x", b"JVBE!Ri0x", b"JVBE?Ri0x", b"JVBERi0x\r\nJVBE=\r\nfooter", b"JVBERi0x\r\nJVBE=\r\nFooter"]
    mails = [multipart(b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + form) for form in forms]
    assert len(set(map(identity, mails))) == len(forms)


def test_received_time_counts_only_without_id_and_date():
    bare = source(b"From: a@example.com\r\n\r\nx")
    later = replace(bare, received_at=RECEIVED + timedelta(seconds=1))
    assert parse(bare).identity != parse(later).identity
    dated = source(HEADER + b"\r\nx")
    assert parse(dated).identity == parse(replace(dated, received_at=RECEIVED + timedelta(days=1))).identity


@pytest.mark.parametrize("how", ["base64", "quoted-printable", "8bit", "x-uuencode"])
@pytest.mark.parametrize("damage", [b"", b"!=\rx\n?"])
def test_spooled_and_held_mails_are_the_same(tmp_path, how, damage):
    """The identity may not depend on where the octets lie, nor on whether big bodies become files."""
    body = bytes(range(256)) * 9000
    octets = base64.encodebytes(body) if how == "base64" else body
    part = b"Content-Type: a/b; name=x\r\nContent-Transfer-Encoding: " + how.encode() + b"\r\n\r\n" + damage + octets
    mail = multipart(TEXT + b"\r\nhello", part)
    spooled = tmp_path / "mail"
    spooled.write_bytes(mail)
    held, filed, both = read(mail), read(spooled), read(spooled, tmp_path)
    assert held.identity == filed.identity == both.identity
    assert held.attachments[0].sha256 == both.attachments[0].sha256
    assert held.attachments[0].open().read() == _content(both.attachments[0])


def _content(attachment):
    with attachment.open() as stream:
        return stream.read()


def test_i11_mails_without_id_and_date_differ_by_any_field_their_author_wrote() -> None:
    plain = b"From: a@x.org\nSubject: hi\n\nbody\n"
    marked = b"Auto-Submitted: auto-replied\n" + plain
    carried = (
        b"Received: from b by c; Sat, 21 Nov 2026 10:00:00 +0000\nX-Spam-Score: 0\nDelivered-To: h@y.org\n" + plain
    )
    one, two, three = (parse(source(raw)) for raw in (plain, marked, carried))
    assert one.identity != two.identity
    assert one.identity == three.identity
