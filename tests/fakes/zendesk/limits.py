"""The fake Zendesk's counters: of the account, of one kind of call, of one ticket."""

from __future__ import annotations

import time
from collections import defaultdict

from tests.fakes.http_server import Reply
from tests.fakes.zendesk.strict import Refusal


class Counters:
    """Sliding windows by name; ``limits`` may be changed by a test."""

    def __init__(self) -> None:
        #: name → calls, seconds
        self.limits: dict[str, tuple[int, float]] = {
            "account": (100_000, 60.0),
            "tickets-update": (100_000, 60.0),
            "incremental-exports-cursor": (100_000, 60.0),
        }
        self._calls: dict[str, list[float]] = defaultdict(list)

    def count(self, name: str, status_body: dict[str, str], after_s: int) -> None:
        """Let one more through, or refuse it."""
        calls, window_s = self.limits[name]
        moment = time.monotonic()
        self._calls[name] = [one for one in self._calls[name] if moment - one < window_s]
        if len(self._calls[name]) >= calls:
            raise Refusal(Reply(429, status_body, {"Retry-After": str(after_s)}))
        self._calls[name].append(moment)

    def headers(self, kind: str) -> dict[str, str]:
        """What every answer carries; of a kind with a limit of its own, that counter too."""
        calls, window_s = self.limits["account"]
        left = max(calls - len(self._calls["account"]), 0)
        shown = {
            "X-Rate-Limit": str(calls),
            "X-Rate-Limit-Remaining": str(left),
            "RateLimit-Limit": str(calls),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(int(window_s)),
        }
        if kind:
            total, window_s = self.limits[kind]
            left = max(total - len(self._calls[kind]), 0)
            shown[f"Zendesk-RateLimit-{kind}"] = f"total={total}; remaining={left}; resets={int(window_s)}"
        return shown
