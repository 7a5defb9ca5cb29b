"""The rules in order: the first whose conditions all hold decides, and each says why it matched or did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from worker.message import InboundMessage
from worker.routes.evidence import Evidence, evidence, not_believed
from worker.settings.addresses import address_key
from worker.settings.model import MailboxSettings, Route
from worker.settings.patterns import AddressRule, address_rule, header_condition, text_test

#: what a rule matched by; None stands for "whatever the address"
Match: TypeAlias = Evidence | None
#: what the rule says, never what the mail says (traces are kept, subjects are not); and whether it holds
Condition: TypeAlias = tuple[str, Callable[[InboundMessage], bool]]
_MOST_NAMED = 5


@dataclass(frozen=True)
class TraceLine:
    """What became of one rule; ``route_index`` counts from 0, as in ``Settings.routes``."""

    route_index: int
    matched: bool
    why: str

    def __str__(self) -> str:
        return f"route {self.route_index + 1} {'matched' if self.matched else 'lost'}: {self.why}"


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

    @property
    def name(self) -> str:
        """The route as an operator finds it in the file: ``routes[2] billing@example.com``."""
        return "" if self.route is None or self.route_index is None else _name(self.route_index, self.route)

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

    def failed(self, message: InboundMessage) -> str | None:
        """The first condition that does not hold, or None."""
        return next((words for words, holds in self.conditions if not holds(message)), None)


class Router:
    """All routes, compiled once; ``decide`` may be called from several threads."""

    def __init__(self, rules: Sequence[_Rule], borders: Mapping[str, Sequence[str]]) -> None:
        self._rules = tuple(rules)
        self._borders = dict(borders)

    def decide(self, message: InboundMessage, mailbox: str) -> RoutingDecision:
        """The first route whose conditions all hold; ``mailbox`` is the name of the one the message lies in."""
        border = self._borders.get(mailbox, ())
        seen = evidence(message, border)
        trace: list[TraceLine] = []
        for index, rule in enumerate(self._rules):
            by, line = _asked(index, rule, seen, message)
            trace.append(line)
            if line.matched:
                trace += self._not_asked(index)
                recipient, detail = (by.address, by.detail) if by else ("", "")
                told = (seen, tuple(trace), not_believed(message, border))
                return RoutingDecision(index, rule.route, recipient, detail, *told)
        return RoutingDecision(None, None, "", "", seen, tuple(trace), not_believed(message, border))

    def _not_asked(self, winner: int) -> Iterator[TraceLine]:
        why = f"not asked, route {winner + 1} came first"
        return (TraceLine(index, False, why) for index in range(winner + 1, len(self._rules)))


def compile_routes(routes: Sequence[Route], mailboxes: Mapping[str, MailboxSettings]) -> Router:
    """Read all rules; ``mailboxes`` say whose headers are believed. Raises ValueError for what ``load`` refuses."""
    borders = {name: mailbox.trusted_border for name, mailbox in mailboxes.items()}
    return Router([_Rule(route, address_rule(route.address), tuple(_conditions(route))) for route in routes], borders)


def _asked(index: int, rule: _Rule, seen: Sequence[Evidence], message: InboundMessage) -> tuple[Match, TraceLine]:
    by = rule.match(seen)
    if by is None and rule.address.key != "*":
        return None, TraceLine(index, False, f"address {rule.address.written} is in none of {_fields(seen)}")
    failed = rule.failed(message)
    if failed:
        return None, TraceLine(index, False, f"{failed} does not hold")
    return by, TraceLine(index, True, _reason(rule, by))


def _reason(rule: _Rule, by: Match) -> str:
    address = f"address {rule.address.written}"
    if by:
        address += f" is {by.address} in {by.header}"
    return "; ".join([address, *(words for words, _ in rule.conditions)])


def _fields(seen: Sequence[Evidence]) -> str:
    return ", ".join(dict.fromkeys(one.header for one in seen)) or "the address fields, which are empty"


def _name(index: int, route: Route) -> str:
    return f"routes[{index + 1}] {route.address}"


def _conditions(route: Route) -> Iterator[Condition]:
    if route.subject is not None:
        subject = text_test(route.subject)
        yield f"subject {route.subject!r}", lambda message: subject(message.subject)
    if route.sender is not None:
        yield f"sender {route.sender!r}", _sender(address_rule(route.sender))
    if route.header is not None:
        name, test = header_condition(route.header)
        yield f"header {route.header!r}", lambda message: any(map(test, message.headers_named(name)))


def _sender(rule: AddressRule) -> Callable[[InboundMessage], bool]:
    def holds(message: InboundMessage) -> bool:
        address = address_key(message.author.address)
        return bool(address) and (rule.exact(address) or rule.without_detail(address))

    return holds
