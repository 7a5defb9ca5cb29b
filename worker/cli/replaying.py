"""`replay`: mail that was held or discarded, and that the present settings want, is put through again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from worker.cli.opening import (
    EXIT_SETTINGS,
    EXIT_UNREACHABLE,
    complain,
    configure_log,
    house_or_exit,
    settings_or_exit,
)
from worker.cli.printing import iso, print_json, print_table, say, short
from worker.cli.rereading import Reread, moment, reread
from worker.house import House
from worker.ledger import DeliveryRow, LedgerError, SlotEnd
from worker.letter import Letter
from worker.mailbox import MailboxError
from worker.message.guard import GuardError
from worker.outcome import Deferred, Delivered, Outcome, is_final
from worker.plan import Plan, plan
from worker.poll import carry_out

_EXIT_WAITS = 3
_WAITS = ("held", "discarded", "deferred", "pending")


@dataclass(frozen=True)
class Candidate:
    """One mail that the present settings deliver, though it was not."""

    mailbox: str
    received_at: datetime
    sender: str
    subject: str
    identity: str
    was: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Done:
    """What became of one."""

    candidate: Candidate
    outcome: Outcome


def replay(path: Path, since: str, only: str, *, yes: bool, as_json: bool) -> int:
    """Show what would be put through, ask, and do it. 0; 3 when some still wait; 4 when something cannot be reached."""
    settings = settings_or_exit(path)
    configure_log(verbose=False, facts=True)
    try:
        start = moment(since)
    except ValueError as error:
        complain(f"--since: {error}")
        return EXIT_SETTINGS
    if only and only not in settings.mailboxes:
        complain(f"--mailbox: there is no [mailboxes.{only}] (there are: {', '.join(settings.mailboxes)})")
        return EXIT_SETTINGS
    try:
        with house_or_exit(settings) as house:
            wanted = [_described(one, made, rows) for one, made, rows in _found(house, start, only)]
            if not _agreed(wanted, yes=yes, as_json=as_json):
                return EXIT_SETTINGS
            done = list(_put_through(house, start, only, {one.identity: one for one in wanted}))
    except (MailboxError, GuardError, LedgerError, OSError) as error:
        complain(f"replay: {error}")
        return EXIT_UNREACHABLE
    _tell(done, as_json=as_json)
    return 0 if all(is_final(one.outcome) for one in done) else _EXIT_WAITS


def _found(house: House, since: datetime, only: str) -> Iterator[tuple[Reread, Plan, list[DeliveryRow]]]:
    """Mail that has never become a case, that waits or was discarded by a rule, and that the rules now deliver."""
    known = _waiting(house, since)
    seen: set[str] = set()
    for one in reread(house.settings, since, house.guard, only):
        identity = one.message.identity
        rows = known.get(identity, [])
        if not rows or identity in seen:
            continue
        made = plan(Letter(one.waiting, one.source, one.message), house)
        if made.steps and not any(step.ruling for step in made.steps):
            seen.add(identity)
            yield one, made, rows


def _waiting(house: House, since: datetime) -> dict[str, list[DeliveryRow]]:
    """By message: its deliveries, when none of them has become a case and no person has discarded it."""
    by_identity: dict[str, list[DeliveryRow]] = {}
    for row in house.ledger.deliveries_in("held", "discarded", "deferred", "pending", "delivering", "delivered"):
        if row.identity and row.first_seen_at >= since:
            by_identity.setdefault(row.identity, []).append(row)
    return {
        identity: rows
        for identity, rows in by_identity.items()
        if all(row.state in _WAITS for row in rows)
        and any(row.state in ("held", "discarded") for row in rows)
        and not any(_by_person(house, row) for row in rows)
    }


def _by_person(house: House, row: DeliveryRow) -> bool:
    if row.state != "discarded":
        return False
    events = house.ledger.events_of(row.key)
    return any(event.kind == "discarded" and "by=operator" in event.detail for event in events)


def _described(one: Reread, made: Plan, rows: Sequence[DeliveryRow]) -> Candidate:
    message = one.message
    was = "; ".join(dict.fromkeys(f"{row.state}: {row.why}" for row in rows))
    to = tuple(step.door.name for step in made.steps)
    return Candidate(
        one.mailbox, message.received_at, message.author.address, message.subject, message.identity, was, to
    )


def _agreed(wanted: Sequence[Candidate], *, yes: bool, as_json: bool) -> bool:
    if not wanted or yes:
        return True
    if not as_json:
        print_table(
            ("received", "mailbox", "from", "subject", "was", "goes to"),
            (
                (iso(one.received_at), one.mailbox, one.sender, one.subject, one.was, ", ".join(one.to))
                for one in wanted
            ),
        )
    if not sys.stdin.isatty():
        complain(f"replay: {len(wanted)} mails would be put through again; give --yes to do it")
        return False
    return typer.confirm(f"Put these {len(wanted)} mails through again?", default=False, err=True)


def _put_through(house: House, since: datetime, only: str, agreed: dict[str, Candidate]) -> Iterator[Done]:
    """Only what was agreed to; each mail read again, since none was kept."""
    if not agreed:
        return
    for one, made, rows in _found(house, since, only):
        candidate = agreed.pop(one.message.identity, None)
        if candidate:
            yield Done(candidate, _carried_out(house, one, made, rows))


def _carried_out(house: House, one: Reread, made: Plan, rows: Sequence[DeliveryRow]) -> Outcome:
    ledger, keys = house.ledger, set(made.keys)
    for row in rows:
        if row.key in keys:
            ledger.reopen(row.key)
    # Claimed one by one: what another worker has in hand stays in its hands, and no case is made twice.
    ledger.record_all([_untaken(made)])
    outcome = carry_out(made, house, {})
    _end(house, one, rows, keys, outcome)
    return outcome


def _untaken(made: Plan) -> Any:
    from dataclasses import replace

    recorded = made.recorded
    return replace(recorded, planned=tuple(replace(planned, take=False) for planned in recorded.planned))


def _end(house: House, one: Reread, rows: Sequence[DeliveryRow], keys: set[str], outcome: Outcome) -> None:
    """The slots: where it lay it is finished, once it is; where processed mail lies there is nothing to do."""
    ledger, slot = house.ledger, one.waiting.slot
    if isinstance(outcome, Delivered):
        for row in rows:
            if row.key not in keys and row.state != "discarded":
                ledger.discard(row.key)
    if one.is_done:
        ledger.forget([slot])
    elif is_final(outcome):
        ledger.conclude([SlotEnd(slot, "finished", None, "")])
    else:
        after_s = outcome.after_s if isinstance(outcome, Deferred) else None
        ledger.conclude([SlotEnd(slot, "deferred" if after_s is not None else "held", after_s, outcome.why)])


def _tell(done: Sequence[Done], *, as_json: bool) -> None:
    if as_json:
        print_json({"replayed": [_json(one) for one in done]})
        return
    print_table(
        ("message", "mailbox", "subject", "was", "became", "because"),
        (
            (
                *(short(one.candidate.identity), one.candidate.mailbox, one.candidate.subject, one.candidate.was),
                *(_became(one.outcome), one.outcome.why),
            )
            for one in done
        ),
    )
    say(f"replayed={len(done)}")


def _became(outcome: Outcome) -> str:
    return f"case {outcome.case.number}" if isinstance(outcome, Delivered) else type(outcome).__name__.lower()


def _json(one: Done) -> dict[str, Any]:
    outcome = one.outcome
    return {
        "identity": one.candidate.identity,
        "mailbox": one.candidate.mailbox,
        "from": one.candidate.sender,
        "subject": one.candidate.subject,
        "was": one.candidate.was,
        "outcome": type(outcome).__name__.lower(),
        "case": outcome.case.number if isinstance(outcome, Delivered) else None,
        "why": outcome.why or None,
    }
