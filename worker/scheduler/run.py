"""The worker's life: it begins, it is asked to stop, it ends what is in hand."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from types import FrameType

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from worker.chores import HOUR_S, MINUTE_S, Chores
from worker.house import House
from worker.log import flush
from worker.mailbox import Mailbox
from worker.scheduler.polls import Polls
from worker.scheduler.turns import Turns

log = structlog.get_logger(__name__)

#: A platform kills 30 s after SIGTERM; what is in hand has this long to end.
DRAIN_S = 22.0
#: How often a ledger that is a file is looked for.
_LOOK_S = 5.0


def run(mailboxes: Sequence[Mailbox], house: House) -> int:
    """The worker: polls by clock and hint until SIGTERM or SIGINT. Returns the exit code: 0, or 1 without its ledger.

    With a ledger on a server it shares the mailboxes with all workers on that ledger; ``fleet.prepare`` comes before.
    A second signal leaves at once; what was in hand is then found again by its intent at the next start.
    """
    asked_to_stop = _on_signals()
    polls = _polls(mailboxes, house)
    clock = _clock(polls, [mailbox.name for mailbox in mailboxes], house.settings.worker.poll_seconds)
    _add_chores(clock, Chores(house))
    polls.start()
    clock.start()
    code = _until(asked_to_stop, house)
    clock.shutdown(wait=False)
    in_time = polls.drain(DRAIN_S)
    log.info("stopped", drained=in_time)
    if not in_time:
        flush()
        os._exit(code)
    return code


def _polls(mailboxes: Sequence[Mailbox], house: House) -> Turns:
    if house.ledger.address is None:
        return Polls(mailboxes, house)
    # Its libraries are large, and of no use to a worker that is alone.
    from worker.scheduler.shared import SharedPolls

    return SharedPolls(mailboxes, house)


def _clock(polls: Turns, names: Sequence[str], period_s: int) -> BackgroundScheduler:
    """A tick a mailbox; a tick that could not come in time comes once."""
    defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    clock = BackgroundScheduler(timezone="UTC", job_defaults=defaults)
    for name in names:
        clock.add_job(polls.tick, "interval", [name], seconds=period_s, jitter=max(1, period_s // 10), id=name)
    log.info("started", mailboxes=names, poll_seconds=period_s)
    return clock


def _add_chores(clock: BackgroundScheduler, chores: Chores) -> None:
    """Beside the polls, and never in their way."""
    clock.add_job(chores.minutely, "interval", seconds=MINUTE_S, jitter=5, id=":minutely")
    clock.add_job(chores.hourly, "interval", seconds=HOUR_S, jitter=300, id=":hourly")


def _until(asked_to_stop: threading.Event, house: House) -> int:
    """Wait. An operator's orders would go to the new ledger, and be ignored by who writes into the old one."""
    while not asked_to_stop.wait(_LOOK_S):
        if not house.ledger.still_there():
            log.error("ledger_gone", cure="its file was removed or replaced: the worker ends, to be started anew")
            return 1
    return 0


def _on_signals() -> threading.Event:
    asked = threading.Event()

    def heard(number: int, _: FrameType | None) -> None:
        if asked.is_set():
            flush(0.2)
            os._exit(128 + number)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, heard)
    return asked
