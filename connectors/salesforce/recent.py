"""What Salesforce told us a short while ago: bounded, forgetful, safe for many threads."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")
_SIZE = 10_000


class Recent(Generic[V]):
    """Values that live for ``lives_s`` seconds; the oldest of more than ten thousand make room."""

    def __init__(self, lives_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lives_s = lives_s
        self._clock = clock
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()

    def get(self, key: Hashable, ask: Callable[[], V]) -> V:
        """The value; asked for when there is none or it is too old. Two threads may ask at once, to no harm."""
        with self._lock:
            kept = self._values.get(key)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        value = ask()
        self.put(key, value)
        return value

    def put(self, key: Hashable, value: V, lives_s: float | None = None) -> None:
        """Remember it from now on, for longer or shorter than usual if need be."""
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = (self._clock() + (self._lives_s if lives_s is None else lives_s), value)
            while len(self._values) > _SIZE:
                self._values.popitem(last=False)

    def forget(self) -> None:
        """As if nothing had ever been told."""
        with self._lock:
            self._values.clear()
