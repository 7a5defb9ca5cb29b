"""What was learnt a short while ago: bounded, forgetful, safe for many threads."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """At most ``size`` values by name, each for ``lives_s`` seconds; the oldest make room for the newest."""

    def __init__(self, size: int, lives_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._lives_s = lives_s
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> V | None:
        """The value, or None when there is none or it is too old."""
        with self._lock:
            since, value = self._kept.get(name, (None, None))
            return None if since is None or self._clock() - since > self._lives_s else value

    def put(self, name: str, value: V) -> None:
        """Remember it from now on."""
        with self._lock:
            self._kept.pop(name, None)
            self._kept[name] = (self._clock(), value)
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def forget(self, name: str) -> None:
        """As if it had never been there."""
        with self._lock:
            self._kept.pop(name, None)
