"""What a route says of mail that no customer wrote: spam, bounces, auto-replies, our own loop."""

from __future__ import annotations

from collections.abc import Sequence

from worker.outcome import Discarded, Held, Outcome
from worker.settings import Policy, Route


def ruled(route: Route, kind: str, reasons: Sequence[str]) -> Outcome | None:
    """The outcome by rule, or None when the message is to be delivered. ``kind`` is a verdict's kind."""
    why = f"{kind.replace('_', ' ')}: {'; '.join(reasons)}"
    if kind == "loop":
        return Discarded(why)
    if kind == "spam":
        return _by(route.spam, why)
    if kind in ("bounce", "auto_reply"):
        return _by(route.automatic, why)
    return None


def _by(policy: Policy, why: str) -> Outcome | None:
    if policy == "hold":
        return Held(why)
    return Discarded(why) if policy == "discard" else None
