"""What would become of one mail: the steps of a poll up to the door of each connector, and no further."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.contract import Connector, ConnectorError, Delivery, Request
from worker.classify import Verdict, classify
from worker.cli.opening import mailboxes_of, own_addresses
from worker.compose import compose, fitted, key_of
from worker.conversations import Continuation, correlate
from worker.ledger import DeliveryRow, Ledger
from worker.mailbox import MailboxError
from worker.message import InboundMessage, Source
from worker.outcome import Outcome
from worker.policy import ruled
from worker.routes import RoutingDecision, compile_routes
from worker.settings import Settings


class NotThereError(Exception):
    """The mail cannot be looked at; the text says why, and what can be done."""


@dataclass(frozen=True)
class Errand:
    """What one connector would get."""

    connector: str
    key: str
    #: where the delivery stands now; None when it is new, or when there is no ledger
    row: DeliveryRow | None
    #: what the route says of such mail; None: it is delivered
    ruled: Outcome | None
    #: which case it would continue
    conversation: Continuation
    requests: tuple[Request, ...] = ()
    #: why the requests could not be made up, or ""
    problem: str = ""


@dataclass(frozen=True)
class Explanation:
    """All that can be said of one mail without doing anything."""

    mailbox: str
    message: InboundMessage
    verdict: Verdict
    decision: RoutingDecision
    #: the address form of each rule, in order
    addresses_of_rules: tuple[str, ...]
    errands: tuple[Errand, ...]


@dataclass(frozen=True)
class DryRun:
    """The rooms a poll goes through, to be looked through only. ``ledger`` is None when there is none yet."""

    settings: Settings
    connectors: Mapping[str, Connector]
    ledger: Ledger | None

    def explain(self, message: InboundMessage, source: Source, mailbox: str) -> Explanation:
        """Classify, route, correlate and compose; nothing is written or sent."""
        verdict = classify(message, own_addresses(self.settings))
        decision = compile_routes(self.settings.routes, self.settings.mailboxes).decide(message, mailbox)
        errands = tuple(self._errands(message, source, verdict, decision))
        forms = tuple(route.address for route in self.settings.routes)
        return Explanation(mailbox, message, verdict, decision, forms, errands)

    def _errands(
        self, message: InboundMessage, source: Source, verdict: Verdict, decision: RoutingDecision
    ) -> Iterator[Errand]:
        route = decision.route
        if route is None:
            return
        by_rule = ruled(route, verdict.kind.value, verdict.reasons)
        for name in dict.fromkeys((route.connector, *route.also)):
            errand = self._begun(message, name, by_rule)
            if errand.ruled or errand.conversation.error:
                yield errand
                continue
            delivery = compose(message, source, errand.key, decision.recipient, route.fields)
            yield self._with_requests(errand, delivery)

    def _begun(self, message: InboundMessage, name: str, by_rule: Outcome | None) -> Errand:
        connector, ledger = self.connectors[name], self.ledger
        key = key_of(message.identity, name, connector)
        if ledger is None:
            return Errand(
                name, key, None, by_rule, Continuation(why="there is no ledger yet, so nothing is known of it")
            )
        released = by_rule is not None and ledger.released(key)
        conversation = correlate(message, name, connector, ledger)
        return Errand(name, key, ledger.state((key,)).get(key), None if released else by_rule, conversation)

    def _with_requests(self, errand: Errand, delivery: Delivery) -> Errand:
        connector, conversation = self.connectors[errand.connector], errand.conversation
        whole = replace(
            fitted(delivery, connector.capabilities),
            case=conversation.case,
            follows=conversation.follows,
            public=conversation.public,
        )
        try:
            return replace(errand, requests=tuple(connector.preview(whole)))
        except ConnectorError as error:
            return replace(errand, problem=str(error))


def fetched(settings: Settings, row: DeliveryRow, spool: Path) -> Source:
    """The message of a delivery, read from its mailbox without touching it. Raises NotThereError."""
    slot = row.slot
    if slot is None or slot.mailbox not in settings.mailboxes:
        raise NotThereError(f"there is no [mailboxes.{row.mailbox}] any more, where the message lay")
    try:
        with mailboxes_of(settings, spool, slot.mailbox) as (mailbox,):
            profile = mailbox.open()
            same = profile.uidvalidity == slot.uidvalidity and mailbox.folder == slot.folder
            waiting = mailbox.describe((slot.uid,)) if same else ()
            read = list(mailbox.read(waiting, settings.worker.max_message_mb << 20))
    except MailboxError as error:
        raise NotThereError(str(error)) from None
    except OSError as error:
        raise NotThereError(f"mailboxes.{slot.mailbox}.embedded: cannot be served ({error.strerror})") from None
    if not read or read[0][1] is None:
        raise NotThereError(f"the message is no longer at {slot}, where it lay; explain a copy of it as a file instead")
    return read[0][1]
