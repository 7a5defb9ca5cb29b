"""Polls on one machine: whatever is asked for is done here."""

from __future__ import annotations

from worker.scheduler.turns import Turns


class Polls(Turns):
    """Hands mailboxes to a pool of threads; asking twice for one that is being polled means once more after it."""

    def start(self) -> None:
        """Poll every mailbox once, to begin with."""
        for name in self._turns:
            self.ask(name)

    def ask(self, name: str) -> None:
        """Have the mailbox polled soon; cheap, never blocks, harmless when repeated."""
        turn = self._turns[name]
        with self._lock:
            if not self._house.stopping.is_set() and not self._waits_s(turn):
                self._begin(turn, self._poll)

    def tick(self, name: str) -> None:
        """The clock says that the mailbox should be polled."""
        self.ask(name)

    def _listens(self, name: str) -> bool:
        return True
