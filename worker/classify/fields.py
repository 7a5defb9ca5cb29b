"""Header fields as reasons: which field said so, and what it said."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.message import InboundMessage

_MAX_VALUE_CHARS = 120


def found(message: InboundMessage, name: str, accept: Callable[[str], object]) -> str | None:
    """The first field of that name whose value, in lower case, is accepted; as "Name: value"."""
    for value in message.headers_named(name):
        if accept(value.strip().lower()):
            return f"{name}: {value[:_MAX_VALUE_CHARS]}".rstrip()
    return None


def any_of(message: InboundMessage, names: tuple[str, ...]) -> str | None:
    """The first of these fields that is there and says something."""
    return next(filter(None, (found(message, name, bool) for name in names)), None)
