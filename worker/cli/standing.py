"""What `status` shows: mailboxes, connectors, counts, leases, and what of it is stuck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.cli.printing import iso, print_table, short, span
from worker.ledger import DeliveryRow, Ledger, MailboxSummary, Pause, Summary
from worker.settings import Settings

#: A message that has waited longer than this for its case does not only wait for its turn.
LATE_S = 3600.0
#: A worker renews what it has in hand within two minutes; after this long nobody is coming back for it.
DEAD_S = 600.0
_STATES = ("pending", "delivering", "deferred", "held", "delivered", "discarded")


@dataclass(frozen=True)
class Standing:
    """Where everything stands at one moment."""

    settings: Settings
    summary: Summary
    pauses: Mapping[tuple[str, str], Pause]
    last_polls: Mapping[str, datetime]
    abandoned: tuple[DeliveryRow, ...]

    @property
    def stuck(self) -> list[str]:
        """What needs a person, one line each with the cure."""
        return list(_stuck(self))

    def is_polled(self, mailbox: str) -> bool:
        """Whether a worker has it in hand now."""
        return any(lease.name == mailbox for lease in self.summary.leases)

    def last_poll(self, mailbox: str) -> str:
        """When, in words."""
        return "now" if self.is_polled(mailbox) else iso(self.last_polls.get(mailbox)) or "never"

    @property
    def mailboxes(self) -> list[MailboxSummary]:
        """Those of the settings first, then others that the ledger still knows."""
        known = {one.mailbox: one for one in self.summary.mailboxes}
        names = dict.fromkeys((*self.settings.mailboxes, *known))
        return [known.get(name) or MailboxSummary(name, {}, None) for name in names]


def look(settings: Settings, ledger: Ledger) -> Standing:
    """Ask the ledger; nothing else is contacted."""
    return Standing(
        settings=settings,
        summary=ledger.summary(),
        pauses=ledger.pauses(),
        last_polls=ledger.last_polls(),
        abandoned=tuple(
            row for row in ledger.deliveries_in("delivering") if _idle_s(row) > DEAD_S and not row.due_in_s
        ),
    )


def as_json(seen: Standing) -> dict[str, Any]:
    """The facts of ``status --json``."""
    return {
        "mailboxes": [_mailbox_json(seen, one) for one in seen.mailboxes],
        "connectors": [_connector_json(seen, name) for name in seen.settings.connectors],
        "deliveries": _counts(seen.summary),
        "oldest_waiting_s": seen.summary.oldest_waiting_s,
        "leases": [
            {"name": lease.name, "owner": lease.owner, "remaining_s": round(lease.remaining_s)}
            for lease in seen.summary.leases
        ],
        "stuck": seen.stuck,
    }


def show(seen: Standing) -> None:
    """The facts as tables."""
    print_table(
        ("mailbox", "last poll", "waiting", "deferred", "held", "to mark", "oldest"),
        ((one.mailbox, seen.last_poll(one.mailbox), *_in_slots(one), span(one.oldest_s)) for one in seen.mailboxes),
    )
    print()
    print_table(
        ("connector", "type", "state"),
        (
            (name, section.type, "; ".join(_paused(pause, bucket) for bucket, pause in _pauses(seen, name)) or "open")
            for name, section in seen.settings.connectors.items()
        ),
    )
    print()
    print_table(_STATES, [list(_counts(seen.summary).values())])
    if seen.summary.leases:
        print()
        print_table(
            ("polled now", "by", "lease ends in"),
            ((lease.name, lease.owner, span(lease.remaining_s)) for lease in seen.summary.leases),
        )
    for line in seen.stuck:
        print(f"stuck: {line}")


def _stuck(seen: Standing) -> Iterator[str]:
    for (name, bucket), pause in seen.pauses.items():
        if name.startswith("mailboxes."):
            yield f"{name} refuses our login and is left alone until {iso(pause.until)}: {pause.why}"
            continue
        yield f"connector {name} is {_paused(pause, bucket)}; when it is mended, `mail-to-case check` opens it again"
    held = seen.summary.deliveries.get("held", 0)
    if held:
        yield f"{held} held for a person; see `mail-to-case held`, then retry or discard"
    if (seen.summary.oldest_waiting_s or 0.0) > LATE_S:
        yield f"a message has waited {span(seen.summary.oldest_waiting_s)} for its case; see the connectors above"
    for row in seen.abandoned:
        yield (
            f"delivery {short(row.key)} was begun {span(_idle_s(row))} ago and left by a worker that is gone; "
            "the next poll takes it up: is a worker running?"
        )


def _idle_s(row: DeliveryRow) -> float:
    """Seconds since the row last changed, by the database's clock."""
    return row.age_s - (row.changed_at - row.first_seen_at).total_seconds()


def _in_slots(one: MailboxSummary) -> tuple[int, int, int, int]:
    """Waiting for their turn, deferred, held, done but not marked on the server yet."""
    slots = one.slots
    waiting = slots.get("entered", 0) + slots.get("fresh", 0)
    return waiting, slots.get("deferred", 0), slots.get("held", 0), slots.get("finished", 0)


def _mailbox_json(seen: Standing, one: MailboxSummary) -> dict[str, Any]:
    waiting, deferred, held, finished = _in_slots(one)
    return {
        "name": one.mailbox,
        "polled_now": seen.is_polled(one.mailbox),
        "last_poll": iso(seen.last_polls.get(one.mailbox)),
        "waiting": waiting,
        "deferred": deferred,
        "held": held,
        "to_mark": finished,
        "oldest_s": one.oldest_s,
    }


def _connector_json(seen: Standing, name: str) -> dict[str, Any]:
    pauses = [
        {"bucket": bucket, "since": iso(pause.since), "until": iso(pause.until), "why": pause.why}
        for bucket, pause in _pauses(seen, name)
    ]
    return {"name": name, "type": seen.settings.connectors[name].type, "pauses": pauses}


def _pauses(seen: Standing, connector: str) -> list[tuple[str, Pause]]:
    return [(bucket, pause) for (name, bucket), pause in seen.pauses.items() if name == connector]


def _paused(pause: Pause, bucket: str) -> str:
    what = f"paused for case {bucket}" if bucket else "paused"
    until = f"until {iso(pause.until)}" if pause.until else "until a person acts"
    return f"{what} {until}: {pause.why}"


def _counts(summary: Summary) -> dict[str, int]:
    return {state: summary.deliveries.get(state, 0) for state in _STATES}
