"""Which addresses may stand in an SMTP command: nothing of a mail becomes syntax here (RFC 5321 §4.1.2)."""

from __future__ import annotations

import re

import idna

_LONGEST_CHARS = 254
_DOT_ATOM = re.compile(r"[^\s()<>\[\]:;@\\,\"\x00-\x20\x7f-\xa0]+")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[\x20-\x7e])*"')
_LABELS = re.compile(r"(?!-)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


def path_of(address: str) -> str:
    """``local@domain`` as a command may hold it, the domain in A-labels. Raises ValueError when it is no address."""
    problem = address_problem(address)
    if problem:
        raise ValueError(problem)
    local, _, domain = address.strip().rpartition("@")
    return f"{local}@{_a_labels(domain)}"


def address_problem(address: str) -> str:
    """What is wrong with an address, or ""."""
    local, at, domain = address.strip().rpartition("@")
    if not at or len(address) > _LONGEST_CHARS:
        return "is no address; write local@domain"
    if not (_DOT_ATOM.fullmatch(local) or _QUOTED.fullmatch(local)) or not local.isprintable():
        return "has a local part that no server takes"
    if not _LABELS.fullmatch(_a_labels(domain)):
        return "has a domain that cannot be"
    return ""


def _a_labels(domain: str) -> str:
    plain = domain.lower()
    if plain.isascii():
        return plain
    try:
        return idna.encode(plain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""
