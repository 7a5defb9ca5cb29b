"""How long to leave a door alone that refused us: 1, 5, 15, 60 minutes, and then each hour (M-18)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from worker.mailbox.errors import LoginRefused

STEPS_S = (60.0, 300.0, 900.0, 3600.0)


class Ladder:
    """Counts refusals in a row."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refusals = 0
        self._refused_at = 0.0

    @property
    def waits_s(self) -> float:
        """Seconds until the next try is worth it; 0 when it is worth it now."""
        if not self._refusals:
            return 0.0
        step_s = STEPS_S[min(self._refusals, len(STEPS_S)) - 1]
        return max(self._refused_at + step_s - self._clock(), 0.0)

    def refused(self) -> None:
        """One more refusal."""
        self._refusals += 1
        self._refused_at = self._clock()

    def admitted(self) -> None:
        """All is well; the next refusal is the first."""
        self._refusals = 0


class Patience(Ladder):
    """Remembers the last refusal too, and tells it again rather than try again too early."""

    _words = ""

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Around a login. Raises LoginRefused when it is too early."""
        if self.waits_s:
            raise LoginRefused(self._words)
        try:
            yield
        except LoginRefused as error:
            self._words = str(error)
            self.refused()
            raise
        self.admitted()
