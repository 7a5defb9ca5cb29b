"""A mail server that keeps what it gets, on a real socket, and fails on demand at a chosen stage."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Stage = Literal["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "END", "ANSWER"]
#: a reply's code and words; "drop" hangs up, "silent" says nothing until the peer gives up
Play = str


@dataclass(frozen=True)
class Received:
    """One message as it was accepted."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    options: tuple[str, ...] = ()


@dataclass(kw_only=True)
class SmtpSink:
    """Listens on a free loopback port. ``plays`` are used up one by one, stage by stage.

    CONNECT … DATA answer that command; BODY comes after 354 and before the end; END after the end, and the message
    is not kept; ANSWER after the end, and it is kept.
    """

    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None
    starttls: ssl.SSLContext | None = None
    #: what EHLO does not offer
    without: frozenset[str] = frozenset()
    max_bytes: int = 64 * 1024 * 1024
    port: int = 0
    messages: list[Received] = field(default_factory=list)
    #: every command's argument as it came over the wire
    commands: list[str] = field(default_factory=list)
    plays: list[tuple[Stage, Play]] = field(default_factory=list)
    _controller: _Controller | None = None
    _lock: Any = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """For [smtp], without a user."""
        return f"{'smtps' if self.tls else 'smtp'}://{f'{self.user}@' if self.user else ''}127.0.0.1:{self.port}"

    def start(self) -> SmtpSink:
        """May be called again after ``stop``, and takes the same port then."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._controller = _Controller(self, listener)
        self._controller.start()
        return self

    def stop(self) -> None:
        """May be called twice."""
        if self._controller:
            # A transport that is still open when its loop ends would be complained of by whatever test comes later.
            asyncio.run_coroutine_threadsafe(self._controller.hang_up(), self._controller.loop).result(5)
            self._controller.stop()
            self._controller = None

    def fail(self, stage: Stage, play: Play) -> None:
        """Play it at that stage, once."""
        with self._lock:
            self.plays.append((stage, play))

    def play(self, stage: Stage) -> Play:
        """What is to be played at that stage now, or ""."""
        with self._lock:
            found = next((one for one in self.plays if one[0] == stage), None)
            if found:
                self.plays.remove(found)
        return found[1] if found else ""


class _Smtp(SMTP):
    """aiosmtpd's server, which asks the sink before each answer."""

    line_length_limit = 1_000_000
    _sink: SmtpSink
    _greeted = False

    async def push(self, status: Any) -> None:
        if not self._greeted:
            self._greeted = True
            if await self._spoilt("CONNECT"):
                return
        await super().push(status)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        if not await self._spoilt("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if not await self._spoilt("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        if not await self._spoilt("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
        self._sink.commands.append(f"MAIL {arg}")
        if not await self._spoilt("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802
        self._sink.commands.append(f"RCPT {arg}")
        if not await self._spoilt("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self._sink.commands.append("DATA")
        if await self._spoilt("DATA"):
            return
        if self._sink.play("BODY"):
            await super().push("354 go on")
            await self._reader.readline()
            self.transport.abort()
            return
        await super().smtp_DATA(arg)

    async def _spoilt(self, stage: Stage) -> bool:
        play = self._sink.play(stage)
        if play == "drop":
            self.transport.abort()
        elif play == "silent":
            await self._reader.read(1)
        elif play:
            await super().push(play)
        return bool(play)


class _Handler:
    """Keeps what is accepted."""

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _mail: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        kept = [one for one in responses if one[4:].split()[0] not in self._sink.without]
        return [f"{one[:3]}{' ' if one is kept[-1] else '-'}{one[4:]}" for one in kept]

    async def handle_DATA(self, server: SMTP, _session: Session, mail: Envelope) -> str:  # noqa: N802
        play = self._sink.play("END")
        if not play:
            sender = (mail.mail_from or "").strip("<>")
            recipients = tuple(str(one) for one in mail.rcpt_tos)
            content = mail.original_content or b""
            self._sink.messages.append(Received(sender, recipients, content, tuple(mail.mail_options)))
            play = self._sink.play("ANSWER")
        if play == "drop":
            server.transport.abort()
        elif play == "silent":
            await server._reader.read(1)
        return "250 kept" if play in ("", "drop", "silent") else play


class _Controller(Controller):
    """Listens on a socket that is bound already."""

    def __init__(self, sink: SmtpSink, listener: socket.socket) -> None:
        self._sink, self._listener = sink, listener
        self._made: list[_Smtp] = []
        options: dict[str, Any] = {"data_size_limit": sink.max_bytes, "enable_SMTPUTF8": "SMTPUTF8" not in sink.without}
        if sink.starttls:
            options |= {"tls_context": sink.starttls, "require_starttls": True}
        if sink.user:
            options |= {"authenticator": self._known, "auth_require_tls": bool(sink.starttls)}
        super().__init__(_Handler(sink), "127.0.0.1", sink.port, ssl_context=sink.tls, **options)

    def factory(self) -> SMTP:
        made = _Smtp(self.handler, **self.SMTP_kwargs)
        made._sink = self._sink
        self._made.append(made)
        return made

    async def hang_up(self) -> None:
        """End every connection, and let the loop see to it."""
        for one in self._made:
            if one.transport:
                one.transport.abort()
        for _ in range(3):
            await asyncio.sleep(0.005)

    def _known(self, _server: Any, _session: Any, _mail: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
        right = (data.login.decode(), data.password.decode()) == (self._sink.user, self._sink.password)
        return AuthResult(success=right, handled=False)

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listener, ssl=self.ssl_context)
