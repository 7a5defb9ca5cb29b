"""What is to become of a letter: classified, routed, and in an order in which no reply overtakes its parent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from worker.classify import Verdict
from worker.compose import key_of
from worker.conversations import ids_of
from worker.doors import Door
from worker.house import House
from worker.judge import Judgement
from worker.ledger import MessageFacts, Planned, Recorded
from worker.letter import Letter
from worker.outcome import Outcome
from worker.routes import RoutingDecision


@dataclass(frozen=True)
class Step:
    """One connector that is to get the message; or does not, by rule: then ``ruling`` is its outcome."""

    door: Door
    planned: Planned
    ruling: Outcome | None


@dataclass(frozen=True)
class Plan:
    """What is to become of one letter; no steps when no route wants it."""

    letter: Letter
    verdict: Verdict
    decision: RoutingDecision
    facts: MessageFacts
    steps: tuple[Step, ...]
    judgement: Judgement

    @property
    def keys(self) -> Sequence[str]:
        """Of its deliveries."""
        return [step.planned.key for step in self.steps]

    @property
    def recorded(self) -> Recorded:
        """As the ledger is told of it."""
        return Recorded(self.letter.waiting.slot, self.facts, tuple(step.planned for step in self.steps))

    @property
    def belongs_with(self) -> Sequence[str]:
        """What must not be overtaken: the same message in another slot, and the messages it answers."""
        message = self.letter.message
        return tuple(filter(None, (message.identity, message.message_id, *ids_of(message))))


def plan(letter: Letter, house: House) -> Plan:
    """Classify and route: the same letter and settings give the same plan. Nothing is written."""
    message, slot = letter.message, letter.waiting.slot
    judgement = house.judged(message, slot.mailbox)
    verdict, decision = judgement.verdict, judgement.decision
    steps = tuple(_step(house.doors[name], letter, decision, judgement.ruling) for name in judgement.connectors)
    return Plan(letter, verdict, decision, _facts(letter, verdict), steps, judgement)


def in_order(plans: Sequence[Plan]) -> Sequence[Plan]:
    """As they came, but a message behind the ones it answers, should these have come later."""
    by_id = {one.letter.message.message_id: one for one in plans if one.letter.message.message_id}
    ordered: dict[int, Plan] = {}
    for first in plans:
        awaiting = [first]
        while awaiting:
            one = awaiting[-1]
            parents = [by_id[i] for i in ids_of(one.letter.message) if i in by_id]
            missing = [parent for parent in parents if id(parent) not in ordered and parent not in awaiting]
            if missing:
                awaiting.append(missing[0])
            else:
                ordered.setdefault(id(one), awaiting.pop())
    return tuple(ordered.values())


def _step(door: Door, letter: Letter, decision: RoutingDecision, ruling: Outcome | None) -> Step:
    key = key_of(letter.message.identity, door.name, door.connector)
    # What is to be sent at once is taken in hand with the commit that records it.
    take = ruling is None and door.paused() is None
    planned = Planned(key, door.name, door.connector.target, decision.name, decision.told(), take)
    return Step(door, planned, ruling)


def _facts(letter: Letter, verdict: Verdict) -> MessageFacts:
    message = letter.message
    return MessageFacts(
        identity=message.identity,
        message_id=message.message_id,
        author=message.author.address,
        subject=message.subject,
        received_at=message.received_at,
        size_bytes=message.size_bytes,
        kind=verdict.kind.value,
        mailbox=letter.waiting.slot.mailbox,
    )
