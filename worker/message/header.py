"""The header as text: every field decoded, the date read, the charset of the body as a hint for raw octets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import mktime_tz, parsedate_tz
from typing import TYPE_CHECKING

from worker.parsing.words import decode_field

if TYPE_CHECKING:
    from worker.parsing.fields import Block

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
#: how far a sender's clock may be ahead of ours before its date is absurd
_CLOCKS_DIFFER = timedelta(days=7)
_MAX_DATE_CHARS = 100
_ONCE = ("From", "Subject", "Message-ID", "Date", "Reply-To", "Content-Type")


def decoded_headers(block: Block, hint: str) -> tuple[tuple[str, str], ...]:
    """Every field in order of appearance: name as written, value decoded on one line."""
    return tuple((found.name, decode_field(found.raw, hint)) for found in block.fields)


def doubled(block: Block) -> list[str]:
    """A note for each field that may stand once and stands more often (RFC 5322 section 3.6, H39)."""
    return [f"the field {name} is there more than once" for name in _ONCE if len(block.all(name.lower())) > 1]


def plausible(sent_at: datetime | None, received_at: datetime) -> datetime | None:
    """The date unless it is absurd (H16)."""
    return sent_at if sent_at is not None and _EARLIEST <= sent_at <= received_at + _CLOCKS_DIFFER else None


def lenient_date(field: str) -> datetime | None:
    """The date of a field that breaks RFC 5322, as far as the standard library can make sense of it."""
    try:
        parsed = parsedate_tz(field[:_MAX_DATE_CHARS])
        return datetime.fromtimestamp(mktime_tz(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, IndexError, TypeError, AttributeError, OSError):
        return None
