"""Order within a conversation, side by side otherwise; and a bound on what is held in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """Runs tasks on a pool; tasks that share an id run one after the other, in the order they were given.

    The ids of a task are the Message-IDs it is about, so a reply never overtakes the message it answers.
    """

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        #: by id, the last task that shares it, until that is done
        self._last: dict[str, Future[T]] = {}

    def submit(self, ids: Iterable[str], task: Callable[[], T]) -> Future[T]:
        """Run ``task`` once every earlier task that shares an id is done. The future carries what it returns."""
        ours: Future[T] = Future()
        names = frozenset(ids)
        with self._lock:
            earlier = {self._last[name] for name in names if name in self._last}
            self._last.update(dict.fromkeys(names, ours))
        ours.add_done_callback(partial(self._forget, names))
        self._after(earlier, lambda: self._pool.submit(self._run, ours, task))
        return ours

    def _after(self, earlier: set[Future[T]], start: Callable[[], object]) -> None:
        """Call ``start`` when all of ``earlier`` are done; at once when there is nothing to wait for."""
        if not earlier:
            start()
            return
        lock, left = threading.Lock(), len(earlier)

        def one_less(_: Future[T]) -> None:
            nonlocal left
            with lock:
                left -= 1
                last = left == 0
            if last:
                start()

        for future in earlier:
            future.add_done_callback(one_less)

    def _run(self, ours: Future[T], task: Callable[[], T]) -> None:
        try:
            result = task()
        except BaseException as error:
            ours.set_exception(error)
        else:
            ours.set_result(result)

    def _forget(self, names: Iterable[str], ours: Future[T]) -> None:
        with self._lock:
            for name in names:
                if self._last.get(name) is ours:
                    del self._last[name]


class Budget:
    """At most ``limit_bytes`` held at a time; a single larger demand is let in alone."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._held = 0
        self._freed = threading.Condition()

    def take(self, size_bytes: int) -> None:
        """Wait until there is room, then hold it."""
        with self._freed:
            self._freed.wait_for(lambda: self._fits(size_bytes))
            self._held += size_bytes

    def take_now(self, size_bytes: int) -> bool:
        """Hold it if there is room at once; whether there was."""
        with self._freed:
            fits = self._fits(size_bytes)
            self._held += size_bytes if fits else 0
            return fits

    def _fits(self, size_bytes: int) -> bool:
        return self._held == 0 or self._held + size_bytes <= self._limit

    def give(self, size_bytes: int) -> None:
        """Let go of what ``take`` held."""
        with self._freed:
            self._held -= size_bytes
            self._freed.notify_all()
