"""One delivery made up: whose case it goes to, in whose name, in what words, and what is remembered of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from connectors.contract import Capabilities, CaseRef, Delivery
from worker.authority import Trust
from worker.compose import compose, fitted
from worker.conversations import Continuation, link_of
from worker.forwarding import Passed, as_passed_on, passed_on
from worker.ledger import Link
from worker.message import InboundMessage, Source
from worker.routes import RoutingDecision


@dataclass(frozen=True)
class Matter:
    """A message, where it was routed, and the connector that is to get it under that key."""

    message: InboundMessage
    source: Source
    decision: RoutingDecision
    connector: str
    capabilities: Capabilities
    key: str


@dataclass(frozen=True)
class Draft:
    """What the connector is to get."""

    matter: Matter
    delivery: Delivery
    continuation: Continuation
    trust: Trust
    #: when it was passed on by an agent or a group: by whom, and whether that is believed
    passed: Passed | None

    def link(self, case: CaseRef) -> Link:
        """What is remembered of the conversation once the case is known."""
        link = link_of(self.matter.connector, case, self.matter.message, self.continuation, self.trust)
        further = (self.delivery.requester.address,) if self.passed and self.passed.requester else ()
        return replace(link, participants=(*link.participants, *further))


def drafted(matter: Matter, continuation: Continuation, trust: Trust) -> Draft:
    """The delivery, within the connector's limits."""
    decision = matter.decision
    fields = decision.fields_for(matter.connector)
    delivery = compose(matter.message, matter.source, matter.key, decision.recipient, fields)
    # An agent who answers a case speaks for himself; the original author is the requester of a new one only.
    route = decision.route if continuation.case is None else None
    passed = passed_on(matter.message, route, trust) if route else None
    delivery = replace(
        fitted(as_passed_on(delivery, passed) if passed else delivery, matter.capabilities),
        case=continuation.case,
        follows=continuation.follows,
        public=continuation.public,
    )
    return Draft(matter, delivery, continuation, trust, passed)
