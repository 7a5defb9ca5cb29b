"""One clock for a whole call: every wait on the network gets what is left of it, and no more."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

_here = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What this thread does on the network inside must end in time; an outer clock still counts."""
    outer: float | None = getattr(_here, "end", None)
    end = time.monotonic() + seconds
    _here.end = end if outer is None else min(end, outer)
    try:
        yield
    finally:
        _here.end = outer


def left_s() -> float:
    """Seconds until the clock of this thread runs out; infinite without one."""
    end: float | None = getattr(_here, "end", None)
    return float("inf") if end is None else end - time.monotonic()


def _clamped(timeout: float | None, error: type[httpcore2.TimeoutException]) -> float:
    left = left_s()
    if left <= 0:
        raise error("the time for the whole call is over")
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore2.NetworkStream):
    """A socket whose every operation is clamped: a server that drips bytes cannot hold us."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _clamped(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _clamped(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        clamped = _clamped(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, clamped))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore2.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        clamped = _clamped(timeout, httpcore2.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, clamped, local_address, socket_options))


class _Body(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class Transport(httpx2.BaseTransport):
    """HTTP/1.1 that never sends anything twice by itself and obeys ``within``. Raises httpcore2's errors."""

    def __init__(self, *, tls: bool, connections: int) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context() if tls else None,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=20.0,
            retries=0,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        self._pool.close()
