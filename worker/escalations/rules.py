"""The rules of the settings, ready to be asked: whom they are about, and since when somebody waits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connectors.contract import CaseState, Change, Finding, Severity
from worker.calendars import ROUND_THE_CLOCK, Calendar, CalendarError
from worker.ledger import WaitingCase
from worker.settings import Settings
from worker.settings.promised import Escalation

_KEY_HEX_DIGITS = 40
_SHOWN = ("priority", "status", "queue", "owner")


class RuleMistake(ValueError):
    """The rule cannot be used; the text says why, and the cure."""


@dataclass(frozen=True)
class Occasion:
    """One time that a customer waits: since when, and a name that stays the same until somebody answers."""

    since: datetime
    name: str


@dataclass(frozen=True)
class Rule:
    """One [[escalations]]; ``number`` counts from 1, as in the file."""

    number: int
    escalation: Escalation
    calendar: Calendar
    working: timedelta

    @property
    def name(self) -> str:
        """As an operator finds it in the file."""
        return f"escalations[{self.number}]"

    def due_at(self, occasion: Occasion, now: datetime) -> datetime | None:
        """Since when it is due, or None when it is not by now."""
        # No working time is longer than the time itself, which spares most cases the calendar.
        if occasion.since + self.working > now:
            return None
        due_at = self.calendar.due(occasion.since, self.working)
        return due_at if due_at <= now else None

    def is_about(self, case: WaitingCase, hash_of: Callable[[str], str]) -> bool:
        """Whether every condition of ``when`` holds."""
        when = self.escalation.when
        said = {"priority": case.priority, "status": case.status, "queue": case.queue, "connector": case.connector}
        wanted = {name: value for name in said if (value := getattr(when, name)) is not None}
        return (
            all(_same(value, said[name]) for name, value in wanted.items())
            and (when.route is None or any(_same(when.route, name) for name in _names(case.route)))
            and (when.owner is None or hash_of(when.owner) == case.owner_hash)
        )

    def change(self, case: WaitingCase, occasion: Occasion, *, note: bool) -> Change:
        """What is done to the case. The key is that of this rule's content, this case and this occasion."""
        key = change_key(self.escalation, case, occasion)
        told = self.escalation.note or self._told(occasion)
        return Change(key=key, fields=dict(self.escalation.set), note=told if note else "")

    def _told(self, occasion: Occasion) -> str:
        """What was done and why, for agents."""
        zone = self.calendar.zone
        since = f"{occasion.since.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
        done = ", ".join(f"{name} = {value}" for name, value in self.escalation.set.items())
        return f"No answer for {self.escalation.after} of working time since {since}. Escalated: {done}."


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """Every rule that can be used, in the order of the file; ``findings`` tells of the others."""
    return tuple(rule for rule in map(_tried(settings), range(len(settings.escalations))) if isinstance(rule, Rule))


def findings(settings: Settings) -> list[Finding]:
    """What ``check`` says of the escalations beside the mistakes of the settings."""
    found = []
    for number, rule in enumerate(map(_tried(settings), range(len(settings.escalations))), 1):
        if isinstance(rule, str):
            cure = "correct its calendar, or name another"
            found.append(Finding(Severity.WARNING, f"escalations[{number}] is never due: {rule}", cure))
        else:
            fact = f"{rule.name} is due after {rule.escalation.after} of working time ({rule.calendar.zone.key})"
            found.append(Finding(Severity.OK, fact))
    return found


def _tried(settings: Settings) -> Callable[[int], Rule | str]:
    def rule(index: int) -> Rule | str:
        try:
            return _rule(settings, index)
        except CalendarError as error:
            return str(error)

    return rule


def _rule(settings: Settings, index: int) -> Rule:
    escalation = settings.escalations[index]
    only = next(iter(settings.calendars)) if len(settings.calendars) == 1 else None
    name = escalation.calendar or only
    calendar = settings.calendars[name].working_time if name else ROUND_THE_CLOCK
    working = calendar.span(escalation.after)
    # A calendar that is never open is found now, and not while somebody waits.
    calendar.due(datetime.now(UTC), working)
    return Rule(index + 1, escalation, calendar, working)


def waits(state: CaseState) -> bool:
    """Whether a customer waits in the case: it is open, and nobody ever answered or the customer wrote since."""
    answered = state.last_answer_at or state.first_answer_at
    return state.open and (answered is None or (state.last_customer_at or state.opened_at) > answered)


def occasion_of(rule: Rule, case: WaitingCase) -> Occasion | None:
    """For what the case waits in the eyes of the rule; None when it does not.

    An answer at the very moment of the customer's mail counts as one to it: nobody is chased who has answered.
    """
    answered = case.last_answer_at or case.first_answer_at
    if rule.escalation.since == "opened":
        first = min(case.opened_at, case.received_at or case.opened_at)
        return None if answered else Occasion(first, "opened")
    wrote = case.last_customer_at or case.opened_at
    if answered is not None and wrote <= answered:
        return None
    return Occasion(wrote, f"after {answered.astimezone(UTC).isoformat() if answered else 'nothing'}")


def change_key(escalation: Escalation, case: WaitingCase, occasion: Occasion) -> str:
    """The unchanging identity of a change: 40 hex digits. Another content of the rule makes it another rule."""
    content = json.dumps(escalation.model_dump(), sort_keys=True, ensure_ascii=True)
    parts = ("escalation-1", case.connector, case.case.id, content, occasion.name)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_KEY_HEX_DIGITS]


def as_set(case: WaitingCase, fields: Sequence[tuple[str, str]], hash_of: Callable[[str], str]) -> WaitingCase:
    """The case as it will be shown after these fields were set, for the rules that come next."""
    wanted = dict(fields)
    return replace(
        case,
        priority=wanted.get("priority", case.priority),
        status=wanted.get("status", case.status),
        queue=wanted.get("queue", case.queue),
        owner_hash=hash_of(wanted["owner"]) if wanted.get("owner") else case.owner_hash,
    )


def shows(case: WaitingCase, fields: Sequence[tuple[str, str]], hash_of: Callable[[str], str]) -> bool:
    """Whether the case shows all of these fields that can be seen; False when none of them can be."""
    seen = [(name, value) for name, value in fields if name in _SHOWN]
    return bool(seen) and all(_is_shown(case, name, value, hash_of) for name, value in seen)


def _is_shown(case: WaitingCase, name: str, value: str, hash_of: Callable[[str], str]) -> bool:
    if name in ("owner", "queue"):
        # A CRM may let a queue own a case, and show it as either.
        return _same(value, case.queue) or hash_of(value) == case.owner_hash
    return _same(value, str(getattr(case, name)))


def _names(route: str) -> tuple[str, str]:
    """``routes[2] billing@example.com``: the whole, and the address alone."""
    return route, route.partition(" ")[2]


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
