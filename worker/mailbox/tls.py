"""TLS towards mail servers: one context per authority, and what a person must do when it fails."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from worker.mailbox.errors import MailboxError, Refused, Unreachable, one_line

#: OpenSSL's words for a peer that speaks no TLS at all, or one too old (below 1.2)
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION"})


def context_for(name: str, ca_file: Path | None) -> ssl.SSLContext:
    """The context that checks certificate and host name. Raises Refused when ``ca_file`` cannot be used."""
    try:
        return _context(ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Refused(
            f"mailboxes.{name}.ca_file: {ca_file} cannot be used ({one_line(error)}); "
            "name a PEM file of the authority that signed the server's certificate"
        ) from None


@lru_cache(maxsize=64)
def _context(ca_file: Path | None) -> ssl.SSLContext:
    # Shared by all connections: loading the authorities takes 20 ms, and each copy its memory.
    return ssl.create_default_context(cafile=ca_file)


def tls_failure(name: str, where: str, error: ssl.SSLError) -> MailboxError:
    """Refused when only a person can cure it, else Unreachable."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Refused(
            f"{where}: the server's certificate is not accepted: {one_line(error.verify_message)}; renew it, "
            f"correct mailboxes.{name}.host, or name its authority in mailboxes.{name}.ca_file"
        )
    if error.reason in _NO_TLS:
        return Refused(
            f"{where}: no TLS 1.2 or newer on this port ({error.reason}); correct mailboxes.{name}.port "
            f"and mailboxes.{name}.security"
        )
    return Unreachable(f"{where}: TLS failed: {one_line(error.reason or error)}")
