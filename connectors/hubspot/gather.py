"""Questions of many threads in one call: whoever comes while a call is under way goes with the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Gather(Generic[Q, A]):
    """``ask`` gets at most ``most`` questions by name, and gives an answer for each name.

    Nobody waits for company: a lone thread asks at once. An answer never comes from a call that had left before
    the question was put, so it is as fresh as one's own.
    """

    def __init__(self, ask: Callable[[Mapping[str, Q]], Mapping[str, A]], most: int) -> None:
        self._ask = ask
        self._most = most
        self._guard = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: dict[str, tuple[Q, Future[A]]] = {}

    def get(self, name: str, question: Q) -> A:
        """The answer. Raises what ``ask`` raised for the call that carried the question."""
        with self._guard:
            _, mine = self._waiting.setdefault(name, (question, Future()))
        while not mine.done():
            with self._turn:
                if not mine.done():
                    self._carry(self._taken())
        return mine.result()

    def _taken(self) -> dict[str, tuple[Q, Future[A]]]:
        with self._guard:
            names = list(self._waiting)[: self._most]
            return {name: self._waiting.pop(name) for name in names}

    def _carry(self, batch: Mapping[str, tuple[Q, Future[A]]]) -> None:
        try:
            answers = self._ask({name: question for name, (question, _) in batch.items()})
            for name, (_, future) in batch.items():
                future.set_result(answers[name])
        # Whatever went wrong is everybody's in this batch: nobody may wait for ever.
        except BaseException as error:
            for _, future in batch.values():
                if not future.done():
                    future.set_exception(error)
