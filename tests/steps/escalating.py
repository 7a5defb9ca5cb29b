"""A CRM whose agents and customers do as they are told, and an office that escalates its cases."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from connectors.contract import Capabilities, CaseGone, CaseRef, CaseState, Change, Connector, Dedupe, Delivery, Finding
from worker.doors import Door
from worker.escalations import Escalated, escalate
from worker.house import House
from worker.ledger import Ledger
from worker.ledger.owner import own_name
from worker.routes import compile_routes
from worker.settings import Settings

#: a Friday, ten in the morning
START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ABLE = Capabilities(dedupe=Dedupe.NATIVE, updates=True, reads_back=True, answers=True, internal_notes=True)
FIRST: dict[str, Any] = {"after": "4h", "set": {"priority": "High"}}
SECOND: dict[str, Any] = {"after": "8h", "set": {"priority": "Urgent", "owner": "Tier 2"}}


@dataclass
class Made:
    """One change that took effect, and the case as it was then."""

    change: Change
    before: CaseState


class Agents(Connector):
    """Keeps the promise: a change with a key that it has seen does nothing; unless it is ``forgetful``."""

    def __init__(self, capabilities: Capabilities = ABLE, *, forgetful: bool = False) -> None:
        self.capabilities = capabilities  # type: ignore[misc]
        self.forgetful = forgetful
        self.states: dict[str, CaseState] = {}
        self.made: list[Made] = []
        self.asked: list[datetime] = []
        self.updates = 0
        #: what comes of the next updates: what is raised, and whether it takes effect all the same
        self.script: list[tuple[BaseException | None, bool]] = []
        self.unreadable: list[Exception] = []
        self.now = START

    def check(self) -> Sequence[Finding]:
        return ()

    def find(self, delivery: Delivery) -> CaseRef | None:
        return None

    def create(self, delivery: Delivery) -> CaseRef:
        return self.opens(delivery.key, key=delivery.key)

    def opens(self, number: str = "1", **changes: Any) -> CaseRef:
        """A customer's first mail."""
        case = CaseRef(number, f"C-{number}")
        state = CaseState(
            case=case,
            status="New",
            open=True,
            opened_at=self.now,
            changed_at=self.now,
            priority="Normal",
            queue="Support",
            last_customer_at=self.now,
        )
        self.states[number] = replace(state, **changes)
        return case

    def becomes(self, number: str = "1", **changes: Any) -> None:
        """Somebody changes the case."""
        self.states[number] = replace(self.states[number], **{"changed_at": self.now, **changes})

    def answers(self, number: str = "1") -> None:
        first = self.states[number].first_answer_at or self.now
        self.becomes(number, first_answer_at=first, last_answer_at=self.now)

    def hears(self, number: str = "1") -> None:
        self.becomes(number, last_customer_at=self.now)

    def update(self, case: CaseRef, change: Change) -> None:
        self.updates += 1
        error, takes_effect = self.script.pop(0) if self.script else (None, True)
        if takes_effect:
            self._apply(case, change)
        if error:
            raise error

    def _apply(self, case: CaseRef, change: Change) -> None:
        if case.id not in self.states:
            raise CaseGone("no such case")
        if not self.forgetful and change.key in {one.change.key for one in self.made}:
            return
        self.made.append(Made(change, self.states[case.id]))
        self.becomes(case.id, **dict(change.fields))

    def read_back(self, since: datetime) -> Iterator[CaseState]:
        self.asked.append(since)
        if self.unreadable:
            raise self.unreadable.pop(0)
        yield from [state for state in self.states.values() if state.changed_at >= since]

    def notes(self) -> list[str]:
        return [one.change.note for one in self.made]


@dataclass
class Office:
    """A worker with one such CRM; its clock and the CRM's are one."""

    folder: Path
    escalations: Sequence[dict[str, Any]] = (FIRST,)
    crm: Agents = field(default_factory=Agents)
    calendars: dict[str, Any] = field(default_factory=dict)
    max_attempts: int = 3
    lives: int = 0

    def __post_init__(self) -> None:
        self.ledger = self._opened()

    def _opened(self, name: str = "ledger.db") -> Ledger:
        """As a process of its own, which is dead as soon as it is not this one any more."""
        self.lives += 1
        parts = own_name().split(":")
        # The kernel gives out no process ids as high as that.
        parts[3] = str(2**22 + self.lives)
        return Ledger.open(f"sqlite:///{self.folder / name}", owner=":".join(parts))

    def restart(self, name: str = "ledger.db") -> None:
        self.ledger.close()
        self.ledger = self._opened(name)

    @property
    def house(self) -> House:
        settings = Settings.model_validate({"escalations": list(self.escalations), "calendars": self.calendars})
        door = Door("crm", self.crm, self.ledger, self.max_attempts)
        nothing = cast("Any", None)
        return House(
            settings=settings,
            ledger=self.ledger,
            doors={"crm": door},
            router=compile_routes((), {}),
            guard=nothing,
            pool=nothing,
            budget=nothing,
            spool=self.folder,
            stopping=threading.Event(),
        )

    def tick(self, after: timedelta = timedelta(), **more: Any) -> Escalated:
        """Time passes, then the worker looks."""
        self.crm.now += after
        (told,) = escalate(self.house, now=self.crm.now, **more)
        return told

    def make_due(self) -> None:
        """As if the wait until the next attempt were over, and every pause."""
        with self.ledger._engines.writer.begin() as connection:
            connection.exec_driver_sql("UPDATE escalations SET due_at_s = NULL")
            connection.exec_driver_sql("DELETE FROM pauses")

    def rows(self) -> list[tuple[str, str, str]]:
        """Rule, state and why of each change, in order."""
        with self.ledger._engines.reader.connect() as connection:
            found = connection.exec_driver_sql("SELECT rule, state, why FROM escalations ORDER BY at_s, rule")
            return [(row[0], row[1], row[2]) for row in found]

    def events(self) -> list[str]:
        with self.ledger._engines.reader.connect() as connection:
            found = connection.exec_driver_sql("SELECT kind FROM events ORDER BY id")
            return [row[0] for row in found]
