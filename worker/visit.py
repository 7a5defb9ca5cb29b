"""The machinery of one poll: bounded groups in, lanes side by side, ends out, the lease kept alive."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path

import structlog

from worker.compose import unread_key
from worker.farewell import Handled, acknowledge, conclude, see_off
from worker.house import House, Tally
from worker.intake import Group, enter, groups
from worker.lanes import Lanes
from worker.ledger import Lease, LedgerError
from worker.mailbox import Mailbox, Unreachable
from worker.message import InboundMessage, Source
from worker.outcome import Deferred, Discarded, Held, Outcome
from worker.slot import Slot, Waiting

log = structlog.get_logger(__name__)

LEASE_S = 60.0
_RENEW_S = 10.0
_SEE_OFF_AT = 50
#: Only a message above this size can hold an attachment that is kept in a file.
_SPOOLED_BYTES = 1024 * 1024
_AFTER_OUR_BUG_S = 600.0
_STOPPING = Deferred(0.0, "the worker was asked to stop before its turn came")


@dataclass(frozen=True)
class Letter:
    """One message in hand: where it lies, its bytes, and what was read out of them."""

    waiting: Waiting
    source: Source
    message: InboundMessage
    spool: Path | None = None

    def let_go(self) -> None:
        """Remove what was kept in files."""
        if isinstance(self.source.content, Path):
            self.source.content.unlink(missing_ok=True)
        if self.spool:
            shutil.rmtree(self.spool, ignore_errors=True)


class Visit:
    """One poll of one mailbox, while its lease is ours."""

    def __init__(self, mailbox: Mailbox, house: House, tally: Tally, lease: Lease) -> None:
        self.mailbox, self.house, self.tally = mailbox, house, tally
        self._lease, self._renewed = lease, time.monotonic()
        self._lanes: Lanes[Handled] = Lanes(house.pool)
        self._open: set[Future[Handled]] = set()
        self._unread: list[Handled] = []

    # ---- what waits -------------------------------------------------------------------------------------

    def groups(self) -> Iterator[Group]:
        """What is to be read, oldest first; what was finished before is only acknowledged."""
        mailbox, ledger = self.mailbox, self.house.ledger
        mailbox.open()
        where = (mailbox.name, mailbox.folder, mailbox.uidvalidity)
        listed = mailbox.unmarked(ledger.folder_mark(*where) if mailbox.swept else 0)
        agenda = ledger.agenda(*where, listed)
        self.tally.waiting, self.tally.held_before = agenda.waiting, agenda.held
        self.tally.listed = len(agenda.fresh) + len(agenda.suspects)
        self.house.on_listed(self.tally.listed)
        finished = sorted({*agenda.finished, *mailbox.stragglers()})
        acknowledge(mailbox, ledger, [Slot(*where, uid) for uid in finished], self.tally)
        gone: list[int] = []
        for group in groups(mailbox, agenda, gone):
            if self.house.stopping.is_set():
                return
            yield group
            ledger.advance(*where, group.waiting[-1].slot.uid)
        self._forget([Slot(*where, uid) for uid in gone])
        if listed:
            ledger.advance(*where, max(listed))

    # ---- in ---------------------------------------------------------------------------------------------

    def fetch(self, group: Group) -> Iterator[tuple[Waiting, Source]]:
        """Count the try, then read; what may not be read is held, what vanished is forgotten."""
        readable, unread = enter(self.house.ledger, group, self.house.settings.worker.max_message_mb << 20)
        for waiting, why in unread:
            held = self.house.ledger.hold_unrouted(waiting.slot, None, unread_key(waiting.slot), why)
            outcome = Held(why) if held else Discarded("by an operator")
            self._unread.append(Handled(waiting.slot, outcome))
        for waiting, source in self.mailbox.read(readable):
            self._keep_lease()
            if source is None:
                self._forget([waiting.slot])
                continue
            self.tally.fetched += 1
            self.house.budget.take(_weight(source))
            yield waiting, source

    def read(self, waiting: Waiting, source: Source) -> Letter:
        """Parse the message in the guarded child; big attachments go to files."""
        spool = Path(tempfile.mkdtemp(dir=self.house.spool)) if source.size_bytes > _SPOOLED_BYTES else None
        return Letter(waiting, source, self.house.guard.parse(source, spool), spool)

    def begin(self, letter: Letter, ids: Sequence[str], life: Callable[[Letter, House], Outcome]) -> None:
        """Take the letter through the rest of its life on a lane, behind the messages it belongs with."""
        self._open.add(self._lanes.submit(ids, lambda: self._live(letter, life)))

    def _live(self, letter: Letter, life: Callable[[Letter, House], Outcome]) -> Handled:
        try:
            outcome = _STOPPING if self.house.stopping.is_set() else life(letter, self.house)
        except LedgerError:
            raise
        except Exception as error:
            # A bug of ours with one message must not stop the others.
            log.exception("unforeseen", slot=str(letter.waiting.slot))
            outcome = Deferred(_AFTER_OUR_BUG_S, f"unforeseen {type(error).__name__} in the worker; see its log")
        finally:
            self.house.budget.give(_weight(letter.source))
            letter.let_go()
        self.house.on_outcome(letter.waiting.slot, outcome)
        return Handled(letter.waiting.slot, outcome)

    # ---- out --------------------------------------------------------------------------------------------

    def see_off(self, *, everything: bool) -> None:
        """Write down and acknowledge what is done, once it is worth it; with ``everything``, all of it."""
        while everything and wait(self._open, timeout=1.0).not_done:
            self._keep_lease()
            self._see_off(at_least=_SEE_OFF_AT)
        self._see_off(at_least=1 if everything else _SEE_OFF_AT)

    def abandon(self) -> None:
        """The mailbox cannot be spoken to any more: write down what is done, to be acknowledged next time."""
        wait(self._open)
        done = [task.result() for task in self._open if not task.exception()]
        conclude(self.house.ledger, (*self._unread, *done), self.tally)

    def _see_off(self, at_least: int) -> None:
        done = {task for task in self._open if task.done()}
        if len(done) + len(self._unread) < at_least:
            return
        handled = sorted((*self._unread, *(task.result() for task in done)), key=lambda one: one.slot)
        self._open -= done
        self._unread = []
        see_off(self.mailbox, self.house.ledger, handled, self.tally)

    def _forget(self, slots: Sequence[Slot]) -> None:
        if slots:
            self.house.ledger.forget(slots)
            self.tally.gone += len(slots)

    def _keep_lease(self) -> None:
        """Renew the lease in time; when it is lost, another worker polls this mailbox, and we stop."""
        if time.monotonic() - self._renewed < _RENEW_S:
            return
        if not self.house.ledger.renew(self._lease, LEASE_S):
            raise Unreachable(f"mailbox {self.mailbox.name}: its lease was lost to another worker")
        self._renewed = time.monotonic()


def _weight(source: Source) -> int:
    """Bytes of memory a message holds: next to nothing when it is kept in a file."""
    return source.size_bytes if isinstance(source.content, bytes) else _SPOOLED_BYTES
