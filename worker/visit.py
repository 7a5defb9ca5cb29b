"""The machinery of one poll: bounded groups in, lanes side by side, ends out, the lease kept alive."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, TypeVar

import structlog

from worker.compose import unread_key
from worker.farewell import Handled, acknowledge, conclude, show
from worker.house import House, Tally
from worker.intake import Group, enter, too_large
from worker.lanes import Lanes
from worker.ledger import LedgerError
from worker.letter import SPOOLED_BYTES, Letter, let_go, weight
from worker.mailbox import Interrupted, Mailbox, MailboxError, Unreachable
from worker.message import Source
from worker.message.guard import Errand, GuardError
from worker.outcome import NOT_BEGUN, Deferred, Discarded, Held, Outcome, is_final
from worker.slot import Slot, Waiting
from worker.tenure import Tenure

P = TypeVar("P")
Life: TypeAlias = Callable[[], Outcome]

log = structlog.get_logger(__name__)

_SEE_OFF_AT = 50
#: Mails that the parsing child has before it: enough to keep it busy while we fetch, record and acknowledge.
_AHEAD = 12
#: Letters that are read before the first of them goes on: they share the commit that puts them on record.
_BATCH = 16
_AFTER_OUR_BUG_S = 600.0


class Visit:
    """One poll of one mailbox, while its lease is ours."""

    def __init__(self, mailbox: Mailbox, house: House, tally: Tally, tenure: Tenure) -> None:
        self.mailbox, self.house, self.tally = mailbox, house, tally
        self._tenure = tenure
        self._lanes: Lanes[Handled] = Lanes(house.pool)
        self._open: set[Future[Handled]] = set()
        self._ended: list[Handled] = []
        #: counted as tried, and not on a lane yet
        self._entered: set[Slot] = set()
        #: on their way through the parsing child
        self._ahead: deque[tuple[Waiting, Errand]] = deque()
        #: in hand, and not on a lane yet
        self._unbegun: dict[int, Letter] = {}
        self._given_up = False

    # ---- in ---------------------------------------------------------------------------------------------

    def letters(self, groups: Iterable[Group]) -> Iterator[list[Letter]]:
        """Fetch and parse what is to be read, a batch at a time; whoever takes a batch begins its letters at once.

        The parsing child is kept some mails ahead, from one group to the next, so that it reads while we fetch. A
        batch is cut short rather than waited with: what it holds in memory is given back by its letters' lives only.
        A suspect is on its way alone, and done with before the next is touched.
        """
        failure: Exception | None = None
        batch: list[Letter] = []
        try:
            for group in groups:
                if group.suspect:
                    yield self._gathered(batch, 0)
                for waiting, source in self._fetch(group):
                    if not self.house.budget.take_now(weight(source)):
                        yield self._gathered(batch, 0)
                        self.house.budget.take(weight(source))
                    self._send(waiting, source)
                    batch += self._read(_AHEAD)
                    if len(batch) >= _BATCH:
                        yield self._gathered(batch, _AHEAD)
                if group.suspect:
                    yield self._gathered(batch, 0)
                    self.see_off(everything=True)
            batch += self._read(0)
        except (MailboxError, LedgerError, GuardError, OSError) as error:
            failure = error
        yield batch + self._rescued()
        if failure:
            raise failure

    def _gathered(self, batch: list[Letter], left: int) -> list[Letter]:
        """The batch, with those that are read until only ``left`` are on their way; a new one is begun."""
        batch += self._read(left)
        whole = batch[:]
        batch.clear()
        return whole

    def _fetch(self, group: Group) -> Iterator[tuple[Waiting, Source]]:
        """Count the try, then read; what may not be read is held, what vanished is forgotten."""
        limit_bytes = self.house.settings.worker.max_message_mb << 20
        readable, unread = enter(self.house.ledger, group, limit_bytes)
        for waiting, why in unread:
            self._hold_unread(waiting, why)
        self._entered = {waiting.slot for waiting in readable}
        for waiting, source in self.mailbox.read(readable, limit_bytes):
            if source is not None:
                self.tally.fetched += 1
                yield waiting, source
            elif waiting.size_bytes > limit_bytes:
                self._hold_unread(waiting, too_large(waiting))
            else:
                self._forget([waiting.slot])
            self._entered.discard(waiting.slot)
            self._keep_lease()
            if self.house.stopping.is_set():
                break
        self._put_back()

    def _hold_unread(self, waiting: Waiting, why: str) -> None:
        # The flag first: once the ledger holds it, it is not looked at again.
        self.mailbox.hold([waiting.slot.uid])
        held = self.house.ledger.hold_unrouted(waiting.slot, None, unread_key(waiting.slot), why)
        self._ended.append(Handled(waiting.slot, Held(why) if held else Discarded("by an operator")))

    def _put_back(self) -> None:
        """What was entered and then not begun, through no fault of its own, is as good as new."""
        self._ended += [Handled(slot, NOT_BEGUN) for slot in self._entered]
        self._entered = set()

    def _send(self, waiting: Waiting, source: Source) -> None:
        """Have the message parsed in the guarded child; big attachments go to files."""
        spool = None
        try:
            if source.size_bytes > SPOOLED_BYTES:
                spool = Path(tempfile.mkdtemp(dir=self.house.spool))
            self._ahead.append((waiting, self.house.guard.begin(source, spool)))
        except BaseException:
            let_go(source, spool, self.house.budget)
            raise

    def _read(self, left: int) -> Iterator[Letter]:
        """The letters whose parsing is done or waited for, oldest first, until only ``left`` are on their way."""
        while len(self._ahead) > left:
            waiting, errand = self._ahead[0]
            message = errand.result()
            self._ahead.popleft()
            yield Letter(waiting, errand.source, message, errand.spool)

    def _rescued(self) -> list[Letter]:
        """After a failure: what can still be read of the messages on their way; the others are put back."""
        letters: list[Letter] = []
        while self._ahead:
            waiting, errand = self._ahead.popleft()
            try:
                letters.append(Letter(waiting, errand.source, errand.result(), errand.spool))
            except GuardError:
                let_go(errand.source, errand.spool, self.house.budget)
                self._entered.add(waiting.slot)
        return letters

    def guarded(self, letters: Sequence[Letter], plan: Callable[[Letter], P]) -> list[P]:
        """Plan each letter; one that a bug of ours stops is looked at again later, and stops no other."""
        self._unbegun = {id(letter): letter for letter in letters}
        plans: list[P] = []
        for letter in letters:
            try:
                plans.append(plan(letter))
            except Exception as error:
                del self._unbegun[id(letter)]
                let_go(letter.source, letter.spool, self.house.budget)
                self._ended.append(Handled(letter.waiting.slot, _our_bug(letter, error)))
        return plans

    def begin(self, letter: Letter, ids: Sequence[str], life: Life, unlived: Life) -> None:
        """Take the letter through the rest of its life on a lane, behind the messages it belongs with.

        ``unlived`` takes the place of ``life`` when the poll ends before.
        """
        self._unbegun.pop(id(letter), None)
        self._open.add(self._lanes.submit(ids, lambda: self._live(letter, life, unlived)))

    def _live(self, letter: Letter, life: Life, unlived: Life) -> Handled:
        try:
            ends = self._given_up or self.house.stopping.is_set()
            outcome = unlived() if ends else life()
        except LedgerError:
            raise
        except Exception as error:
            outcome = _our_bug(letter, error)
        finally:
            let_go(letter.source, letter.spool, self.house.budget)
        self.house.on_outcome(letter.waiting.slot, outcome)
        return Handled(letter.waiting.slot, outcome)

    # ---- out --------------------------------------------------------------------------------------------

    def see_off(self, *, everything: bool) -> None:
        """Write down and acknowledge what is done, once it is worth it; with ``everything``, all of it."""
        while everything and wait(self._open, timeout=1.0).not_done:
            self._keep_lease()
            self._see_off(at_least=_SEE_OFF_AT)
        self._see_off(at_least=1 if everything else _SEE_OFF_AT)

    def abandon(self, error: BaseException) -> None:
        """The poll cannot go on: wait for the lanes, and write down what is done, to be acknowledged next time."""
        self._given_up = not isinstance(error, MailboxError)
        wait(self._open)
        for letter in (*self._unbegun.values(), *self._rescued()):
            let_go(letter.source, letter.spool, self.house.budget)
        if isinstance(error, Interrupted | GuardError | OSError):
            self._put_back()
        done = [task.result() for task in self._open if not task.exception()]
        with suppress(LedgerError):
            conclude(self.house.ledger, [*self._ended, *map(_unflagged, done)], self.tally)

    def _see_off(self, at_least: int) -> None:
        done = {task for task in self._open if task.done()}
        if len(done) + len(self._ended) < at_least:
            return
        handled = sorted((*self._ended, *(task.result() for task in done)), key=lambda one: one.slot)
        show(self.mailbox, handled)
        conclude(self.house.ledger, handled, self.tally)
        self._open -= done
        self._ended = []
        final = [one.slot for one in handled if is_final(one.outcome)]
        acknowledge(self.mailbox, self.house.ledger, final, self.tally)

    def _forget(self, slots: Sequence[Slot]) -> None:
        if slots:
            self.house.ledger.forget(slots)
            self.tally.gone += len(slots)

    def _keep_lease(self) -> None:
        """When the lease is lost, another worker polls this mailbox, and we stop."""
        if self._tenure.lost:
            raise Unreachable(f"mailbox {self.mailbox.name}: its lease was lost to another worker")


def _our_bug(letter: Letter, error: Exception) -> Outcome:
    """A bug of ours with one message must not stop the others."""
    log.error("unforeseen", slot=str(letter.waiting.slot), exc_info=error)
    return Deferred(_AFTER_OUR_BUG_S, f"unforeseen {type(error).__name__} in the worker; see its log")


def _unflagged(one: Handled) -> Handled:
    """A message that is to be held, and that people cannot be shown now, is looked at again, and then flagged."""
    return replace(one, outcome=Deferred(0.0, one.outcome.why)) if isinstance(one.outcome, Held) else one
