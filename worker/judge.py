"""What is to become of a message before any CRM is asked: its kind, its route, and what the rules say of such mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from connectors.contract import Person
from worker.canary import Canary, arrival, canary_in
from worker.classify import Kind, Verdict, classify
from worker.message import InboundMessage
from worker.outcome import Discarded, Held, Outcome
from worker.policy import ruled
from worker.routes import Router, RoutingDecision
from worker.routes.evidence import DELIVERY_FIELDS, SENDER_FIELDS
from worker.settings import Route, Settings
from worker.settings.model import JUNK
from worker.tokens import Tokens
from worker.verification import Verification, verification_of

log = structlog.get_logger(__name__)

_OTHER_WAYS = frozenset(name.lower() for name in (*DELIVERY_FIELDS, *SENDER_FIELDS, "List-Id", "List-Post"))


@dataclass(frozen=True)
class Judgement:
    """What is to become of one message: its deliveries, or the outcome that the rules give it instead."""

    verdict: Verdict
    decision: RoutingDecision
    #: by rule; None: every connector gets the message
    ruling: Outcome | None
    #: whose deliveries are put on record, whatever the ruling; none: the message is held without any
    connectors: tuple[str, ...]
    verification: Verification | None = None
    canary: Canary | None = None

    @property
    def why_held(self) -> str:
        """Why a message without connectors is held."""
        return self.ruling.why if self.ruling else f"no route matches ({self.decision.tried})"


@dataclass(frozen=True)
class Judge:
    """The same message and settings give the same judgement; nothing is asked, written or sent."""

    router: Router
    own_addresses: frozenset[str] = frozenset()
    #: None: no canary is known
    tokens: Tokens | None = None
    #: what becomes of mail that no route wants, as in [worker]
    otherwise: str = "hold"
    #: the connector under whose name a mail is put on record that is discarded without a route
    clerk: str = ""

    def of(self, message: InboundMessage, mailbox: str) -> Judgement:
        """Judge one message in one mailbox (with ``:junk`` behind the name in its junk folder)."""
        verdict = classify(message, self.own_addresses)
        said = next(iter(verdict.reasons), "") if verdict.kind is Kind.SPAM else ""
        decision = self.router.decide(message, mailbox, said)
        verdict = _with_mark(verdict, decision.spam_mark)
        if canary := canary_in(message, self.tokens) if self.tokens else None:
            return self._canary(canary, message, mailbox, decision, verdict)
        if asked := verification_of(message, decision.authentication):
            return Judgement(verdict, decision, Held(asked.why), decision.connectors, verification=asked)
        if decision.route is None:
            return self._unrouted(verdict, decision)
        ruling = ruled(decision.route, verdict.kind.value, verdict.reasons)
        return Judgement(verdict, decision, ruling, decision.connectors)

    def _canary(
        self, canary: Canary, message: InboundMessage, mailbox: str, decision: RoutingDecision, verdict: Verdict
    ) -> Judgement:
        routes = decision.name, self.expected_route(canary.address, message, mailbox)
        came = arrival(canary, message, routes, in_junk=mailbox.endswith(JUNK))
        return Judgement(verdict, decision, Discarded(came.why), decision.connectors or self._clerk, canary=canary)

    def expected_route(self, address: str, message: InboundMessage, mailbox: str) -> str:
        """The name of the route that the same message takes when it names that address, and no other."""
        headers = tuple(one for one in message.headers if one[0].lower() not in _OTHER_WAYS)
        plain = replace(message, to=(Person("", address),), cc=(), headers=headers)
        return self.router.decide(plain, mailbox.removesuffix(JUNK)).name

    def _unrouted(self, verdict: Verdict, decision: RoutingDecision) -> Judgement:
        if self.otherwise == "discard":
            why = f"no route matches ({decision.tried}), and worker.otherwise is discard"
            return Judgement(verdict, decision, Discarded(why), self._clerk)
        return Judgement(verdict, decision, None, ())

    @property
    def _clerk(self) -> tuple[str, ...]:
        return (self.clerk,) if self.clerk else ()


def judge_of(settings: Settings, router: Router, own_addresses: frozenset[str], tokens: Tokens | None) -> Judge:
    """The judge that these settings ask for."""
    clerk = next(iter(settings.connectors), "")
    return Judge(router, own_addresses, tokens, settings.worker.otherwise, clerk)


def _with_mark(verdict: Verdict, mark: str) -> Verdict:
    """A mark of spam makes mail from people and lists spam; what a machine sent stays what it is."""
    if not mark or verdict.kind not in (Kind.CUSTOMER, Kind.LIST):
        return verdict
    return replace(verdict, kind=Kind.SPAM, reasons=_once([mark, *verdict.reasons]), may_auto_respond=False)


def _once(reasons: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reasons))


def announce(judgement: Judgement, slot: str) -> None:
    """Tell the operator at once of what waits for him alone."""
    if judgement.verification:
        asked = judgement.verification
        log.warning("verification_mail", slot=slot, service=asked.service, code=asked.code, link=asked.link)


def would_reply(judgement: Judgement) -> str:
    """The name of the route's automatic answer, or ""."""
    route: Route | None = judgement.decision.route
    return (route.reply or "") if route and judgement.ruling is None else ""
