"""Ill-formed mails of our own: each kind has stopped some mail reader for good."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator

_TO = "To: support@desk.example"
_FROM = "From: Ann <ann@post.example>"
_DATE = "Date: Mon, 02 Nov 2026 09:00:00 +0000"
_PLAIN = "Content-Type: text/plain; charset=utf-8"


def ill_formed() -> dict[str, bytes]:
    """Name → mail, in the order they are to be taken in. Most name themselves in their subject and their text."""
    return {
        name: raw
        for group in (_charsets, _transfers, _structures, _headers, _addresses, _bytes)
        for name, raw in group()
    }


def _mail(name: str, *lines: str, body: bytes = b"", sender: str = _FROM, subject: str = "") -> bytes:
    """A mail whose header is ours but for ``lines``; an empty ``sender`` leaves From out."""
    head = [sender, _TO, _DATE, subject or f"Subject: ill-formed {name}", f"Message-ID: <{name}@post.example>", *lines]
    return "\r\n".join(filter(None, head)).encode("latin-1") + b"\r\n\r\n" + (body or f"[ref {name}]\r\n".encode())


def _part(content_type: str, body: str, *lines: str) -> str:
    return "\r\n".join((f"Content-Type: {content_type}", *lines, "", body, ""))


def _charsets() -> Iterator[tuple[str, bytes]]:
    ref = b"[ref %s] \xe4\xf6\xfc\r\n"
    yield (
        "unknown-charset",
        _mail("unknown-charset", "Content-Type: text/plain; charset=x-klingon-7", body=ref % b"unknown-charset"),
    )
    yield (
        "charset-is-a-path",
        _mail("charset-is-a-path", 'Content-Type: text/plain; charset="../../etc"', body=ref % b"charset-is-a-path"),
    )
    yield (
        "charset-lies",
        _mail("charset-lies", "Content-Type: text/plain; charset=us-ascii", body=ref % b"charset-lies"),
    )
    yield "utf16-odd", _mail("utf16-odd", "Content-Type: text/plain; charset=utf-16", body=b"\xff\xfe[\x00r\x00e")
    yield (
        "utf7-broken",
        _mail("utf7-broken", "Content-Type: text/plain; charset=utf-7", body=b"[ref utf7-broken] +AOQ-+////\r\n"),
    )
    yield "codec-no-text", _mail("codec-no-text", "Content-Type: text/plain; charset=zlib", body=ref % b"codec-no-text")


def _transfers() -> Iterator[tuple[str, bytes]]:
    b64, qp = "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable"
    text = base64.b64encode(b"[ref base64-cut] and some more text, cut in the middle")[:-3]
    yield "base64-bad", _mail("base64-bad", _PLAIN, b64, body=b"!!!! W3Jl*Zi\x80BiYXNl\r\nNjQtYmFkXQ==\r\n")
    yield "base64-cut", _mail("base64-cut", _PLAIN, b64, body=text)
    yield "qp-bad", _mail("qp-bad", _PLAIN, qp, body=b"[ref qp-bad] =ZZ =4 =\r\n=")
    yield "transfer-unknown", _mail("transfer-unknown", _PLAIN, "Content-Transfer-Encoding: x-morse")
    yield "uuencode-cut", _mail("uuencode-cut", body=b"[ref uuencode-cut]\r\nbegin 644 a.bin\r\nM\x01\x02\r\n#####")


def _structures() -> Iterator[tuple[str, bytes]]:
    mixed = "Content-Type: multipart/mixed; boundary=B"
    plain = _part("text/plain", "[ref {}]")
    yield "boundary-absent", _mail("boundary-absent", "Content-Type: multipart/mixed")
    yield "boundary-never-used", _mail("boundary-never-used", mixed)
    yield "boundary-open", _mail("boundary-open", mixed, body=f"--B\r\n{plain.format('boundary-open')}--B".encode())
    yield "nested-200", _mail("nested-200", *_nested(200))
    yield "attached-100-deep", _attached("attached-100-deep", 100)
    yield (
        "parts-10000",
        _mail("parts-10000", mixed, body=b"--B\r\n\r\n[ref parts-10000]\r\n" + b"--B\r\n\r\nx\r\n" * 10_000 + b"--B--"),
    )
    tnef = _part(
        "application/ms-tnef",
        base64.b64encode(b"\x78\x9f\x3e\x22" + b"\xff" * 40).decode(),
        "Content-Transfer-Encoding: base64",
    )
    yield (
        "winmail-cut",
        _mail("winmail-cut", mixed, body=f"--B\r\n{plain.format('winmail-cut')}--B\r\n{tnef}--B--\r\n".encode()),
    )
    name = "/../../\x00" + "n" * 5_000
    file = _part("application/pdf", "%PDF", f'Content-Disposition: attachment; filename="{name}"')
    yield (
        "file-name",
        _mail("file-name", mixed, body=f"--B\r\n{plain.format('file-name')}--B\r\n{file}--B--\r\n".encode()),
    )
    html = "<div>" * 20_000 + "[ref html-deep]"
    yield "html-deep", _mail("html-deep", "Content-Type: text/html", body=html.encode())


def _nested(levels: int) -> tuple[str, ...]:
    """Header and body of multiparts within multiparts, none of them closed."""
    opened = "".join(
        f"--b{level}\r\nContent-Type: multipart/mixed; boundary=b{level + 1}\r\n\r\n" for level in range(levels)
    )
    return ("Content-Type: multipart/mixed; boundary=b0", "", f"{opened}--b{levels}\r\n\r\n[ref nested-{levels}]")


def _attached(name: str, levels: int) -> bytes:
    inner = "Content-Type: message/rfc822\r\n\r\n" * levels + f"Subject: innermost\r\n\r\n[ref {name}]\r\n"
    head, _, rest = inner.partition("\r\n\r\n")
    return _mail(name, head, body=rest.encode())


def _headers() -> Iterator[tuple[str, bytes]]:
    words = "\r\n ".join("=?utf-8?q?a?=" for _ in range(10_000))
    yield "header-100k", _mail("header-100k", "X-Long: " + "x" * 100_000)
    yield "words-10000", _mail("words-10000", subject=f"Subject: {words}")
    yield "words-bad", _mail("words-bad", subject="Subject: =?utf-8?b?!!!?= =?x-none?q?=ZZ?= =?utf-8?q?open")
    yield "subject-injects", _mail("subject-injects", subject="Subject: =?utf-8?q?a=0D=0ABcc:_victim@post.example=00?=")
    yield "dates-bad", _mail("dates-bad", "Date: Thu, 99 Foo 20266 99:99:99 +9999", "Date: ")
    yield "type-garbage", _mail("type-garbage", 'Content-Type: text/; =;; charset="')
    yield "eight-bit-header", _mail("eight-bit-header", subject="Subject: \xe4\xf6\xfc \x80\xff")


def _addresses() -> Iterator[tuple[str, bytes]]:
    yield "from-absent", _mail("from-absent", sender="")
    yield "from-broken", _mail("from-broken", sender="From: <")
    yield "from-comments", _mail("from-comments", sender="From: " + "(" * 5_000)
    yield "id-empty", _mail("id-empty", "Message-ID: <>", "References: <a b@c> <x@y@z> <", "In-Reply-To: <>")
    yield "to-5000", _mail("to-5000", "Cc: " + ",\r\n ".join(f"c{n}@post.example" for n in range(5_000)))


def _bytes() -> Iterator[tuple[str, bytes]]:
    yield "nul", _mail("nul", "X-Nul: a\x00b", body=b"[ref nul] \x00\x00\r\n")
    yield "headers-only", b"From: ann@post.example\r\nTo: support@desk.example\r\nSubject: ill-formed headers-only"
    yield "nothing", b"\r\n"
    yield "garbage", random.Random(7).randbytes(4_000)
    yield "mbox-from", b"From ann@post.example Mon Nov  2 09:00:00 2026\r\n" + _mail("mbox-from")
    yield "line-2mb", _mail("line-2mb", body=b"[ref line-2mb] " + b"x" * 2_000_000)
    yield "mixed-line-ends", _mail("mixed-line-ends").replace(b"\r\n", b"\n", 3) + b"a\rb\nc\r\n"
