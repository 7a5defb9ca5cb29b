"""From a host's name to a connected socket, within a time, and given up at once when we are asked to stop."""

from __future__ import annotations

import errno
import ipaddress
import os
import selectors
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

from worker.mailbox.errors import Refused
from worker.mailbox.lifeline import LOOK_S, Lifeline

_CONNECTING = (errno.EINPROGRESS, errno.EWOULDBLOCK)


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens, and how the connection is protected."""

    mailbox: str
    host: str
    port: int
    security: str
    tls: ssl.SSLContext | None
    lifeline: Lifeline = field(default_factory=Lifeline)


def dial(endpoint: Endpoint, until: float) -> socket.socket:
    """The first address that answers; each gets its share of the time left. Raises Refused, OSError."""
    addresses = _addresses(endpoint, until)
    if endpoint.security == "plaintext":
        _loopback_only(endpoint, [str(address[4][0]) for address in addresses])
    failure: OSError = OSError("the host has no address")
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        endpoint.lifeline.check()
        sock = socket.socket(family, kind, protocol)
        share_s = max((until - time.monotonic()) / (len(addresses) - place), 0.1)
        try:
            _connect(sock, address, time.monotonic() + share_s, endpoint.lifeline)
        except OSError as error:
            failure = error
            sock.close()
        else:
            _keep_alive(sock)
            return sock
    raise failure


def _addresses(endpoint: Endpoint, until: float) -> list[Any]:
    """The resolver knows no deadline and cannot be woken, so that a name is looked up in a thread of its own."""

    def look_up() -> list[Any]:
        return socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)

    try:
        ipaddress.ip_address(endpoint.host)
    except ValueError:
        return endpoint.lifeline.during(look_up, max(until - time.monotonic(), 0.1))
    return look_up()


def _connect(sock: socket.socket, address: Any, until: float, lifeline: Lifeline) -> None:
    """As ``socket.connect``, looking up now and then. Raises TimeoutError, ConnectionAbortedError, other OSError."""
    sock.setblocking(False)
    code = sock.connect_ex(address)
    if code in _CONNECTING:
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_WRITE)
            while not selector.select(min(LOOK_S, max(until - time.monotonic(), 0.0))):
                lifeline.check()
                if time.monotonic() >= until:
                    raise TimeoutError("timed out")
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _loopback_only(endpoint: Endpoint, addresses: list[str]) -> None:
    if not all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses):
        raise Refused(
            f"mailboxes.{endpoint.mailbox}.security: 'plaintext' would send the password readable over the network to "
            f"{endpoint.host}; use 'tls' or 'starttls'"
        )


def _keep_alive(sock: socket.socket) -> None:
    """Let the kernel find a peer that is gone without a word, so that an idling connection does not wait for ever."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 120), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
