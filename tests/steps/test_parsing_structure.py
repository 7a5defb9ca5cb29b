"""What lies within what: flowed lines, files in texts, signed and encrypted mail, invitations, mails in mails."""

from __future__ import annotations

import base64
import binascii

import pytest
from asn1crypto import cms, core
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.letters import HEADER, multipart, read
from worker.parsing import armour, smime
from worker.parsing.flowed import unflowed
from worker.parsing.inlined import extracted

PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
UU = b"begin 644 data.csv\r\n" + binascii.b2a_uu(b"a;b\n1;2\n") + b"`\r\nend\r\n"


def part(fields: bytes, body: bytes) -> bytes:
    return fields + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("one \ntwo\nthree", "one two\nthree"),
        ("> one \n> two\n>> three \n> four", "> one two\n>> three\n> four"),
        ("a \n-- \nAnn", "a\n-- \nAnn"),
        (" >not a quote", ">not a quote"),
        (" From here", "From here"),
        ("a\n \nb", "a\n\nb"),
        ("", ""),
    ],
)
def test_flowed_lines_are_joined(written, meant):
    """RFC 3676: soft breaks, quote depth, stuffing, signature."""
    assert unflowed(written) == meant


@given(st.text(max_size=300))
def test_flowing_loses_no_letter(text):
    assert "".join(unflowed(text).replace(">", "").split()) == "".join(text.replace(">", "").split())


def test_flowed_mail():
    mail = HEADER + b"Content-Type: text/plain; format=flowed\r\n\r\nHello \r\nworld\r\n> old \r\n> text\r\n"
    assert read(mail).text == "Hello world\n> old text"


def test_uuencoded_file_in_a_text_is_attached():
    message = read(HEADER + b"\r\nSee:\r\n\r\n" + UU + b"\r\nBye\r\n")
    (found,) = message.attachments
    assert (found.name, found.content_type, found.content) == ("data.csv", "text/csv", b"a;b\n1;2\n")
    assert "begin" not in message.text
    assert "Bye" in message.text


def test_yenc_file_in_a_text_is_attached():
    coded = bytes((octet + 42) % 256 for octet in b"hello")
    message = read(HEADER + b"\r\n=ybegin line=128 size=5 name=a.bin\r\n" + coded + b"\r\n=yend size=5\r\n")
    assert [(one.name, one.content) for one in message.attachments] == [("a.bin", b"hello")]


@pytest.mark.parametrize(
    "text", [b"begin 644 the work\nand never end it\n", b"begin 644 x\nplease read\nend\n", b"we begin 644 x\nend"]
)
def test_a_person_may_write_begin(text):
    assert extracted(text) == (text, [])


@given(st.binary(max_size=300))
def test_any_octets_may_hold_files(octets):
    extracted(b"begin 644 x\n" + octets + b"\nend\n")
    extracted(b"=ybegin name=x\n" + octets + b"\n=yend\n")
    armour.opened(b"-----BEGIN PGP SIGNED MESSAGE-----\n" + octets)
    smime.opened(octets)


def signed(entity: bytes) -> bytes:
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [],
            "encap_content_info": {"content_type": "data", "content": core.OctetString(entity)},
            "signer_infos": [],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()


def opaque(content: bytes, kind: bytes = b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m") -> bytes:
    return (
        HEADER
        + b"Content-Type: "
        + kind
        + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(content)
    )


def test_opaquely_signed_mail_is_read():
    """RFC 8551 section 3.5.2: text and files within the signature count; the identity is the wrapping's."""
    inner = multipart(PLAIN + b"Hello", part(b"Content-Type: text/csv; name=a.csv", b"1"), header=b"")
    mail = opaque(signed(inner))
    message = read(mail)
    assert message.text == "Hello"
    assert [one.name for one in message.attachments] == ["a.csv"]
    assert smime.SIGNED_NOTE in message.defects
    assert message.identity != read(opaque(signed(inner.replace(b"Hello", b"Hallo")))).identity


def test_signed_within_signed_is_bounded():
    entity = PLAIN + b"deep"
    for _ in range(20):
        head = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        entity = head + base64.encodebytes(signed(entity))
    assert read(HEADER + entity).error is None


@pytest.mark.parametrize(
    ("mail", "note"),
    [
        (opaque(b"0\x80nonsense"), "could not be opened"),
        (
            opaque(
                cms.ContentInfo(
                    {
                        "content_type": "encrypted_data",
                        "content": cms.EncryptedData(
                            {
                                "version": "v0",
                                "encrypted_content_info": {
                                    "content_type": "data",
                                    "content_encryption_algorithm": {
                                        "algorithm": "aes128_cbc",
                                        "parameters": b"0" * 16,
                                    },
                                },
                            }
                        ),
                    }
                ).dump()
            ),
            "encrypted (S/MIME)",
        ),
        (
            multipart(
                part(b"Content-Type: application/pgp-encrypted", b"Version: 1"),
                part(b"Content-Type: application/octet-stream", b"x"),
                subtype=b"encrypted",
            ),
            "encrypted (PGP)",
        ),
        (HEADER + b"\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nabcd\r\n-----END PGP MESSAGE-----\r\n", "encrypted (PGP)"),
        (HEADER + b'Content-Type: message/partial; id="x"; number=2; total=3\r\n\r\nx', "piece 2 of 3"),
    ],
)
def test_what_cannot_be_read_is_marked_and_attached(mail, note):
    """Nobody sees ciphertext as the text of a case, and nothing is lost."""
    message = read(mail)
    assert any(note in defect for defect in message.defects)
    assert message.text == ""
    assert message.attachments
    assert message.error is None


def test_text_signed_with_pgp_is_read():
    mail = (
        HEADER + b"\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n- -dash\r\nHello\r\n"
        b"-----BEGIN PGP SIGNATURE-----\r\n\r\nabc\r\n-----END PGP SIGNATURE-----\r\n"
    )
    message = read(mail)
    assert message.text == "-dash\nHello"
    assert armour.SIGNED_NOTE in message.defects
