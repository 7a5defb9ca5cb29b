"""PGP within a text (RFC 9580 section 6.2): what is signed is read, what is encrypted is never shown as text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ENCRYPTED = re.compile(rb"^-----BEGIN PGP MESSAGE-----[ \t]*\r?$", re.MULTILINE)
_ENCRYPTED_END = re.compile(rb"^-----END PGP MESSAGE-----[ \t]*\r?\n?", re.MULTILINE)
_SIGNED = re.compile(
    rb"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\r?\n(?:[A-Za-z-]{1,40}: [^\n]{0,200}\n){0,9}\r?\n", re.MULTILINE
)
_SIGNATURE = re.compile(rb"^-----BEGIN PGP SIGNATURE-----[ \t]*\r?$", re.MULTILINE)
_SIGNATURE_END = re.compile(rb"^-----END PGP SIGNATURE-----[ \t]*\r?\n?", re.MULTILINE)
_DASHED = re.compile(rb"^- (?=-|From )", re.MULTILINE)

ENCRYPTED_NOTE = "the text is encrypted (PGP) and attached as it came"
SIGNED_NOTE = "the text is signed (PGP); the signature was not checked"


@dataclass(frozen=True, slots=True)
class Opened:
    """The text that may be shown, the encrypted blocks, and what to say of it."""

    text: bytes
    blocks: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()


def opened(octets: bytes) -> Opened:
    """The octets of a text without PGP armour; encrypted blocks are cut out."""
    if b"-----BEGIN PGP " not in octets:
        return Opened(octets)
    encrypted = _ENCRYPTED.search(octets)
    if encrypted is not None:
        end = _ENCRYPTED_END.search(octets, encrypted.end())
        stop = end.end() if end else len(octets)
        rest = octets[: encrypted.start()] + octets[stop:]
        return Opened(rest, (octets[encrypted.start() : stop],), (ENCRYPTED_NOTE,))
    return _signed(octets)


def _signed(octets: bytes) -> Opened:
    begin = _SIGNED.search(octets)
    signature = _SIGNATURE.search(octets, begin.end()) if begin else None
    if begin is None or signature is None:
        return Opened(octets)
    end = _SIGNATURE_END.search(octets, signature.end())
    said = _DASHED.sub(b"", octets[begin.end() : signature.start()])
    return Opened(octets[: begin.start()] + said + (octets[end.end() :] if end else b""), (), (SIGNED_NOTE,))
