"""Mails of many conversations, woven into one another: new ones and replies, in several tongues, half with files."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cached_property

SUPPORT = "help@desk.example"
_FIRST = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
#: charset, subject, greeting and sentence, name of a file
_TONGUES = (
    ("utf-8", "Printer on fire", "Hello, it still burns.", "photo of the fire.jpg"),
    ("iso-8859-1", "Gerät läuft heiß", "Guten Tag, es brennt noch immer.", "Übersicht März.pdf"),
    ("iso-2022-jp", "印刷機の故障", "お世話になっております。まだ直りません。", "請求書.pdf"),
    ("koi8-r", "Принтер горит", "Здравствуйте, он всё ещё горит.", "счёт.xlsx"),
    ("gb18030", "打印机着火", "您好,还是没有修好。", "发票.pdf"),
    ("utf-8", "الطابعة تحترق", "مرحبا، ما زالت المشكلة قائمة.", "فاتورة.pdf"),
    ("iso-8859-15", "Imprimante en feu", "Bonjour, ça brûle toujours, 20 € perdus.", "reçu.txt"),
)


@dataclass(frozen=True)
class Posted:
    """One mail as it was sent. ``ref`` stands in its text."""

    ref: str
    #: the ref of the conversation's first mail
    thread: str
    raw: bytes
    #: SHA-256 of each file, hex, with how often it was attached
    files: Mapping[str, int]
    words: str


@dataclass
class _Thread:
    name: str
    tongue: tuple[str, str, str, str]
    author: str
    colleague: str
    ids: list[str] = field(default_factory=list)


class Post:
    """``count`` mails in ``threads`` conversations; the same ones for the same seed."""

    def __init__(self, count: int, threads: int, seed: int = 1, attached: float = 0.5) -> None:
        self._rng = random.Random(seed)
        self._seed, self._attached = seed, attached
        self._count, self._threads = count, threads

    @cached_property
    def mails(self) -> tuple[Posted, ...]:
        """In the order in which they are received; a reply comes after what it answers."""
        # Every conversation begins once; the replies fall to those that have begun.
        starts = {0, *self._rng.sample(range(1, self._count), self._threads - 1)}
        begun: list[_Thread] = []
        written = []
        for number in range(self._count):
            if number in starts:
                begun.append(self._begin(len(begun)))
            thread = begun[-1] if number in starts else self._rng.choice(begun)
            written.append(self._write(number, thread))
        return tuple(written)

    def _begin(self, number: int) -> _Thread:
        where = f"customer{number}.example"
        tongue = _TONGUES[number % len(_TONGUES)]
        return _Thread(f"T{self._seed}-{number}", tongue, f"ann@{where}", f"ben@{where}")

    def _write(self, number: int, thread: _Thread) -> Posted:
        ref, (charset, subject, sentence, _) = f"M{self._seed}-{number}", thread.tongue
        message = EmailMessage()
        is_reply = bool(thread.ids)
        writes, copied = (thread.author, thread.colleague)
        if is_reply and self._rng.random() < 0.3:
            writes, copied = copied, writes
        message["From"], message["To"], message["Cc"] = f"Someone <{writes}>", SUPPORT, copied
        message["Subject"] = f"{'Re: ' if is_reply else ''}{subject} {thread.name}"
        message["Date"] = format_datetime(_FIRST + timedelta(minutes=number))
        message["Message-ID"] = f"<{ref}@customer.example>"
        if is_reply:
            self._refer(message, thread)
        thread.ids.append(f"<{ref}@customer.example>")
        words = f"[ref {ref}] {sentence}"
        message.set_content(f"{words}\n", charset=charset)
        if self._rng.random() < 0.3:
            message.add_alternative(f"<html><body><p>{words}</p></body></html>\n", "html", charset=charset)
        files = self._enclose(message, thread) if self._rng.random() < self._attached else Counter()
        return Posted(ref, thread.name, bytes(message), files, words)

    def _refer(self, message: EmailMessage, thread: _Thread) -> None:
        """Some programs write both headers, some only one of them; the parent need not be the latest."""
        parent = self._rng.randrange(len(thread.ids))
        kind = self._rng.random()
        if kind < 0.8:
            message["In-Reply-To"] = thread.ids[parent]
        if kind > 0.2:
            message["References"] = " ".join(thread.ids[: parent + 1][-8:])

    def _enclose(self, message: EmailMessage, thread: _Thread) -> Counter[str]:
        files: Counter[str] = Counter()
        for number in range(self._rng.choice((1, 1, 1, 2))):
            content = self._rng.randbytes(self._rng.choice((0, 1, 900, 20_000, 60_000)))
            message.add_attachment(content, "application", "octet-stream", filename=f"{number} {thread.tongue[3]}")
            files[hashlib.sha256(content).hexdigest()] += 1
        return files
