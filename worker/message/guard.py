"""The guarded child as seen from the worker: parses where a hostile mail can hurt nobody but itself (M26, H20, P3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.message.errand import Errand, GuardError, Runner

if TYPE_CHECKING:
    from pathlib import Path

    from worker.message.model import InboundMessage, Source

__all__ = ["MEMORY_LIMIT_BYTES", "WALL_LIMIT_S", "Errand", "Guard", "GuardError"]

#: address space of the child: bounds what one mail can take
MEMORY_LIMIT_BYTES = 384 * 1024 * 1024
WALL_LIMIT_S = 10.0


class Guard:
    """``size`` children, started when needed and again when a mail has ended one. For any number of threads."""

    def __init__(
        self, size: int = 1, wall_limit_s: float = WALL_LIMIT_S, memory_limit_bytes: int = MEMORY_LIMIT_BYTES
    ) -> None:
        self._runners = [Runner(wall_limit_s, memory_limit_bytes) for _ in range(size)]

    def warm(self) -> None:
        """Start the children now, since the first mails will need them; says nothing of what is in the way."""
        for runner in self._runners:
            runner.warm()

    def begin(self, source: Source, spool: Path | None = None) -> Errand:
        """Have a mail read while the caller does something else, such as fetching the next; its ``result()`` is as
        ``parse`` says. Who began it must ask for the result before ``spool`` is removed. Raises GuardError.
        """
        return min(self._runners, key=lambda runner: runner.load).begin(source, spool)

    def parse(self, source: Source, spool: Path | None = None) -> InboundMessage:
        """As ``worker.message.reading.parse``, in bounded time and memory. Raises GuardError and nothing else."""
        return self.begin(source, spool).result()

    def pids(self) -> tuple[int, ...]:
        """The children that live now."""
        return tuple(pid for runner in self._runners if (pid := runner.pid) is not None)

    def close(self) -> None:
        """End the children, after the mails they are at; may be called twice."""
        for runner in self._runners:
            runner.close()
