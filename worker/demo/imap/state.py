"""What a folder remembers between two runs: UIDVALIDITY, UIDs, flags, MODSEQ, dates, in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from worker.demo.imap.content import Measure, Stamp

FILE_NAME = ".mailbox-state.json"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of one folder: its file, and what IMAP says of it."""

    uid: int
    file_name: str
    stamp: Stamp
    modseq: int
    #: INTERNALDATE; aware, UTC
    received_at: datetime
    flags: frozenset[str] = frozenset()
    measure: Measure | None = None


@dataclass(frozen=True)
class State:
    """A folder as it was saved."""

    uidvalidity: int
    uidnext: int
    modseq: int
    messages: tuple[Message, ...]


def load(directory: Path) -> State | None:
    """None when nothing was saved, or when it cannot be read: the folder then starts anew, as a server's would."""
    try:
        saved = json.loads((directory / FILE_NAME).read_bytes())
        if saved["format"] != FORMAT:
            return None
        messages = tuple(_message(row) for row in saved["messages"])
        return State(int(saved["uidvalidity"]), int(saved["uidnext"]), int(saved["modseq"]), messages)
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None


def save(directory: Path, state: State) -> None:
    """Replace the folder's file in one step. Raises OSError."""
    content = {
        "format": FORMAT,
        "uidvalidity": state.uidvalidity,
        "uidnext": state.uidnext,
        "modseq": state.modseq,
        "messages": [_row(message) for message in state.messages],
    }
    temporary = directory / (FILE_NAME + ".partial")
    temporary.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
    temporary.replace(directory / FILE_NAME)


def _row(message: Message) -> list[Any]:
    measure = message.measure or Measure(-1, -1)
    return [
        *(message.uid, message.file_name, *message.stamp, message.modseq),
        *(message.received_at.isoformat(), measure.size_bytes, measure.bare_lf, *sorted(message.flags)),
    ]


def _message(row: list[Any]) -> Message:
    uid, file_name, changed_ns, disk_bytes, modseq, received_at, size_bytes, bare_lf, *flags = row
    return Message(
        uid=int(uid),
        file_name=str(file_name),
        stamp=(int(changed_ns), int(disk_bytes)),
        modseq=int(modseq),
        received_at=datetime.fromisoformat(received_at),
        flags=frozenset(map(str, flags)),
        measure=None if size_bytes < 0 else Measure(int(size_bytes), int(bare_lf)),
    )


def ordered(messages: Iterable[Message]) -> tuple[Message, ...]:
    """By UID, ascending."""
    return tuple(sorted(messages, key=lambda message: message.uid))
