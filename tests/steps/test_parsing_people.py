"""Who wrote to whom: groups, tricks of spoofers, addresses beyond ASCII (M25, H6, H56, H57)."""

from __future__ import annotations

import base64

import pytest

from connectors.contract import Person
from tests.steps.letters import read

REST = b"To: help@example.com\r\nSubject: x\r\n\r\nx"


def word(octets: bytes) -> bytes:
    return b"=?utf-8?b?" + base64.b64encode(octets) + b"?="


# (From, author or None for an address that is not the pretended one, part of a note)
TRICKS = [
    (word(b"boss@corp.example") + b"@evil.example", None, "malformed"),
    (word(b"boss@corp.example\0") + word(b"\n") + b"@evil.example", None, "malformed"),
    (
        word(b"boss@corp.example\n") + b" <me@evil.example>",
        Person("boss@corp.example", "me@evil.example"),
        "another address",
    ),
    (word(b"boss@corp.example\0x") + b" <me@evil.example>", Person("boss@corp.examplex", "me@evil.example"), "another"),
    (b"boss@corp.example <me@evil.example>", Person("boss@corp.example", "me@evil.example"), "another address"),
    (b'"boss@corp.example" <me@evil.example>', Person("boss@corp.example", "me@evil.example"), "another address"),
    ("boss@corp.example\u202e <me@evil.example>".encode(), Person("boss@corp.example", "me@evil.example"), "invisible"),
    (b"boss@corp.example\0@evil.example", Person("", ""), "no author"),
    (b"boss@corp.example@evil.example", Person("", ""), "no author"),
    (b"boss@corp.example, me@evil.example", Person("", "boss@corp.example"), "several authors"),
    ("a@pаypal.example".encode(), Person("", "a@pаypal.example"), "several scripts"),
    (b"boss at corp.example", Person("", ""), "no author"),
]


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick[2])
def test_tricks_are_flagged_and_never_believed(trick):
    written, author, note = trick
    message = read(b"From: " + written + b"\r\n" + REST)
    assert any(note in defect for defect in message.defects)
    assert message.author.address != "boss@corp.example" or "several" in note
    assert author is None or message.author == author


@pytest.mark.parametrize(
    ("written", "author"),
    [
        ("用户@例え.example", Person("", "用户@例え.example")),
        ("=?utf-8?q?=E7=94=A8?= <用户@例え.example>", Person("用", "用户@例え.example")),
        ("=?utf-8?b?5pel?==?utf-8?b?5pys?= <x@y.example>", Person("日本", "x@y.example")),
        ('"Doe, John" <j@d.example>', Person("Doe, John", "j@d.example")),
        ("<j@d.example", Person("", "j@d.example")),
        ("Team: j@d.example;", Person("", "j@d.example")),
    ],
)
def test_honest_authors_are_read(written, author):
    assert read(b"From: " + written.encode() + b"\r\n" + REST).author == author


@pytest.mark.parametrize(
    ("written", "to"),
    [
        (b"undisclosed-recipients:;", []),
        (b"Undisclosed recipients: ;, x@y.example", ["x@y.example"]),
        (
            b"Team: a@b.example, =?utf-8?q?=C3=A4?= <c@d.example>; , e@f.example",
            ["a@b.example", "c@d.example", "e@f.example"],
        ),
        (b"a@b.example; c@d.example", ["a@b.example", "c@d.example"]),
        (b"<a@b.example> <c@d.example>", ["a@b.example", "c@d.example"]),
    ],
)
def test_recipients_of_every_shape(written, to):
    message = read(b"From: q@w.example\r\nTo: " + written + b"\r\n\r\nx")
    assert [person.address for person in message.to] == to
