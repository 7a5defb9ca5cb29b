"""Who may call now: one gate a bucket, closed by the CRM's own words and never by a guess of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from connectors.contract import Throttled

_SHORTEST_WAIT_S = 0.001


@dataclass
class Pace:
    """At most ``calls`` within any ``window_s`` seconds; the times of those let through lately."""

    calls: int
    window_s: float
    let_through: list[float] = field(default_factory=list)


class Limits:
    """Of one connection, keyed by bucket ("" is the whole connection); safe for many threads.

    A closed bucket refuses at once, so that a call the CRM would refuse is not sent at all.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: bucket → when it opens again, and why it is closed
        self._closed: dict[str, tuple[float, str]] = {}
        self._paces: dict[str, Pace] = {}

    def pace(self, bucket: str, calls: int, window_s: float) -> None:
        """From now on let no more calls than that through, as the vendor's page or its headers say."""
        with self._lock:
            known = self._paces.get(bucket)
            self._paces[bucket] = Pace(calls, window_s, known.let_through if known else [])

    def close(self, bucket: str, for_s: float, why: str) -> None:
        """Refuse this bucket for so many seconds; a longer closure in force stays."""
        with self._lock:
            now = self._clock()
            until = now + for_s
            # A bucket may be a case, of which there are many: what is open again is forgotten.
            self._closed = {name: closed for name, closed in self._closed.items() if closed[0] > now}
            if until > self._closed.get(bucket, (0.0, ""))[0]:
                self._closed[bucket] = (until, why)

    def admit(self, buckets: Iterable[str]) -> None:
        """Let one call through that counts in these buckets. Raises Throttled for the first one that is closed."""
        named = dict.fromkeys(("", *buckets))
        with self._lock:
            now = self._clock()
            for bucket in named:
                wait_s, why = self._wait(bucket, now)
                if wait_s > 0:
                    raise Throttled(why, wait_s, bucket)
            for bucket in named:
                if pace := self._paces.get(bucket):
                    pace.let_through.append(now)

    def _wait(self, bucket: str, now: float) -> tuple[float, str]:
        until, why = self._closed.get(bucket, (0.0, ""))
        if until > now:
            return until - now, why
        self._closed.pop(bucket, None)
        pace = self._paces.get(bucket)
        if pace is None:
            return 0.0, ""
        pace.let_through = [moment for moment in pace.let_through if moment > now - pace.window_s]
        if len(pace.let_through) < pace.calls:
            return 0.0, ""
        told = f"our own limit of {pace.calls} calls in {pace.window_s:g} s{f' for {bucket}' if bucket else ''}"
        # So many must leave the window; never 0, which would be read as "open" where floats are rounded.
        leaves = pace.let_through[-pace.calls] if pace.calls > 0 else now
        return max(leaves + pace.window_s - now, _SHORTEST_WAIT_S), told
