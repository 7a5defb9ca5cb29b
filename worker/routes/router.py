"""The rules in order: the first whose conditions all hold decides, and each says why it matched or did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from worker.authentication import Authentication
from worker.message import InboundMessage
from worker.routes.conditions import Condition, conditions
from worker.routes.evidence import Evidence
from worker.routes.fields import filled, values_of
from worker.routes.sight import Sight
from worker.settings.calendar import Calendar
from worker.settings.model import JUNK, MailboxSettings
from worker.settings.patterns import AddressRule, address_rule
from worker.settings.route import Route

#: what a rule matched by; None stands for "whatever the address"
Match: TypeAlias = Evidence | None
_MOST_NAMED = 5
#: the name of where mail goes that no route wants, when the settings say it is delivered all the same
OTHERWISE = "otherwise"


@dataclass(frozen=True)
class TraceLine:
    """What became of one rule; ``route_index`` counts from 0, as in ``Settings.routes``."""

    route_index: int
    matched: bool
    why: str

    def __str__(self) -> str:
        return f"route {self.route_index + 1} {'matched' if self.matched else 'lost'}: {self.why}"


@dataclass(frozen=True)
class Check:
    """One condition of one rule, asked of one mail, whoever won."""

    route_index: int
    words: str
    holds: bool
    #: what was seen instead
    seen: str


@dataclass(frozen=True)
class RoutingDecision:
    """Where a mail goes, by which evidence. Without a route, no rule matched."""

    route_index: int | None
    route: Route | None
    #: the address that decided, with its detail; "" when the mail names none
    recipient: str
    #: of ``support+vip@…``: ``vip``; else ""
    detail: str
    evidence: tuple[Evidence, ...]
    trace: tuple[TraceLine, ...]
    #: delivery fields that a stranger may have written, and that were therefore left out
    not_believed: tuple[Evidence, ...] = ()
    #: by connector, the values of the case's fields, filled in from the mail
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    authentication: Authentication = field(default_factory=Authentication)
    #: why the mail counts as marked as spam, or ""
    spam_mark: str = ""

    @property
    def name(self) -> str:
        """The route as an operator finds it in the file: ``routes[2] billing@example.com``."""
        if self.route is None:
            return ""
        return OTHERWISE if self.route_index is None else _name(self.route_index, self.route)

    @property
    def connectors(self) -> tuple[str, ...]:
        """Who gets it, each once."""
        return tuple(dict.fromkeys((self.route.connector, *self.route.also))) if self.route else ()

    def fields_for(self, connector: str) -> dict[str, str]:
        """The values of the case's fields in that connector."""
        return dict(self.fields.get(connector, {}))

    @property
    def tried(self) -> str:
        """The addresses the mail was seen to be for, in words."""
        named = [f"{one.header} {one.address}" for one in self.evidence[:_MOST_NAMED]]
        more = len(self.evidence) - len(named)
        return ", ".join([*named, *([f"{more} more"] if more > 0 else [])]) or "it names no address"

    def told(self) -> str:
        """The trace as text, one line a rule, up to the one that matched."""
        last = len(self.trace) if self.route_index is None else self.route_index + 1
        return "\n".join(map(str, self.trace[:last]))


@dataclass(frozen=True)
class _Rule:
    """One route, ready to be asked."""

    route: Route
    address: AddressRule
    conditions: tuple[Condition, ...]

    def match(self, seen: Sequence[Evidence]) -> Evidence | None:
        """The evidence by which the address form holds: as written in the mail first, then without its detail."""
        as_written = (one for one in seen if self.address.exact(one.address))
        without_detail = (one for one in seen if one.detail and self.address.without_detail(one.address))
        return next(as_written, None) or next(without_detail, None)

    def failed(self, sight: Sight) -> Condition | None:
        """The first condition that does not hold, or None."""
        return next((one for one in self.conditions if not one.holds(sight)), None)


class Router:
    """All routes, compiled once; ``decide`` may be called from several threads."""

    def __init__(
        self, rules: Sequence[_Rule], mailboxes: Mapping[str, MailboxSettings], otherwise: Route | None = None
    ) -> None:
        """``otherwise``: the route of mail that no rule wants, if it is delivered."""
        self._rules = tuple(rules)
        self._mailboxes = dict(mailboxes)
        self._otherwise = otherwise

    def sight(self, message: InboundMessage, mailbox: str, spam: str = "") -> Sight:
        """The message as the rules see it. ``spam``: why it was classified as spam, or ""."""
        section = self._mailboxes.get(mailbox.removesuffix(JUNK), MailboxSettings())
        return Sight(message, mailbox, section, spam)

    def decide(self, message: InboundMessage, mailbox: str, spam: str = "") -> RoutingDecision:
        """The first route whose conditions all hold; ``mailbox`` is the name of the one the message lies in."""
        sight = self.sight(message, mailbox, spam)
        trace: list[TraceLine] = []
        for index, rule in enumerate(self._rules):
            by, line = _asked(index, rule, sight)
            trace.append(line)
            if line.matched:
                trace += self._not_asked(index)
                return _decided(index, rule.route, by, sight, trace)
        return _decided(None, self._otherwise, None, sight, trace)

    def checks(self, sight: Sight) -> tuple[Check, ...]:
        """Every condition of every rule, those behind the winner too, for people to read."""
        return tuple(check for index, rule in enumerate(self._rules) for check in _checks(index, rule, sight))

    def _not_asked(self, winner: int) -> Iterator[TraceLine]:
        why = f"not asked, route {winner + 1} came first"
        return (TraceLine(index, False, why) for index in range(winner + 1, len(self._rules)))


def compile_routes(
    routes: Sequence[Route],
    mailboxes: Mapping[str, MailboxSettings],
    calendars: Mapping[str, Calendar] | None = None,
    otherwise: str = "hold",
) -> Router:
    """Read all rules; ``mailboxes`` say whose headers are believed. Raises ValueError for what ``load`` refuses.

    ``otherwise``: as in [worker]; only "deliver:CONNECTOR" is the router's matter.
    """
    offices = {name: one.working_time for name, one in (calendars or {}).items()}
    rules = [_Rule(route, address_rule(route.address), conditions(route, offices)) for route in routes]
    action, _, connector = otherwise.partition(":")
    return Router(rules, mailboxes, Route(connector=connector) if action == "deliver" else None)


def _decided(
    index: int | None, route: Route | None, by: Match, sight: Sight, trace: Sequence[TraceLine]
) -> RoutingDecision:
    recipient, detail = (by.address, by.detail) if by else ("", "")
    return RoutingDecision(
        route_index=index,
        route=route,
        recipient=recipient,
        detail=detail,
        evidence=sight.evidence,
        trace=tuple(trace),
        not_believed=sight.not_believed,
        fields=_fields_of(route, recipient, sight) if route else {},
        authentication=sight.authentication,
        spam_mark=sight.spam_mark,
    )


def _fields_of(route: Route, recipient: str, sight: Sight) -> dict[str, dict[str, str]]:
    by_connector = {name: route.fields_for(name) for name in (route.connector, *route.also)}
    texts = [text for templates in by_connector.values() for text in templates.values()]
    if not any("{" in text for text in texts):
        return by_connector
    # Telling the language means reading the text, so it is done only for a template that wants it.
    language = sight.language if any("{language}" in text for text in texts) else ""
    known = {"mailbox": sight.mailbox_name, "language": language}
    values = values_of(route, sight.message, recipient, known)
    return {name: filled(templates, values) for name, templates in by_connector.items()}


def _asked(index: int, rule: _Rule, sight: Sight) -> tuple[Match, TraceLine]:
    by = rule.match(sight.evidence)
    if by is None and rule.address.key != "*":
        return None, TraceLine(index, False, _not_addressed(rule, sight))
    failed = rule.failed(sight)
    if failed:
        return None, TraceLine(index, False, failed.lost(sight))
    return by, TraceLine(index, True, _reason(rule, by))


def _checks(index: int, rule: _Rule, sight: Sight) -> Iterator[Check]:
    by = rule.match(sight.evidence)
    holds = by is not None or rule.address.key == "*"
    seen = f"{by.address} in {by.header}" if by else "" if holds else f"in none of {_fields(sight.evidence)}"
    yield Check(index, f"address {rule.address.written}", holds, seen)
    for one in rule.conditions:
        holds = one.holds(sight)
        yield Check(index, one.words, holds, "" if holds else one.seen(sight))


def _not_addressed(rule: _Rule, sight: Sight) -> str:
    return f"address {rule.address.written} is in none of {_fields(sight.evidence)}"


def _reason(rule: _Rule, by: Match) -> str:
    address = f"address {rule.address.written}"
    if by:
        address += f" is {by.address} in {by.header}"
    return "; ".join([address, *(one.words for one in rule.conditions)])


def _fields(seen: Sequence[Evidence]) -> str:
    return ", ".join(dict.fromkeys(one.header for one in seen)) or "the address fields, which are empty"


def _name(index: int, route: Route) -> str:
    return f"routes[{index + 1}] {route.address}"
