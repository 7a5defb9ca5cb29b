"""How messages leave: ends written down, then marks on the server in batches, then slots forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from worker.house import Tally
from worker.ledger import Ledger, LedgerError, SlotEnd
from worker.mailbox import Mailbox
from worker.outcome import Deferred, Held, Outcome
from worker.slot import Slot

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Handled:
    """A message that has been taken as far as it can go now."""

    slot: Slot
    outcome: Outcome


def combined(outcomes: Sequence[Outcome]) -> Outcome:
    """One outcome for a message that went to several connectors: it is final only when all of them are."""
    deferred = [outcome for outcome in outcomes if isinstance(outcome, Deferred)]
    if deferred:
        return min(deferred, key=lambda outcome: outcome.after_s)
    held = [outcome for outcome in outcomes if isinstance(outcome, Held)]
    return held[0] if held else outcomes[0]


def show(mailbox: Mailbox, handled: Sequence[Handled]) -> None:
    """Flag what is held, before that is written down: a message that is held is not looked at again."""
    if held := [one.slot.uid for one in handled if isinstance(one.outcome, Held)]:
        mailbox.hold(held)


def conclude(ledger: Ledger, handled: Sequence[Handled], tally: Tally) -> None:
    """Write the ends down, in one transaction."""
    if handled:
        ledger.conclude([_end_of(one) for one in handled])
    for one in handled:
        tally.count(one.outcome)


def acknowledge(mailbox: Mailbox, ledger: Ledger, slots: Sequence[Slot], tally: Tally) -> None:
    """Mark messages whose end is final and written down: dying between the two costs only another mark.

    Those the server would not mark stay finished and are marked next time.
    """
    if not slots:
        return
    uids = [slot.uid for slot in slots]
    # What was held and is done with by now waits for nobody any more; the flag must not go along to another folder.
    mailbox.release(uids)
    result = mailbox.acknowledge(uids)
    marked = [slot for slot in slots if slot.uid in result.marked]
    ledger.forget(marked)
    tally.acknowledged += len(marked)
    if result.problem:
        tally.problem = result.problem
        log.warning("not_marked", mailbox=mailbox.name, why=result.problem, count=len(slots) - len(marked))


def tell_login(mailbox: Mailbox, ledger: Ledger, problem: str) -> None:
    """Have `status` tell, from any process, for how long a mailbox that refused our login is left alone (M-18)."""
    name = f"mailboxes.{mailbox.name}"
    with suppress(LedgerError):
        if mailbox.refused_for_s:
            ledger.pause(name, "", mailbox.refused_for_s, problem)
        elif not problem and (name, "") in ledger.pauses():
            ledger.resume(name)


def _end_of(one: Handled) -> SlotEnd:
    outcome = one.outcome
    if isinstance(outcome, Deferred):
        return SlotEnd(one.slot, "deferred", outcome.after_s, outcome.why)
    if isinstance(outcome, Held):
        return SlotEnd(one.slot, "held", None, outcome.why)
    return SlotEnd(one.slot, "finished", None, outcome.why)
