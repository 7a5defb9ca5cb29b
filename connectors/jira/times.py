"""Jira's times, in whichever form they come, as aware UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

_BARE_OFFSET = re.compile(r"([+-]\d\d)(\d\d)\Z")


def moment(shown: Any) -> datetime | None:
    """``2021-01-20T15:58:12.797+1100``, or milliseconds since 1970; None for anything else."""
    try:
        if isinstance(shown, int) and not isinstance(shown, bool):
            return datetime.fromtimestamp(shown / 1000, UTC)
        found = datetime.fromisoformat(_BARE_OFFSET.sub(r"\1:\2", str(shown)))
    except (ValueError, OverflowError, OSError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
