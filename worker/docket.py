"""What one poll has before it: listed, known or new, oldest first, and nothing that could only wait again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property

from worker.farewell import acknowledge
from worker.house import House, Tally
from worker.intake import Group, groups
from worker.mailbox import Mailbox
from worker.slot import Slot


class Docket:
    """The messages of one folder that are to be read now."""

    def __init__(self, mailbox: Mailbox, house: House, tally: Tally) -> None:
        self.mailbox, self.house, self.tally = mailbox, house, tally

    def groups(self) -> Iterator[Group]:
        """What is to be read, oldest first; what was finished before is only acknowledged."""
        mailbox, ledger = self.mailbox, self.house.ledger
        uidnext = mailbox.open().uidnext
        where = (mailbox.name, mailbox.folder, mailbox.uidvalidity)
        mark = ledger.folder_mark(*where)
        listed = mailbox.unmarked(mark if mailbox.swept else 0)
        agenda = ledger.agenda(*where, listed)
        self.tally.waiting, self.tally.held_before = agenda.waiting, agenda.held
        self.tally.listed = len(agenda.fresh) + len(agenda.suspects)
        self.house.on_listed(self.tally.listed)
        finished = sorted({*agenda.finished, *mailbox.stragglers()})
        acknowledge(mailbox, ledger, [Slot(*where, uid) for uid in finished], self.tally)
        gone: list[int] = []
        for group in groups(mailbox, agenda, gone, self._is_worth_reading):
            if self.house.stopping.is_set():
                return
            yield group
            ledger.advance(*where, group.waiting[-1].slot.uid)
        ledger.forget([Slot(*where, uid) for uid in gone])
        self.tally.gone += len(gone)
        # Whatever was there when the folder was opened is marked or has a slot by now.
        if (seen_to := max((*listed, uidnext - 1))) > mark:
            ledger.advance(*where, seen_to)

    def _is_worth_reading(self, uid: int) -> bool:
        """False when all the message is known to wait for is paused: it is counted as waiting, and not fetched."""
        paused = {name for name, door in self.house.doors.items() if door.paused()}
        awaited = self._awaited.get(uid) if paused else None
        if not awaited or not awaited <= paused:
            return True
        self.tally.waiting += 1
        return False

    @cached_property
    def _awaited(self) -> Mapping[int, AbstractSet[str]]:
        """By UID, the connectors for which messages of earlier polls wait."""
        here, awaited = (self.mailbox.name, self.mailbox.folder, self.mailbox.uidvalidity), dict[int, set[str]]()
        for row in self.house.ledger.deliveries_in("pending", "delivering", "deferred"):
            if row.slot and row.connector and (row.slot.mailbox, row.slot.folder, row.slot.uidvalidity) == here:
                awaited.setdefault(row.slot.uid, set()).add(row.connector)
        return awaited
