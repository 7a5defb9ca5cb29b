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
        self._values: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> V | None:
        """The value, or None when there is none or it is too old."""
        with self._lock:
            kept = self._values.get(key)
            if kept is None or self._clock() - kept[0] > self._lives_s:
                return None
            return kept[1]

    def put(self, key: Hashable, value: V) -> None:
        """Remember it from now on."""
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = (self._clock(), value)
            while len(self._values) > self._size:
                self._values.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        """As if it had never been there."""
        with self._lock:
            self._values.pop(key, None)
