"""The answer to where a key is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from connectors.contract import CaseRef

EVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """The issue that holds the key, when the message came to be there, and when our next one did."""

    case: CaseRef
    since: datetime
    until: datetime = EVER
    #: whether our property is there, which a crash may have prevented where it takes a call of its own
    stamped: bool = True
