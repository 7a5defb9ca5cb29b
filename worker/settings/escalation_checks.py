"""What can be wrong with an escalation: names that lead nowhere, connectors that cannot do it, nothing to do."""

from __future__ import annotations

from collections.abc import Iterator, Set

from connectors.contract import Capabilities
from worker.settings.escalation import Escalation
from worker.settings.model import Settings
from worker.settings.problems import Mistake, nearest

#: what a connector must be able to do, and what it is for
_NEEDED = (
    ("updates", "its cases cannot be changed from here"),
    ("reads_back", "its cases cannot be read back, so nobody knows which of them wait"),
    ("answers", "it does not tell when agents answered, so an answered case could be escalated"),
)


def escalation_mistakes(settings: Settings, connectors: Set[str], calendars: Set[str]) -> Iterator[Mistake]:
    """Every mistake of every escalation; the names are those of sections, broken or not."""
    for number, escalation in enumerate(settings.escalations):
        path = ("escalations", number)
        yield from _names(path, escalation, connectors, calendars)
        yield from _route(path, escalation, settings)
        yield from _calendar(path, escalation, calendars)
        yield from _ability(path, escalation, settings)
        if not escalation.set and not escalation.note:
            yield (*path, "set"), "nothing to do", 'Add set = { priority = "Urgent" }, or a note.'


def _names(
    path: tuple[str, int], escalation: Escalation, connectors: Set[str], calendars: Set[str]
) -> Iterator[Mistake]:
    wanted = escalation.when.connector
    if wanted and wanted not in connectors:
        yield (*path, "when", "connector"), f"unknown connector {wanted!r}", nearest(wanted, connectors)
    if escalation.calendar and escalation.calendar not in calendars:
        yield (*path, "calendar"), f"unknown calendar {escalation.calendar!r}", nearest(escalation.calendar, calendars)


def _route(path: tuple[str, int], escalation: Escalation, settings: Settings) -> Iterator[Mistake]:
    wanted, known = escalation.when.route, {route.address.casefold() for route in settings.routes}
    if wanted and wanted.casefold() not in known:
        yield (*path, "when", "route"), f"no route has the address {wanted!r}", nearest(wanted, known)


def _calendar(path: tuple[str, int], escalation: Escalation, calendars: Set[str]) -> Iterator[Mistake]:
    if escalation.calendar is None and len(calendars) > 1:
        yield (
            (*path, "calendar"),
            "missing, and there are several calendars",
            f"Name one of {', '.join(sorted(calendars))}.",
        )


def _ability(path: tuple[str, int], escalation: Escalation, settings: Settings) -> Iterator[Mistake]:
    """A connector that is named must be able to; when none is named, one of them must."""
    named = escalation.when.connector
    names = [named] if named else list(settings.connectors)
    lacking = {name: _lacks(name, settings) for name in names if name in settings.connectors}
    if lacking and all(lacking.values()):
        told = "; ".join(f"connector {name!r}: {why}" for name, why in lacking.items())
        yield (*path, "when", "connector"), told, "Name a connector that can, or leave the escalation out."


def _lacks(name: str, settings: Settings) -> str:
    can = _capabilities(settings.connectors[name].type)
    # Of a type that cannot be loaded the mistake is told elsewhere.
    return next((why for ability, why in _NEEDED if can and not getattr(can, ability)), "")


def _capabilities(type_: str) -> Capabilities | None:
    # The connectors' own libraries are wanted only when there is a connector to check.
    from connectors import registry

    return registry.capabilities_of(type_)
