"""Mail for benchmarks and tests, generated from a seed: the sizes, charsets and shapes that a help desk sees."""

from __future__ import annotations

import base64
import binascii
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from worker.bench.words import TONGUES, Tongue

SUPPORT = "support@desk.example"
REPLIES = 0.43
AUTOMATIC = 0.05
ATTACHED = 0.10
#: octets of the text parts together, log-uniform
TEXT_OCTETS = (1_600, 50_000)
#: octets of an attachment before base64 adds a third, log-uniform
FILE_OCTETS = (240_000, 920_000)
_FIRST = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Mail:
    """One generated mail. ``ref`` stands in its subject, its text and, if it has one, in its attachment."""

    ref: str
    raw: bytes
    attached: bool = False
    #: "customer", "auto_reply" or "bounce"
    kind: str = "customer"


@dataclass
class _Talk:
    """A conversation so far: who writes, in which tongue, about what, and the Message-IDs."""

    author: str
    name: str
    tongue: Tongue
    subject: str
    ids: list[str]


def mails(count: int, seed: int = 1) -> Iterator[Mail]:
    """The first ``count`` mails of a seed; the same ones each time. Mean about 86 kB, median about 13 kB."""
    writer = _Writer(random.Random(seed), seed)  # noqa: S311  (not a secret)
    for index in range(count):
        yield writer.write(index)


def small_mail(index: int, seed: int = 1) -> bytes:
    """A mail of about 1 kB, for folders whose size alone matters."""
    rng = random.Random(f"{seed}-{index}")  # noqa: S311  (not a secret)
    head = _head(
        _Talk(f"small{index}@post.example", "Small", TONGUES[0], "A short one", [f"{seed}.{index}@post.example"])
    )
    body = "\r\n".join(rng.choice(TONGUES[0].sentences) for _ in range(6))
    return ("\r\n".join(head) + f"\r\n\r\n[ref S{seed}-{index}]\r\n{body}\r\n").encode()


class _Writer:
    """Writes one mail after the other and remembers the conversations."""

    def __init__(self, rng: random.Random, seed: int) -> None:
        self._rng, self._seed = rng, seed
        self._talks: list[_Talk] = []

    def write(self, index: int) -> Mail:
        ref = f"M{self._seed}-{index}"
        if self._talks and self._rng.random() < AUTOMATIC:
            return self._automatic(ref)
        talk = self._reply(ref) if self._talks and self._rng.random() < REPLIES else self._opening(ref)
        attached = self._rng.random() < ATTACHED
        entity = self._text(talk, ref)
        if attached:
            entity = self._with_file(entity, ref)
        return Mail(ref, _joined(_head(talk), entity), attached)

    def _opening(self, ref: str) -> _Talk:
        rng = self._rng
        tongue = rng.choices(TONGUES, [tongue.percent for tongue in TONGUES])[0]
        number = rng.randrange(10_000)
        subject = f"{rng.choice(tongue.sentences)[:40].strip()} [{ref}]"
        talk = _Talk(f"customer{number}@post.example", f"Customer {number}", tongue, subject, [_message_id(ref)])
        self._talks.append(talk)
        return talk

    def _reply(self, ref: str) -> _Talk:
        talk = self._rng.choice(self._talks[-200:])
        talk.ids.append(_message_id(ref))
        return _Talk(talk.author, talk.name, talk.tongue, f"Re: {talk.subject} [{ref}]", talk.ids[-12:])

    # ---- bodies -----------------------------------------------------------------------------------------

    def _text(self, talk: _Talk, ref: str) -> bytes:
        """A text part, or text and HTML side by side."""
        octets = _log_uniform(self._rng, TEXT_OCTETS)
        alternative = self._rng.random() < 0.5
        text = self._sentences(talk, ref, octets // 3 if alternative else octets)
        plain = self._part("plain", text, talk.tongue)
        if not alternative:
            return plain
        paragraphs = "\r\n".join(f'<p style="margin:0">{line}</p>' for line in text.split("\r\n"))
        page = f"<html><head><style>p {{ color: #333 }}</style></head><body>\r\n{paragraphs}\r\n</body></html>\r\n"
        return self._multipart("alternative", (plain, self._part("html", page, talk.tongue)))

    def _sentences(self, talk: _Talk, ref: str, octets: int) -> str:
        tongue = talk.tongue
        sentences = [(one, len(one.encode(tongue.codec)) + 2) for one in tongue.sentences]
        lines, size = [f"[ref {ref}]", tongue.greeting], 0
        quoting = ""
        while size < octets:
            line, length = self._rng.choice(sentences)
            if not quoting and len(talk.ids) > 1 and size > octets * 0.4:
                lines.append(f"On Mon, 2 Nov 2026, {talk.name} <{talk.author}> wrote:")
                quoting = "> "
            lines.append(quoting + line)
            size += length + len(quoting)
        return "\r\n".join(lines) + "\r\n"

    def _part(self, subtype: str, text: str, tongue: Tongue) -> bytes:
        encoding = self._rng.choice(tongue.encodings)
        head = (
            f"Content-Type: text/{subtype}; charset={tongue.charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        )
        return head.encode() + _encoded(text.encode(tongue.codec), encoding)

    def _with_file(self, entity: bytes, ref: str) -> bytes:
        content = f"[ref {ref}]\n".encode() + self._rng.randbytes(_log_uniform(self._rng, FILE_OCTETS))
        name = self._rng.choice(("invoice.pdf", "photo.jpg", "report.xlsx", "scan.tiff"))
        head = (
            f'Content-Type: application/octet-stream; name="{name}"\r\n'
            f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        )
        return self._multipart("mixed", (entity, head.encode() + _encoded(content, "base64")))

    def _multipart(self, subtype: str, parts: Sequence[bytes], more: str = "") -> bytes:
        mark = f"=_{self._rng.getrandbits(96):024x}"
        head = f'Content-Type: multipart/{subtype}; boundary="{mark}"{more}\r\n\r\n'
        body = b"".join(b"--" + mark.encode() + b"\r\n" + part + b"\r\n" for part in parts)
        return head.encode() + body + f"--{mark}--\r\n".encode()

    # ---- what no person wrote ---------------------------------------------------------------------------

    def _automatic(self, ref: str) -> Mail:
        talk = self._rng.choice(self._talks[-200:])
        if self._rng.random() < 0.6:
            return self._auto_reply(ref, talk)
        return self._bounce(ref)

    def _auto_reply(self, ref: str, talk: _Talk) -> Mail:
        away = _Talk(talk.author, talk.name, talk.tongue, f"Out of office [{ref}]", [_message_id(ref)])
        head = [*_head(away), "Auto-Submitted: auto-replied", "Precedence: bulk", "X-Auto-Response-Suppress: All"]
        return Mail(ref, _joined(head, self._text(away, ref)), kind="auto_reply")

    def _bounce(self, ref: str) -> Mail:
        daemon = _Talk(
            "MAILER-DAEMON@post.example", "Mail Delivery", TONGUES[0], f"Undelivered [{ref}]", [_message_id(ref)]
        )
        note = f"Content-Type: text/plain\r\n\r\n[ref {ref}]\r\nYour message could not be delivered.\r\n"
        status = (
            "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.post.example\r\n\r\n"
            f"Final-Recipient: rfc822; gone-{ref}@post.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        )
        body = self._multipart("report", (note.encode(), status.encode()), "; report-type=delivery-status")
        return Mail(ref, _joined([*_head(daemon), "Auto-Submitted: auto-replied"], body), kind="bounce")


def _head(talk: _Talk) -> list[str]:
    """Header fields as a mailbox keeps them, with what relays put before them."""
    *answered, own = talk.ids
    date = format_datetime(_FIRST + timedelta(seconds=binascii.crc32(own.encode()) % 1_000_000))
    lines = [
        f"Return-Path: <{talk.author}>",
        f"Delivered-To: {SUPPORT}",
        f"Received: from mx.desk.example by imap.desk.example with LMTP id {own[:12]}; {date}",
        f"Received: from out.post.example (out.post.example [192.0.2.25]) by mx.desk.example with ESMTPS; {date}",
        f"DKIM-Signature: v=1; a=rsa-sha256; d=post.example; s=s1; bh={'Zm9vYmFy' * 5};\r\n b={'c2lnbmF0dXJl' * 20}",
        f"Message-ID: <{own}>",
        f"Date: {date}",
        f"From: {talk.name} <{talk.author}>",
        f"To: Support <{SUPPORT}>",
        f"Subject: {_words(talk.subject, talk.tongue)}",
        "MIME-Version: 1.0",
    ]
    if answered:
        lines += [f"In-Reply-To: <{answered[-1]}>", "References: " + "\r\n ".join(f"<{one}>" for one in answered)]
    return lines


def _joined(head: Sequence[str], entity: bytes) -> bytes:
    return "\r\n".join(head).encode("ascii") + b"\r\n" + entity


def _message_id(ref: str) -> str:
    return f"{ref}.{binascii.crc32(ref.encode()):08x}@post.example"


def _words(text: str, tongue: Tongue) -> str:
    """A header value, as encoded words where ASCII does not do (RFC 2047 section 2: 75 characters each)."""
    if text.isascii():
        return text
    pieces = (text[start : start + 12] for start in range(0, len(text), 12))
    return "\r\n ".join(
        f"=?{tongue.charset}?B?{base64.b64encode(one.encode(tongue.codec)).decode()}?=" for one in pieces
    )


def _encoded(content: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(content).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return binascii.b2a_qp(content)
    return content


def _log_uniform(rng: random.Random, bounds: tuple[int, int]) -> int:
    low, high = map(math.log, bounds)
    return int(math.exp(rng.uniform(low, high)))
