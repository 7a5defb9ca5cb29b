"""A bad line: a TCP proxy that cuts, resets, swallows, delays, drips or rewrites what passes; TLS passes as it is."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

_CHUNK_BYTES = 1 << 14
End = Literal["close", "reset", "silence"]
Way = Literal["down", "up"]


@dataclass(frozen=True)
class Weather:
    """What befalls a connection. ``down`` is from the server to us."""

    #: octets that still pass in that direction; None: all of them
    after: int | None = None
    #: what happens then: an orderly end, a reset, or nothing at all any more (a half-open line)
    end: End = "close"
    way: Way = "down"
    #: before each piece, in both directions
    delay_s: float = 0.0
    #: between any two octets, on the way down
    dribble_s: float = 0.0
    #: applied to each piece on the way down
    rewrite: Callable[[bytes], bytes] | None = None
    #: how many connections, counted from when the weather began, it befalls; later ones are fair
    connections: int = 1 << 30


@dataclass
class _Line:
    """One connection, both ends of it."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    weather: Weather
    passed: dict[Way, int] = field(default_factory=lambda: {"down": 0, "up": 0})
    silent: bool = False

    def end(self, how: End) -> None:
        """End it at both ends; in silence, neither of them hears of it."""
        self.silent = how == "silence"
        for writer in (self.near, self.far):
            if how == "close":
                writer.close()
            elif how == "reset":
                _reset(writer)


class Proxy:
    """Listens on a free loopback port; use as a context manager. ``weather`` may be changed at any time."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._weather, self._begun = Weather(), 0
        #: octets that passed, over all connections
        self.passed: dict[Way, int] = {"down": 0, "up": 0}
        #: what came up, all of it
        self.heard = bytearray()
        self.connections = 0
        self._lines: list[_Line] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    @property
    def weather(self) -> Weather:
        """What befalls connections from now on."""
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather, self._begun = weather, self.connections

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, sock=self._listener), self._loop
        ).result(10)
        return self

    def cut(self) -> None:
        """End every connection there is."""

        async def ended() -> None:
            for line in self._lines:
                line.end("close")
            self._lines.clear()

        asyncio.run_coroutine_threadsafe(ended(), self._loop).result(10)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        for line in self._lines:
            line.end("close")
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # The transports' own last words.
        await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            answers, far = await asyncio.open_connection(*self._target)
        except OSError:
            near.close()
            return
        self.connections += 1
        is_foul = self.connections - self._begun <= self._weather.connections
        line = _Line(near, far, self._weather if is_foul else Weather())
        self._lines.append(line)
        with suppress(asyncio.CancelledError):
            await asyncio.gather(self._pump(line, "up", reader, far), self._pump(line, "down", answers, near))

    async def _pump(self, line: _Line, way: Way, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while not line.silent and (piece := await source.read(_CHUNK_BYTES)):
                await self._pass_on(line, way, piece, sink)
        if not line.silent:
            sink.close()

    async def _pass_on(self, line: _Line, way: Way, piece: bytes, sink: asyncio.StreamWriter) -> None:
        weather = line.weather
        await asyncio.sleep(weather.delay_s)
        if line.silent:
            return
        if way == "down" and weather.rewrite:
            piece = weather.rewrite(piece)
        left = None if weather.after is None or way != weather.way else weather.after - line.passed[way]
        is_last = left is not None and len(piece) >= left
        piece = piece[:left]
        for part in (piece,) if way == "up" or not weather.dribble_s else (piece[i : i + 1] for i in range(len(piece))):
            sink.write(part)
            await sink.drain()
            await asyncio.sleep(weather.dribble_s if way == "down" else 0)
        line.passed[way] += len(piece)
        self.passed[way] += len(piece)
        if way == "up":
            self.heard += piece
        if is_last:
            line.end(weather.end)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Hang up with a TCP reset, whatever is still on its way."""
    with suppress(OSError):
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
