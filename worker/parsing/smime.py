"""S/MIME (RFC 8551): what is opaquely signed is taken out of its wrapping, what is encrypted is named as such."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_SMIME_BYTES = 32 * 1024 * 1024
CONTENT_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
SIGNED_NOTE = "the mail is signed (S/MIME); the signature was not checked"
ENCRYPTED_NOTE = "the mail is encrypted (S/MIME) and attached as it came"
UNREADABLE_NOTE = "an S/MIME part could not be opened"
_ENCRYPTED = frozenset(
    {"enveloped_data", "authenticated_enveloped_data", "encrypted_data", "signed_and_enveloped_data"}
)


@dataclass(frozen=True, slots=True)
class Wrapping:
    """The MIME entity that was signed, or None, and what to say of it."""

    entity: bytes | None
    note: str


def opened(content: bytes) -> Wrapping:
    """What a CMS structure holds; never raises."""
    # Imported here because few mails need it and it costs time and memory in the child.
    from asn1crypto import cms

    try:
        return _opened(cms.ContentInfo.load(content))
    except Exception:  # the library raises ValueError, TypeError, KeyError and more on damaged input
        return Wrapping(None, UNREADABLE_NOTE)


def _opened(info: Any) -> Wrapping:
    kind = info["content_type"].native
    if kind in _ENCRYPTED:
        return Wrapping(None, ENCRYPTED_NOTE)
    if kind != "signed_data":
        return Wrapping(None, f"an S/MIME part of type {str(kind)[:40]} was not opened")
    entity = info["content"]["encap_content_info"]["content"].native
    return Wrapping(entity, SIGNED_NOTE) if isinstance(entity, bytes) else Wrapping(None, UNREADABLE_NOTE)
