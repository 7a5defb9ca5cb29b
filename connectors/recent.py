"""What was learnt a short while ago: bounded, forgetful, safe for many threads."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """At most ``size`` values, each for ``lives_s`` seconds; the oldest make room for the newest."""

    def __init__(self, size: int, lives_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._lives_s = lives_s
        self._clock = clock
        #: value and the end of its life, by key
        self._kept: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> V | None:
        """The value, or None when there is none or it is too old."""
        found = self._found(key)
        return found[1] if found else None

    def put(self, key: Hashable, value: V, lives_s: float | None = None) -> None:
        """Remember it from now on, for longer or shorter than usual if need be."""
        with self._lock:
            self._kept[key] = (self._clock() + (self._lives_s if lives_s is None else lives_s), value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def asked(self, key: Hashable, ask: Callable[[], V]) -> V:
        """The value; asked for when there is none or it is too old. Two threads may ask at once, to no harm."""
        found = self._found(key)
        if found:
            return found[1]
        value = ask()
        self.put(key, value)
        return value

    def forget(self, key: Hashable) -> None:
        """As if it had never been there."""
        with self._lock:
            self._kept.pop(key, None)

    def forget_all(self) -> None:
        """As if nothing had ever been learnt."""
        with self._lock:
            self._kept.clear()

    def _found(self, key: Hashable) -> tuple[float, V] | None:
        with self._lock:
            kept = self._kept.get(key)
            return kept if kept and self._clock() <= kept[0] else None
