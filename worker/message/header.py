"""The header as text: every field decoded, the date read, the charset of the body as a hint for raw octets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from worker.parsing.dates import read_date
from worker.parsing.text import one_line
from worker.parsing.words import decode_field, from_octets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.parsing.fields import Block, Field

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
#: how far a sender's clock may be ahead of ours before its date is absurd
_CLOCKS_DIFFER = timedelta(days=7)
_MAX_FIELD_CHARS = 2000
_ONCE = ("From", "Subject", "Message-ID", "Date", "Reply-To", "Content-Type")
_AS_WRITTEN = ("authentication-results",)


def decoded_headers(block: Block, hint: str) -> tuple[tuple[str, str], ...]:
    """Every field in order of appearance: name as written, value decoded on one line."""
    return tuple((found.name, _value(found, hint)) for found in block.fields)


def _value(found: Field, hint: str) -> str:
    # Encoded words within are a stranger's address, as our border found it: decoded, they would be new results (H48).
    if found.name.strip().lower() in _AS_WRITTEN:
        return one_line(from_octets(found.raw))
    return decode_field(found.raw, hint)


def doubled(block: Block) -> list[str]:
    """A note for each field that may stand once and stands more often (RFC 5322 section 3.6, H39)."""
    return [f"the field {name} is there more than once" for name in _ONCE if len(block.all(name.lower())) > 1]


def plausible(sent_at: datetime | None, received_at: datetime) -> datetime | None:
    """The date unless it is absurd (H16)."""
    return sent_at if sent_at is not None and _EARLIEST <= sent_at <= received_at + _CLOCKS_DIFFER else None


def moment(block: Block, read: datetime | None, received_at: datetime, notes: list[str]) -> datetime | None:
    """When the mail was sent: what was ``read``, else the first Date that makes sense, else when a server took it."""
    written = [_text(raw) for raw in block.all("date")]
    dates = (read_date(text, timed) for timed in (True, False) for text in written)
    found = plausible(read, received_at) or _first(dates, received_at)
    if found is None:
        found = _first((read_date(_text(raw).rpartition(";")[2]) for raw in block.all("received")), received_at)
        if found is not None:
            notes.append("the Date field is missing or makes no sense; when a server received the mail stands in")
    return found


def _first(moments: Iterable[datetime | None], received_at: datetime) -> datetime | None:
    return next((moment for moment in moments if plausible(moment, received_at)), None)


def _text(raw: bytes) -> str:
    return from_octets(raw[-_MAX_FIELD_CHARS:])
