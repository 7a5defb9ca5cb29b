"""The SMTP listener of the test mailbox: what it accepts lies in INBOX a moment later."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from worker.demo.imap.server import require_loopback

MAX_MESSAGE_BYTES = 160 * 1024 * 1024

#: Takes a message as it will lie in the folder; gives the file. Raises OSError.
Drop = Callable[[bytes], Path]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class SmtpListener:
    """Accepts mail for every address. ``port`` 0 takes a free one."""

    def __init__(self, drop: Drop, host: str = "127.0.0.1", port: int = 0) -> None:
        """Raises ValueError when ``host`` is not a loopback address."""
        require_loopback(host)
        self._drop = drop
        self._host = host
        self.port = port
        self._controller: Controller | None = None

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self.port), family=family)
        self.port = listener.getsockname()[1]
        self._controller = _Controller(listener, _Border(self._drop))
        self._controller.start()

    def stop(self) -> None:
        """May be called twice."""
        if self._controller:
            self._controller.stop()
            self._controller = None


class _Smtp(SMTP):
    """Takes longer lines than RFC 5321 §4.5.3.1.6 asks for: real mail has them."""

    line_length_limit = 1_000_000


class _Controller(Controller):
    """Listens on a socket that is bound already: a free port is known before anybody else can take it."""

    def __init__(self, listener: socket.socket, handler: _Border) -> None:
        host, port = listener.getsockname()[:2]
        self._listener = listener
        super().__init__(handler, host, port, data_size_limit=MAX_MESSAGE_BYTES, ident="test mailbox")

    def factory(self) -> SMTP:
        """One for each connection."""
        return _Smtp(self.handler, **self.SMTP_kwargs)

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


class _Border:
    """What a border server does: notes on the message whom it was for and how it came, and stores it."""

    def __init__(self, drop: Drop) -> None:
        self._drop = drop

    async def handle_DATA(self, _server: SMTP, session: Session, mail: Envelope) -> str:  # noqa: N802
        """One file for each message, whatever the number of its recipients."""
        content = mail.original_content or b""
        try:
            self._drop(_trace(session, mail) + content)
        except OSError as error:
            return f"451 4.3.0 The mailbox cannot be written: {error.strerror}"
        return "250 2.0.0 Delivered"


def _trace(session: Session, mail: Envelope) -> bytes:
    recipients = [_clean(str(recipient)) for recipient in mail.rcpt_tos]
    peer = session.peer[0] if session.peer else "unknown"
    # aiosmtpd gives the empty sender of a bounce as "<>".
    lines = [f"Return-Path: <{_clean(mail.mail_from or '').strip('<>')}>"]
    for recipient in recipients:
        lines += [f"X-Original-To: {recipient}", f"Delivered-To: {recipient}"]
    for_whom = f"\r\n\tfor <{recipients[0]}>" if len(recipients) == 1 else ""
    lines.append(
        f"Received: from {_clean(str(session.host_name or 'unknown'))} ([{peer}])"
        f"\r\n\tby localhost (test mailbox) with ESMTP{for_whom};"
        f"\r\n\t{format_datetime(datetime.now(UTC))}"
    )
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)
