"""What would become of one mail: the steps of a poll up to the door of each connector, and no further."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from connectors.contract import Connector, ConnectorError, Delivery, Request
from worker.authority import Trust, tokens_of, trust_of
from worker.classify import Kind, Verdict
from worker.cli.opening import judge_with, mailboxes_of, own_addresses
from worker.compose import key_of
from worker.conversations import Continuation, correlate
from worker.draft import Matter, drafted
from worker.judge import Judgement, would_reply
from worker.ledger import DeliveryRow, Ledger
from worker.mailbox import MailboxError
from worker.message import InboundMessage, Source
from worker.outcome import Outcome
from worker.routes import Check, RoutingDecision
from worker.settings import MailboxSettings, Settings


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
    #: values of the case's fields, filled in from the mail
    fields: Mapping[str, str] = field(default_factory=dict)
    #: who passed it on, and whether that is believed; "" when nobody did
    passed_on: str = ""
    #: why the requests could not be made up, or ""
    problem: str = ""


@dataclass(frozen=True)
class Reply:
    """The automatic answer: its template, and the address it would go to, or why nobody is answered."""

    name: str
    recipient: str
    why: str


@dataclass(frozen=True)
class Explanation:
    """All that can be said of one mail without doing anything."""

    mailbox: str
    message: InboundMessage
    judgement: Judgement
    #: the address form of each rule, in order
    addresses_of_rules: tuple[str, ...]
    #: every condition of every rule
    checks: tuple[Check, ...]
    #: of the text, or "" when it cannot be told
    language: str
    reply: Reply
    errands: tuple[Errand, ...]

    @property
    def verdict(self) -> Verdict:
        """What kind of mail it is."""
        return self.judgement.verdict

    @property
    def decision(self) -> RoutingDecision:
        """Where it goes, and why."""
        return self.judgement.decision


@dataclass(frozen=True)
class DryRun:
    """The rooms a poll goes through, to be looked through only. ``ledger`` is None when there is none yet."""

    settings: Settings
    connectors: Mapping[str, Connector]
    ledger: Ledger | None

    def explain(self, message: InboundMessage, source: Source, mailbox: str) -> Explanation:
        """Classify, route, correlate and compose; nothing is written or sent."""
        judge = judge_with(self.settings, self.ledger)
        judgement = judge.of(message, mailbox)
        said = judgement.verdict.reasons[:1] if judgement.verdict.kind is Kind.SPAM else ()
        sight = judge.router.sight(message, mailbox, *said)
        return Explanation(
            mailbox=mailbox,
            message=message,
            judgement=judgement,
            addresses_of_rules=tuple(route.address for route in self.settings.routes),
            checks=judge.router.checks(sight),
            language=sight.language,
            reply=self._reply(message, judgement),
            errands=tuple(self._errands(message, source, judgement, mailbox)),
        )

    def _reply(self, message: InboundMessage, judgement: Judgement) -> Reply:
        """Whether it would be answered, were it in its case now; budgets are not asked."""
        name = would_reply(judgement)
        if not name:
            return Reply("", "", "the route has no reply, or makes no case of it")
        from worker.replies import decide

        authentication, own = judgement.decision.authentication, own_addresses(self.settings)
        known = True if authentication.aligned else False if authentication.refuted else None
        made = decide(message, judgement.verdict, own, datetime.now(UTC), known)
        why = made.why or ("" if self.settings.smtp else "there is no [smtp] to send it by")
        return Reply(name, "" if why else made.recipient, why)

    def _errands(self, message: InboundMessage, source: Source, judgement: Judgement, mailbox: str) -> Iterator[Errand]:
        decision, trust = judgement.decision, self._trust(mailbox)
        for name in judgement.connectors:
            errand = self._begun(message, name, judgement.ruling, trust)
            if errand.ruled or errand.conversation.error:
                yield errand
                continue
            matter = Matter(message, source, decision, name, self.connectors[name].capabilities, errand.key)
            draft = drafted(matter, errand.conversation, trust)
            told = replace(errand, fields=draft.delivery.fields, passed_on=draft.passed.why if draft.passed else "")
            yield self._with_requests(told, draft.delivery)

    def _trust(self, mailbox: str) -> Trust:
        settings, ledger = self.settings, self.ledger
        tokens = tokens_of(settings, ledger) if ledger else None
        return trust_of(settings.watched.get(mailbox, MailboxSettings()), tokens, own_addresses(settings))

    def _begun(self, message: InboundMessage, name: str, by_rule: Outcome | None, trust: Trust) -> Errand:
        connector, ledger = self.connectors[name], self.ledger
        key = key_of(message.identity, name, connector)
        if ledger is None:
            return Errand(
                name, key, None, by_rule, Continuation(why="there is no ledger yet, so nothing is known of it")
            )
        released = by_rule is not None and ledger.released(key)
        conversation = correlate(message, name, connector, ledger, trust)
        return Errand(name, key, ledger.state((key,)).get(key), None if released else by_rule, conversation)

    def _with_requests(self, errand: Errand, delivery: Delivery) -> Errand:
        try:
            return replace(errand, requests=tuple(self.connectors[errand.connector].preview(delivery)))
        except ConnectorError as error:
            return replace(errand, problem=str(error))


def fetched(settings: Settings, row: DeliveryRow, spool: Path) -> Source:
    """The message of a delivery, read from its mailbox without touching it. Raises NotThereError."""
    slot = row.slot
    if slot is None or slot.mailbox not in settings.watched:
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
