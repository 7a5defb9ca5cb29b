"""One message in hand, what it weighs, and how it is let go."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from worker.lanes import Budget
from worker.message import InboundMessage, Source
from worker.slot import Waiting

#: Only a message above this size can hold an attachment that is kept in a file.
SPOOLED_BYTES = 1024 * 1024
#: What a message takes in memory beside its bytes.
_OVERHEAD_BYTES = 16 * 1024


@dataclass(frozen=True)
class Letter:
    """One message in hand: where it lies, its bytes, and what was read out of them."""

    waiting: Waiting
    source: Source
    message: InboundMessage
    spool: Path | None = None


def weight(source: Source) -> int:
    """Bytes of memory a message holds: few when it is kept in a file."""
    return _OVERHEAD_BYTES + (source.size_bytes if isinstance(source.content, bytes) else SPOOLED_BYTES)


def let_go(source: Source, spool: Path | None, budget: Budget) -> None:
    """Give back the memory, and remove what was kept in files."""
    budget.give(weight(source))
    if isinstance(source.content, Path):
        source.content.unlink(missing_ok=True)
    if spool:
        shutil.rmtree(spool, ignore_errors=True)
