"""The server that mail is handed to: where it is, how the way there is protected, and who we say we are."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

Security: TypeAlias = Literal["tls", "starttls", "plaintext"]

_PORTS: Final = {"smtps": 465, "smtp": 587}
_FORM = "write smtps://USER@HOST, or smtp://USER@HOST for a server that begins with STARTTLS"


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where to submit. ``timeout_s`` bounds a whole submission, to which comes what a large message takes."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)
    #: PEM file of an authority to trust besides the machine's own
    ca_file: Path | None = None
    timeout_s: float = 90.0

    @classmethod
    def at(cls, url: str, *, password: str = "", security: Security | None = None) -> Server:
        """From ``smtps://user@host:port``. Raises ValueError; the text does not repeat the URL."""
        problem = server_problem(url, security)
        if problem:
            raise ValueError(problem)
        parts = urlsplit(url)
        return cls(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            security=_security(parts, security),
            user=unquote(parts.username or ""),
            password=password,
        )


def server_problem(url: str, security: Security | None = None) -> str:
    """What is wrong with the address of a mail server and the cure, or ""."""
    if not url.isprintable() or " " in url:
        return f"is no mail server's address; {_FORM}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return f"is no mail server's address; {_FORM}"
    if parts.scheme not in _PORTS or not host or parts.path.strip("/") or parts.query or parts.fragment:
        return f"is no mail server's address; {_FORM}"
    if parts.password is not None:
        return "must not hold the password; put that into an environment variable"
    if _security(parts, security) == "plaintext" and not is_loopback(host):
        return "would show password and mail to everyone on the way; plaintext is for a loopback address only"
    if security and (security == "tls") != (parts.scheme == "smtps"):
        return "does not fit security; smtps:// is tls, smtp:// is starttls or plaintext"
    return ""


def _security(parts: SplitResult, wanted: Security | None) -> Security:
    """Protected unless the server is this very machine."""
    if wanted:
        return wanted
    if parts.scheme == "smtps":
        return "tls"
    return "plaintext" if is_loopback(parts.hostname or "") else "starttls"


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by name or by number."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
