"""One spelling for each address, so that comparing two of them is comparing two strings."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

import idna

# RFC 5321 4.1.2 without white space; anything else is no address that a rule could name.
_DOT_ATOM = re.compile(r"[^\s()<>\[\]:;@\\,\"\x00-\x1f\x7f]+")
_QUOTED = re.compile(r'"([^"\\\x00-\x1f\x7f]*)"')
_LONGEST_ADDRESS_CHARS = 320


@lru_cache(maxsize=4096)
def domain_key(domain: str) -> str:
    """A domain in A-labels, lower case, without a trailing dot; as found if it is no domain at all."""
    plain = domain.strip().rstrip(".").lower()
    if plain.isascii():
        return plain
    try:
        return idna.encode(plain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return plain.casefold()


def shown_domain(domain_in_a_labels: str) -> str:
    """The same domain as people write it, in Unicode."""
    try:
        return idna.decode(domain_in_a_labels)
    except (idna.IDNAError, UnicodeError):
        return domain_in_a_labels


def address_key(text: str) -> str:
    """``local@domain`` with the domain in A-labels, or "" when the text is not exactly one address.

    The local part stays as written; rules compare it without regard to case. ``a@b@c`` is no address.
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or not domain or len(text) > _LONGEST_ADDRESS_CHARS:
        return ""
    quoted = _QUOTED.fullmatch(local)
    if quoted and _DOT_ATOM.fullmatch(quoted[1]):
        local = quoted[1]
    elif not quoted and not _DOT_ATOM.fullmatch(local):
        return ""
    return f"{local}@{domain_key(domain)}" if _DOT_ATOM.fullmatch(domain.strip()) else ""


def split_detail(address: str) -> tuple[str, str]:
    """``support+vip@x`` to ``("support@x", "vip")`` (RFC 5233); the detail is "" when there is none."""
    local, _, domain = address.rpartition("@")
    user, _, detail = local.partition("+")
    return (f"{user}@{domain}", detail) if user and detail else (address, "")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
