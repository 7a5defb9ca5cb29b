"""What can be wrong with the routes: names that lead nowhere, patterns that cannot be, rules that never get a turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass

from worker.settings.model import Route
from worker.settings.patterns import REGEX, AddressRule, address_rule, header_condition, text_test
from worker.settings.problems import Mistake, nearest

_FORMS = 'Write an address, "*@domain", "re:PATTERN" or "*".'
_RE2 = "Patterns are RE2: no back-reference, no look-around."
_READERS: tuple[tuple[str, Callable[[str], object], str], ...] = (
    ("address", address_rule, _FORMS),
    ("sender", address_rule, _FORMS),
    ("subject", text_test, 'Write the text it contains, or "re:PATTERN".'),
    ("header", header_condition, 'Write "Name", "Name: text" or "Name: re:PATTERN".'),
)


@dataclass(frozen=True)
class Known:
    """What routes may name, and which of them (counted from 0) lack a key because its shape was wrong."""

    connectors: Set[str]
    replies: Set[str]
    broken: Set[int] = frozenset()


def route_mistakes(routes: Sequence[Route], known: Known) -> Iterator[Mistake]:
    """Every mistake of every route."""
    for number, route in enumerate(routes):
        yield from _conditions(number, route)
        yield from _connectors(number, route, known)
        yield from _reply(number, route, known.replies)
    yield from _never_reached(routes, known.broken)


def _conditions(number: int, route: Route) -> Iterator[Mistake]:
    for key, read, forms in _READERS:
        written = getattr(route, key)
        if written is None:
            continue
        try:
            read(written)
        except ValueError as error:
            cure = _RE2 if REGEX in written else forms
            yield ("routes", number, key), f"found {written[:80]!r} ({error})", cure


def _connectors(number: int, route: Route, known: Known) -> Iterator[Mistake]:
    path, names = ("routes", number), known.connectors
    left_out = not route.connector and number in known.broken
    if route.connector not in names and not left_out:
        yield (*path, "connector"), f"unknown connector {route.connector!r}", nearest(route.connector, names)
    for position, name in enumerate(route.also):
        if name not in names:
            yield (*path, "also"), f"unknown connector {name!r}", nearest(name, names)
        elif name == route.connector or name in route.also[:position]:
            yield (*path, "also"), f"{name!r} is named twice", "Each connector gets a mail once; leave it out."


def _reply(number: int, route: Route, replies: Set[str]) -> Iterator[Mistake]:
    if route.reply is not None and route.reply not in replies:
        cure = nearest(route.reply, replies) if replies else f"Add [replies.{route.reply}], or leave it out."
        yield ("routes", number, "reply"), f"unknown reply {route.reply!r}", cure


@dataclass(frozen=True)
class _Reach:
    number: int
    address: AddressRule
    conditions: frozenset[tuple[str, str]]

    def takes_all_of(self, later: _Reach) -> bool:
        return self.conditions <= later.conditions and self.address.covers(later.address)


def _never_reached(routes: Sequence[Route], broken: Set[int]) -> Iterator[Mistake]:
    """A route that cannot be read neither hides another one nor is hidden; what is wrong with it is said elsewhere."""
    earlier: list[_Reach] = []
    for number, route in enumerate(routes):
        reach = None if number in broken else _reach(number, route)
        if reach is None:
            continue
        first = next((before for before in earlier if before.takes_all_of(reach)), None)
        if first:
            found = (
                f"route {number + 1} never gets a mail: route {first.number + 1} ({first.address.written!r}) takes all"
            )
            yield ("routes", number), found, "Put the narrower rule first, or leave it out."
        earlier.append(reach)


def _reach(number: int, route: Route) -> _Reach | None:
    keys = ("subject", "sender", "header")
    written = {key: getattr(route, key) for key in keys if getattr(route, key) is not None}
    try:
        return _Reach(number, address_rule(route.address), frozenset(written.items()))
    except ValueError:
        return None
