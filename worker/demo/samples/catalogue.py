"""Which samples there are, and how each came through the border server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.resources import files

from worker.demo.samples import made

HELP = "help@example.com"
BILLING = "billing@example.com"
#: The account that both addresses lead to.
ACCOUNT = "support@example.com"


@dataclass(frozen=True)
class Sample:
    """``name`` is short and unique, ``what`` a line for people, ``raw`` the message with CRLF line ends."""

    name: str
    what: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True)
class _Plan:
    """One sample to be: ``body`` makes the author's part out of the Date, or the file ``name``.eml holds it."""

    name: str
    what: str
    sender: str
    minutes_ago: int
    recipient: str = HELP
    file_name: str = ""
    body: Callable[[str], bytes] | None = None


_PLANS = (
    _Plan("english", "plain English request", "ann.miller@example.net", 120),
    _Plan("japanese-jis", "Japanese, ISO-2022-JP", "sato@example.net", 116, body=made.japanese_jis),
    _Plan("japanese-utf8", "Japanese, UTF-8 in base64", "suzuki@example.org", 112, body=made.japanese_utf8),
    _Plan("german", "German, ISO-8859-1", "k.weiss@example.net", 108, body=made.german),
    _Plan("french-question", "French question, opens a conversation", "helene.fabre@example.org", 104),
    _Plan("french-followup", "the same author's follow-up, with a quote", "helene.fabre@example.org", 44),
    _Plan("bounce", "a bounce of our own mail", "", 96),
    _Plan("auto-reply", "out of office", "", 92),
    _Plan("list", "mailing list", "announce-bounces@lists.example.org", 88),
    _Plan("inline-image", "HTML with an image inside, Italian", "lucia.rossi@example.org", 84),
    _Plan("winmail", "Outlook's winmail.dat with a file in it", "m.lang@example.net", 80, body=made.winmail),
    _Plan("large", "5 MB attachment", "lab@example.org", 76, body=made.large),
    _Plan("broken", "no final boundary, bad base64, unknown charset", "sensor7@example.net", 72),
    _Plan("spam", "marked as spam", "winner@bulk.example.org", 68),
    _Plan("anonymous", "no From, empty Subject", "printer@example.net", 64),
    _Plan("vip", "billing question tagged [VIP]", "grace.okafor@example.net", 60, BILLING),
    _Plan("two-doors-help", "sent to two addresses: by help@", "tom.berg@example.net", 56, HELP, "two-addresses"),
    _Plan("two-doors-billing", "the same mail: by billing@", "tom.berg@example.net", 56, BILLING, "two-addresses"),
)


def samples(now: datetime | None = None) -> tuple[Sample, ...]:
    """All of them, in the order in which they should arrive. Same bytes for the same ``now`` (aware)."""
    return tuple(_sample(number, plan, now or datetime.now(UTC)) for number, plan in enumerate(_PLANS, 1))


def _sample(number: int, plan: _Plan, now: datetime) -> Sample:
    sent_at = now - timedelta(minutes=plan.minutes_ago)
    authored = plan.body(_date(sent_at)) if plan.body else _from_file(plan, sent_at)
    return Sample(plan.name, plan.what, _border(number, plan, sent_at + timedelta(seconds=3)) + authored)


def _date(at: datetime) -> str:
    return format_datetime(at.replace(microsecond=0))


def _from_file(plan: _Plan, sent_at: datetime) -> bytes:
    text = (files(__package__) / f"{plan.file_name or plan.name}.eml").read_bytes().replace(b"\r\n", b"\n")
    text = text.replace(b"@DATE@", _date(sent_at).encode()).replace(b"@DAY@", f"{sent_at:%d/%m/%Y}".encode())
    return text.replace(b"\n", b"\r\n")


def _border(number: int, plan: _Plan, at: datetime) -> bytes:
    """What a Postfix that delivers for example.com writes above a mail."""
    host = plan.sender.rpartition("@")[2] or "example.net"
    lines = (
        f"Return-Path: <{plan.sender}>",
        f"X-Original-To: {plan.recipient}",
        f"Delivered-To: {ACCOUNT}",
        f"Received: from mail.{host} (mail.{host} [192.0.2.{number}])",
        f"\tby mx.example.com (Postfix) with ESMTPS id {0x4D0000 + number:X}",
        f"\tfor <{plan.recipient}>; {_date(at)}",
    )
    return "\r\n".join((*lines, "")).encode("ascii")
