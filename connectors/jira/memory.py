"""What this process knows for a while, and one lock a key: two tries at once of one message take turns."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """At most ``size`` values, each for ``lives_s`` seconds; the oldest make room for the newest."""

    def __init__(self, size: int, lives_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._lives_s = lives_s
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> V | None:
        """The value, or None when there is none or it is too old."""
        with self._lock:
            since, value = self._kept.get(key, (float("-inf"), None))
            return value if self._clock() - since <= self._lives_s else None

    def put(self, key: Hashable, value: V) -> None:
        """Remember it from now on."""
        with self._lock:
            self._kept[key] = (self._clock(), value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        """As if it had never been there."""
        with self._lock:
            self._kept.pop(key, None)


class KeyLocks:
    """A lock for each key, kept only while somebody holds or awaits it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def held(self, key: str) -> Iterator[None]:
        """Nobody else of this process is inside with the same key."""
        with self._guard:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            self._leave(key)

    def _leave(self, key: str) -> None:
        with self._guard:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)
