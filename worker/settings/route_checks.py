"""What can be wrong with the routes: names that lead nowhere, patterns and values that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from worker.settings.conditions import LANGUAGES, domains, file_test, hours, languages, size_range
from worker.settings.patterns import REGEX, address_rule, header_condition, text_test
from worker.settings.problems import Mistake, nearest
from worker.settings.route import Route
from worker.settings.route_cover import contradictions, never_reached
from worker.settings.templates import unknown_name

#: the sections whose names a route may name
NAMED = ("connectors", "replies", "calendars", "mailboxes")
_FORMS = 'Write an address, "*@domain", "re:PATTERN" or "*".'
_RE2 = "Patterns are RE2: no back-reference, no look-around."
_READERS: tuple[tuple[str, Callable[[str], object], str], ...] = (
    ("address", address_rule, _FORMS),
    ("sender", address_rule, _FORMS),
    ("subject", text_test, 'Write the text it contains, or "re:PATTERN".'),
    ("header", header_condition, 'Write "Name", "Name: text" or "Name: re:PATTERN".'),
    ("domain", domains, 'Write "example.com", "*.example.com", or several with commas.'),
    ("size", size_range, 'Write ">5MB", "<100kB" or "1MB-5MB".'),
    ("attachment", file_test, 'Write true, false, "*.pdf", "type:application/pdf", "type:image/*" or "re:PATTERN".'),
    ("language", languages, f"Write codes with commas; known are {', '.join(sorted(LANGUAGES))}."),
    ("hours", hours, 'Write "calendar:NAME" or "outside:NAME" with the name of a [calendars.NAME].'),
)
_NEED_BORDER = ("spf", "dkim", "dmarc")


@dataclass(frozen=True)
class Known:
    """What routes may name, and which of them (counted from 0) lack a key because its shape was wrong."""

    names: Mapping[str, Set[str]]
    broken: Set[int] = frozenset()
    #: whether a mailbox says whose Authentication-Results are believed
    authenticated: bool = False


def route_mistakes(routes: Sequence[Route], known: Known) -> Iterator[Mistake]:
    """Every mistake of every route."""
    for number, route in enumerate(routes):
        unread = list(_unreadable(number, route))
        yield from unread
        yield from _connectors(number, route, known)
        yield from _named(number, route, known)
        yield from _border(number, route, known)
        if not unread:
            yield from _fields(number, route)
            yield from contradictions(number, route)
    yield from never_reached(routes, known.broken)


def otherwise_mistakes(otherwise: str, connectors: Set[str]) -> Iterator[Mistake]:
    """What is wrong with the policy for mail that no route wants."""
    path = ("worker", "otherwise")
    action, _, connector = otherwise.partition(":")
    if action == "deliver" and connector:
        if connector not in connectors:
            yield path, f"unknown connector {connector!r}", nearest(connector, connectors)
    elif otherwise not in ("hold", "discard"):
        yield path, f"found {otherwise[:80]!r}", 'Write "hold", "discard" or "deliver:CONNECTOR".'


def _unreadable(number: int, route: Route) -> Iterator[Mistake]:
    for key, read, forms in _READERS:
        written = getattr(route, key)
        if not isinstance(written, str):
            continue
        try:
            read(written)
        except ValueError as error:
            cure = _RE2 if REGEX in written else forms
            yield ("routes", number, key), f"found {written[:80]!r} ({error})", cure


def _connectors(number: int, route: Route, known: Known) -> Iterator[Mistake]:
    path, names = ("routes", number), known.names["connectors"]
    left_out = not route.connector and number in known.broken
    if route.connector not in names and not left_out:
        yield (*path, "connector"), f"unknown connector {route.connector!r}", nearest(route.connector, names)
    for position, name in enumerate(route.also):
        if name not in names:
            yield (*path, "also"), f"unknown connector {name!r}", nearest(name, names)
        elif name == route.connector or name in route.also[:position]:
            yield (*path, "also"), f"{name!r} is named twice", "Each connector gets a mail once; leave it out."
    for name in route.fields_by_connector:
        if name not in (route.connector, *route.also):
            cure = nearest(name, [route.connector, *route.also])
            yield (*path, "fields_by_connector", name), "the route does not lead there", cure


def _named(number: int, route: Route, known: Known) -> Iterator[Mistake]:
    replies, path = known.names["replies"], ("routes", number)
    if route.reply is not None and route.reply not in replies:
        cure = nearest(route.reply, replies) if replies else f"Add [replies.{route.reply}], or leave it out."
        yield (*path, "reply"), f"unknown reply {route.reply!r}", cure
    if route.mailbox is not None and route.mailbox not in known.names["mailboxes"]:
        found = f"unknown mailbox {route.mailbox!r}"
        yield (*path, "mailbox"), found, nearest(route.mailbox, known.names["mailboxes"])
    calendar = (route.hours or "").partition(":")[2].strip()
    if calendar and calendar not in known.names["calendars"]:
        calendars = known.names["calendars"]
        cure = nearest(calendar, calendars) if calendars else f"Add [calendars.{calendar}], or leave it out."
        yield (*path, "hours"), f"unknown calendar {calendar!r}", cure


def _border(number: int, route: Route, known: Known) -> Iterator[Mistake]:
    """Conditions that can never hold, since no mailbox says whose word on authentication is believed."""
    wanting = [key for key in _NEED_BORDER if getattr(route, key) not in (None, "unknown")]
    if route.authenticated:
        wanting.append("authenticated")
    if wanting and not known.authenticated:
        cure = "Add authserv_id to a [mailboxes.NAME]: the name with which your border begins Authentication-Results."
        for key in wanting:
            yield ("routes", number, key), "can never hold, since nobody's word on it is believed", cure


def _fields(number: int, route: Route) -> Iterator[Mistake]:
    path = ("routes", number)
    places = [((*path, "fields", key), text) for key, text in route.fields.items()]
    for name, values in route.fields_by_connector.items():
        places += [((*path, "fields_by_connector", f"{name}.{key}"), text) for key, text in values.items()]
    for place, text in places:
        try:
            unknown = unknown_name(text, route)
        except ValueError as error:
            yield place, f"found {text[:80]!r} ({error})", "Names stand in braces, as {tag} or {sender.domain}."
            continue
        if unknown:
            cure = (
                "Known are subject, tag, sender, address (each of the two with .local, .domain, .detail), sender.name, "
                "mailbox, language, and the groups of the route's own patterns, as {1} or {subject.1}."
            )
            yield place, f"nothing gives a value for {{{unknown}}}", cure
