"""Scripted misbehaviour: which command, which time, what goes wrong."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """What goes wrong. ``GREETING`` as a command name stands for the moment of connecting."""

    DROP_BEFORE = "the connection ends, nothing was done"
    DROP_AFTER = "it was done, and the connection ends without an answer"
    DROP_MIDWAY = "it was done, half of the answer is sent, then the connection ends"
    BYE = "* BYE with Fault.text; nothing was done"
    NO = "tagged NO with Fault.text; nothing was done"
    BAD = "tagged BAD with Fault.text; nothing was done"
    IGNORED = "tagged OK with Fault.text; nothing was done"
    DELAY = "the answer comes Fault.seconds later"
    DRIBBLE = "the answer comes one byte every Fault.seconds"
    SILENCE = "no answer, the connection stays"
    ALERT = "an untagged OK with Fault.text comes before the answer"
    GARBAGE = "a line that is no IMAP comes before the answer"
    NIL_BODY = "FETCH: bodies are NIL, as of a message that was just expunged"
    LYING_SIZE = "FETCH: RFC822.SIZE is Fault.number"
    LONG_LITERAL = "FETCH: literals announce Fault.number bytes more than they hold"
    DROPPED_KEYWORDS = "STORE, APPEND: keywords are lost without a word"
    DEAF = "IDLE: nothing is announced"
    END_OF_IDLE = "IDLE: after Fault.seconds the connection ends, with * BYE when there is a Fault.text"
    NEW_UIDVALIDITY = "the folder in use (or INBOX) gets a new UIDVALIDITY and new UIDs, then the command runs"


@dataclass(frozen=True)
class Fault:
    """``action`` befalls the ``nth`` and the following ``times - 1`` commands of that name, over all connections.

    command  name in capitals without UID, such as FETCH; GREETING for the connecting; ``*`` for any command
    nth      counted from 1, from when the fault was planned
    times    how many commands in a row; 0 means from then on, for ever
    """

    command: str
    nth: int
    action: Action
    times: int = 1
    text: str = ""
    seconds: float = 0.0
    number: int = 0


class Faults:
    """A plan of faults for one server; it may grow while the server runs. Thread-safe."""

    def __init__(self, *planned: Fault) -> None:
        self._lock = threading.Lock()
        self._seen: dict[int, int] = {}
        self._planned: list[Fault] = list(planned)
        self._fired: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Plan one more; its count starts now."""
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        """Plan nothing any more."""
        with self._lock:
            self._planned.clear()
            self._seen.clear()

    @property
    def fired(self) -> tuple[Fault, ...]:
        """What has happened, in order; a fault that befell twice stands twice."""
        with self._lock:
            return tuple(self._fired)

    def due(self, command: str) -> tuple[Fault, ...]:
        """Count this command; gives the faults that befall it."""
        with self._lock:
            befalling = [fault for at, fault in enumerate(self._planned) if self._befalls(at, fault, command)]
            self._fired += befalling
            return tuple(befalling)

    def _befalls(self, at: int, fault: Fault, command: str) -> bool:
        if fault.command not in (command, "*") or (command == "GREETING" and fault.command == "*"):
            return False
        seen = self._seen[at] = self._seen.get(at, 0) + 1
        return seen >= fault.nth and (fault.times == 0 or seen < fault.nth + fault.times)
