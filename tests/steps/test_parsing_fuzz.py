"""Mails of tests/mail cut, doubled, spliced and flipped for minutes: always a message, in time, and the same twice."""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.steps.letters import MAILS, read
from worker.classify import as_json, classify

MINUTES = float(os.environ.get("FUZZ_MINUTES", "10"))
SLOWEST_S = 2.0
_WORDS = [
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"=",
        b"--",
        b"<",
        b">",
        b'"',
        b"(",
        b";",
        b":",
        b"@",
        b"=?",
        b"?=",
        b"\x1b$B",
    ),
    *(b"\x1b(J", b"begin 644 x\n", b"\nend\n", b"=ybegin name=x\n", b"=yend\n", b"-----BEGIN PGP MESSAGE-----\n"),
    *(
        b"Content-Type: ",
        b"multipart/mixed; boundary=b",
        b"--b\r\n",
        b"message/rfc822",
        b"text/calendar",
        b"charset=utf-7",
    ),
    *(b"application/pkcs7-mime", b"application/ms-tnef", b"format=flowed; delsp=yes", b"base64", b"quoted-printable"),
    *(b"BEGIN:VCALENDAR\r\n", b"{\\rtf1", b"LZFu", b"<div>" * 50, b"> " * 50, b"=?utf-8?b?AAAA?= " * 20, b"*0*="),
]


def changed(mail: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """The mail after a few accidents."""
    octets = bytearray(mail)
    for _ in range(dice.randint(1, 12)):
        start = dice.randrange(len(octets) + 1)
        stop = min(len(octets), start + dice.choice((0, 1, 2, 8, 64, 512)))
        other = dice.choice(others)
        begin = dice.randrange(len(other) + 1)
        octets[start:stop] = dice.choice(
            (
                b"",
                bytes(octets[start:stop]) * dice.choice((2, 2, 100)),
                dice.choice(_WORDS),
                dice.randbytes(dice.randint(1, 16)),
                other[begin : begin + dice.choice((8, 64, 512))],
            )
        )
    return bytes(octets[: 256 * 1024])


def look(mail: bytes) -> None:
    """What must hold of any octets at all."""
    began = time.process_time()
    message = read(mail)
    line = as_json("x", message, classify(message))
    took_s = time.process_time() - began
    assert message.error is None, message.error
    assert took_s < SLOWEST_S, took_s
    str(line).encode("utf-8")
    assert message == read(mail)


def soak(seconds: float, seed: int) -> int:
    """Look at as many changed mails as there is time for; the seed of a failure tells how to see it again."""
    seeds = [path.read_bytes() for path in sorted(MAILS.glob("*.eml"))]
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        mail = changed(random.Random(f"{seed}-{count}").choice(seeds), seeds, random.Random(seed * 1_000_003 + count))
        try:
            look(mail)
        except Exception as error:
            raise AssertionError(f"seed {seed}, mail {count}: {mail!r}") from error
        count += 1
    return count


def test_a_short_soak():
    assert soak(3.0, seed=1) > 50


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 120)
def test_a_long_soak():
    assert soak(MINUTES * 60, seed=int(time.time())) > 1000
