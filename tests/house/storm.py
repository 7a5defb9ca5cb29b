"""A CRM in foul weather: answers get lost after the deed, the server stumbles, and it asks to slow down."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from connectors.contract import CaseRef, Delivery, InDoubt, Retryable, Throttled
from connectors.desk import Desk
from tests.fakes.http_server import FakeServer, Fault, Reply

R = TypeVar("R")

LOST, STUMBLES, SLOW_DOWN = 0.10, 0.05, 0.05
_HTML = {"Content-Type": "text/html"}


class Storm:
    """Says of each request what goes wrong with it; ``met`` counts what did."""

    def __init__(self, seed: int, refusal: Reply | None = None) -> None:
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._refusal = refusal or Reply(429, {"error": "slow down"}, {"Retry-After": "1"})
        self.met: Counter[str] = Counter()
        self.over = False

    def draw(self) -> str:
        """lost, stumbles (a deed left undone), stumbles late (a deed done), slow down, or "" most of the time."""
        with self._lock:
            chance, late = self._rng.random(), self._rng.random() < 0.5
            kind = "lost" if chance < LOST else ""
            if LOST <= chance < LOST + STUMBLES:
                kind = "stumbles late" if late else "stumbles"
            if LOST + STUMBLES <= chance < LOST + STUMBLES + SLOW_DOWN:
                kind = "slow down"
            kind = "" if self.over else kind
            self.met[kind or "fair"] += 1
            return kind

    def over_server(self, fake: FakeServer) -> None:
        """Let it fall upon every request, whatever it is for."""
        planned = fake.take_fault
        fake.take_fault = lambda method, path: planned(method, path) or self._fault()  # type: ignore[method-assign]

    def _fault(self) -> Fault | None:
        kind = self.draw()
        if kind == "lost":
            return Fault("cut", at_byte=20) if self._even() else Fault("reset_after")
        if kind == "slow down":
            return Fault("reply", reply=self._refusal)
        if kind:
            status = 500 if self._even() else 502
            return Fault("reply", reply=Reply(status, b"<html>oops</html>", _HTML), applied=kind == "stumbles late")
        return None

    def _even(self) -> bool:
        return self.met.total() % 2 == 0


class StormyDesk(Desk):
    """The desk has no wire that could break; so its calls fail as those of a CRM behind one would."""

    def __init__(self, path: str, storm: Storm) -> None:
        super().__init__(path=path)
        self._storm = storm

    def find(self, delivery: Delivery) -> CaseRef | None:
        return self._weathered(lambda: super(StormyDesk, self).find(delivery), writes=False)

    def create(self, delivery: Delivery) -> CaseRef:
        return self._weathered(lambda: super(StormyDesk, self).create(delivery))

    def append(self, delivery: Delivery) -> CaseRef:
        return self._weathered(lambda: super(StormyDesk, self).append(delivery))

    def _weathered(self, call: Callable[[], R], *, writes: bool = True) -> R:
        kind = self._storm.draw()
        if kind == "slow down":
            raise Throttled("slow down", 1.0)
        if kind == "stumbles":
            raise InDoubt("500") if writes else Retryable("500")
        done = call()
        if kind:
            raise InDoubt(kind) if writes else Retryable(kind)
        return done
