"""Hostile mail (H1 to H17): bounded in time and memory, noted, never fatal."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.steps.letters import HEADER, multipart, read

LIMIT_S = 4.0
PEAK = """
import sys, pathlib
from tests.steps.letters import read
def peak(): return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) // 1024
read(b"From: a@example.com\\r\\nContent-Type: text/html\\r\\n\\r\\n<p>x")
before = peak()
path = pathlib.Path(sys.argv[1])
message = read(path, path.parent)
print(peak() - before, message.error, *(file.size_bytes for file in message.attachments))
"""


def nested(depth: int) -> bytes:
    levels = (b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1) for i in range(depth))
    return HEADER + b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + b"".join(levels) + b"deepest"


def field(name: bytes, value: bytes) -> bytes:
    return HEADER + name + b": " + value + b"\r\n\r\nx"


def page(html: bytes) -> bytes:
    return HEADER + b"Content-Type: text/html\r\n\r\n" + html


BOMBS = {
    "depth 100": (nested(100), "mime_depth"),
    "depth 20,000": (nested(20_000), "mime_depth"),
    "message in message, 20,000 times": (HEADER + b"Content-Type: message/rfc822\r\n\r\n" * 20_000, ""),
    "100,000 parts": (multipart(*[b"\r\nx"] * 100_000), "parts beyond 500"),
    "100,000 fields": (b"".join(b"X-%d: y\r\n" % i for i in range(100_000)) + b"\r\nx", "header"),
    "one field of 10 MB": (HEADER + b"X: " + b"y" * 10_000_000 + b"\r\n\r\nx", "header beyond"),
    "100,000 folds": (HEADER + b"X: y\r\n" + b" y\r\n" * 100_000 + b"\r\nx", "header"),
    "10,000 encoded words": (field(b"Comments", b"=?utf-8?q?aaaaa?= " * 10_000), "cut at"),
    "10,000 halves of encoded words": (field(b"Comments", b"=?a?q?" * 10_000), "cut at"),
    "100,000 recipients": (field(b"Cc", b"a@b.example, " * 100_000), "header beyond"),
    "30,000 comments in each other": (b"From: " + b"(" * 30_000 + b"\r\n\r\nx", "no author"),
    "boundary of 1 MB": (HEADER + b"Content-Type: multipart/mixed; boundary=" + b"b" * 10**6 + b"\r\n\r\nx", "header"),
    "1,000,000 near misses": (multipart(b"\r\n" + b"\n--bx" * 1_000_000), "look like a boundary"),
    "10,000 parameters": (field(b"Content-Type", b"text/plain" + b"; a=b" * 10_000), "cut at"),
    "a parameter name of 30 kB": (field(b"Content-Type", b"text/plain; " + b"<div>" * 6_000), ""),
    "30 kB of space in a parameter": (field(b"Content-Disposition", b"attachment; x" + b" " * 30_000 + b"y"), ""),
    "20 MB of =": (HEADER + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 20_000_000, "cut at"),
    "200,000 quoted lines": (HEADER + b"\r\n" + b"> x\r\n" * 200_000, ""),
    "attributions": (HEADER + b"\r\n" + b"On Mon, 1 Jan 2020 a@b.example wrote:\r\n" * 19_000, ""),
    "copied headers": (HEADER + b"\r\n" + b"From: x\r\n" * 19_000, ""),
    "200,000 open elements": (page(b"<div>" * 200_000 + b"x"), "too deep"),
    "100,000 attributes": (page(b"<p " + b" ".join(b"a%d=1" % i for i in range(100_000)) + b">x</p>"), ""),
    "unclosed comments": (page(b"<!--" * 200_000), ""),
    "escapes of ISO-2022-JP": (
        HEADER + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + b"\x1b$B" * 300_000,
        "",
    ),
    "2 MB in a header without end": (b"a: b\r\n" * 400_000, "header"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_defused(name):
    mail, note = BOMBS[name]
    began = time.process_time()
    message = read(mail)
    assert time.process_time() - began < LIMIT_S
    assert message.error is None
    assert any(note in defect for defect in message.defects) or not note


def test_opaque_rest_of_a_deep_mail_is_attached():
    """H1: nothing is lost below the limit."""
    (rest,) = read(nested(100)).attachments
    assert b"deepest" in rest.open().read()


def test_parts_beyond_the_limit_are_attached():
    """H2."""
    message = read(multipart(*[b"\r\nx"] * 600, b"\r\nthe last"))
    assert message.attachments[-1].open().read().rstrip().endswith(b"the last\r\n--b--")


def test_long_text_is_cut_and_attached_whole():
    body = b"hello world\r\n" * 200_000
    message = read(HEADER + b"\r\n" + body)
    assert len(message.text) <= 1024 * 1024
    assert message.attachments[0].content == body


def test_header_values_stay_under_their_caps():
    """H3, H6."""
    message = read(field(b"To", b", ".join(b"a%d@b.example" % i for i in range(2_000))))
    assert len(message.to) <= 500
    assert max(len(value) for _, value in message.headers) <= 32 * 1024


@pytest.mark.parametrize(
    "unit",
    [b"> x\r\n", b"On a wrote:\r\n", b"=?a?q?", b"<b>", b"&amp;", b"-- \r\n", b"From: a@b\r\n", b"a@", b"\x1b$B"],
)
@pytest.mark.parametrize("kind", [b"text/plain", b"text/html"])
def test_time_grows_no_faster_than_the_mail(unit, kind):
    """H14: twice the text takes less than three times as long."""
    mail = HEADER + b"Content-Type: " + kind + b"\r\n\r\n"
    small, large = (mail + unit * (count // len(unit)) for count in (200_000, 400_000))
    took = [min(_cpu_s(text) for _ in range(3)) for text in (small, large)]
    assert took[1] < 3 * took[0] + 0.05


def _cpu_s(mail: bytes) -> float:
    began = time.process_time()
    read(mail)
    return time.process_time() - began


def test_a_mail_of_100_mb_is_read_in_25_mb(tmp_path):
    """I14: the attachment streams from file to file."""
    line = base64.encodebytes(bytes(range(57))).rstrip(b"\n") + b"\r\n"
    spooled = tmp_path / "mail"
    with spooled.open("wb") as out:
        out.write(HEADER + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n")
        out.write(b"Content-Type: a/b; name=big\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        for _ in range(128):
            out.write(line * 10_000)
        out.write(b"--b--\r\n")
    command = [sys.executable, "-c", PEAK, str(spooled)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    grown_mb, error, size = result.stdout.split()
    assert (error, int(size)) == ("None", 128 * 10_000 * 57)
    assert int(grown_mb) < 25


PIECES = st.sampled_from(
    [
        *(
            b"From: a@b.example\r\n",
            b"From: <",
            b'To: "',
            b"Subject: =?",
            b"?=",
            b"=?utf-8?q?",
            b"\r\n",
            b"\r\n\r\n",
            b"\n",
            b"\r",
        ),
        *(
            b"Content-Type: multipart/mixed; boundary=b\r\n",
            b"--b",
            b"--b--",
            b"Content-Type: text/html\r\n",
            b"<div>",
            b"<",
        ),
        *(
            b"Content-Transfer-Encoding: base64\r\n",
            b"Content-Type: application/ms-tnef\r\n",
            b"\x78\x9f\x3e\x22",
            b"=",
            b";",
        ),
        *(
            b"Content-Type: message/delivery-status\r\n",
            b"Message-ID: <",
            b"Date: ",
            b"\x00",
            b"\x1b$B",
            b"\xff",
            b"charset=utf-7",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=30), max_size=40).map(b"".join))
@example(b"\xef\xbb\xbf")
@example(b"Message-ID: <\r\n")
@example(b"From: x@[\r\n\r\n")
@example(b"Content-Type: text/plain; charset=\x00idna\r\n\r\n\xff")
def test_no_octets_make_it_fail(octets):
    """M21, M22: any octets give a message, without error, and the same one each time."""
    message = read(octets)
    assert message.error is None
    assert message == read(octets)
    (message.text + message.html + message.subject).encode("utf-8")
