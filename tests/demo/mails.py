"""Small mails to fill a mailbox with."""

from __future__ import annotations

from worker.demo.server import TestMailbox

MAIL = b"From: Ann <ann@example.net>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-Long: a\r\n\tb\r\n\r\nBody line\r\n"


def mail(n: int) -> bytes:
    return f"From: a{n}@example.net\r\nSubject: number {n}\r\n\r\nText {n}\r\n".encode()


def fill(mailbox: TestMailbox, count: int) -> None:
    for n in range(1, count + 1):
        mailbox.deliver(mail(n))
