"""Rules that never get a mail: those that contradict themselves, and those that an earlier one leaves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from worker.settings.conditions import TYPE, could_be_from, domains, languages, size_range
from worker.settings.patterns import REGEX, AddressRule, address_rule, header_condition
from worker.settings.problems import Mistake
from worker.settings.route import Route

_CONDITIONS = (
    *("mailbox", "subject", "sender", "domain", "header", "size", "attachment", "language", "spam_mark"),
    *("spf", "dkim", "dmarc", "authenticated", "hours"),
)


def contradictions(number: int, route: Route) -> Iterator[Mistake]:
    """Conditions of one route that cannot hold together; its patterns are readable."""
    path = ("routes", number)
    if route.sender and route.domain and not could_be_from(route.sender, domains(route.domain)):
        found = f"no mail is from {route.sender[:60]!r} and from domain {route.domain[:60]!r}"
        yield (*path, "domain"), f"route {number + 1} can never match: {found}", "Leave one of the two out."
    if route.authenticated and route.dmarc == "fail":
        found = "a mail that fails DMARC is not authenticated"
        yield (*path, "authenticated"), f"route {number + 1} can never match: {found}", "Leave one of the two out."


def never_reached(routes: Sequence[Route], broken: Set[int]) -> Iterator[Mistake]:
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


@dataclass(frozen=True)
class _Reach:
    number: int
    address: AddressRule
    conditions: Mapping[str, Any]

    def takes_all_of(self, later: _Reach) -> bool:
        """Whether whatever the later rule would match is matched here; False when it cannot be told."""
        return self.address.covers(later.address) and all(
            _implied(key, wanted, later.conditions) for key, wanted in self.conditions.items()
        )


def _reach(number: int, route: Route) -> _Reach | None:
    written = {key: getattr(route, key) for key in _CONDITIONS if getattr(route, key) is not None}
    try:
        _readable(written)
        return _Reach(number, address_rule(route.address), written)
    except ValueError:
        return None


def _readable(written: Mapping[str, Any]) -> None:
    """Raises ValueError when a condition that is compared below cannot be read."""
    for key, read in _READ.items():
        if key in written:
            read(written[key])


def _implied(key: str, wanted: Any, given: Mapping[str, Any]) -> bool:
    """Whether a mail that meets all the given conditions meets this one."""
    if key in given and (given[key] == wanted or _COVERS.get(key, _never)(wanted, given[key])):
        return True
    if key == "domain" and "sender" in given:
        return _is_from(domains(wanted), given["sender"])
    if key == "sender" and "domain" in given and wanted.startswith("*@"):
        of = domains(given["domain"])
        return not of.below and of.exact == {address_rule(wanted).key.removeprefix("*@")}
    return key == "authenticated" and wanted is False and given.get("dmarc") in ("fail", "unknown")


def _is_from(of: Any, sender: str) -> bool:
    rule = address_rule(sender)
    return not rule.key.startswith(REGEX) and rule.key != "*" and of.holds(rule.key.rpartition("@")[2])


def _never(wanted: Any, given: Any) -> bool:
    return False


def _subject_covers(wanted: str, given: str) -> bool:
    """What contains "[VIP] order" contains "VIP" too."""
    if wanted.startswith(REGEX) or given.startswith(REGEX):
        return False
    return wanted.strip().casefold() in given.strip().casefold()


def _attachment_covers(wanted: bool | str, given: bool | str) -> bool:
    if wanted is True:
        return isinstance(given, str)
    if not isinstance(wanted, str) or not isinstance(given, str):
        return False
    family = wanted.lower().removesuffix("*")
    return wanted.lower().startswith(TYPE) and wanted.endswith("/*") and given.lower().startswith(family)


def _header_covers(wanted: str, given: str) -> bool:
    """The bare name takes whatever value it has."""
    return ":" not in wanted and header_condition(given)[0].lower() == wanted.strip().lower()


_READ: Mapping[str, Callable[[Any], object]] = {
    "sender": address_rule,
    "domain": domains,
    "size": size_range,
    "language": languages,
    "header": header_condition,
}
_COVERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "sender": lambda wanted, given: address_rule(wanted).covers(address_rule(given)),
    "domain": lambda wanted, given: domains(wanted).covers(domains(given)),
    "size": lambda wanted, given: size_range(wanted).covers(size_range(given)),
    "language": lambda wanted, given: languages(given) <= languages(wanted),
    "subject": _subject_covers,
    "attachment": _attachment_covers,
    "header": _header_covers,
}
