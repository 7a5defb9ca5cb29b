"""What a poll costs when nothing is new, on a connection that is kept."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.registry import build
from worker.bench.mails import small_mail
from worker.bench.place import Place
from worker.doors import Door
from worker.house import House
from worker.lanes import Budget
from worker.ledger import Ledger
from worker.mailbox import Mailbox
from worker.message.guard import Guard
from worker.poll import poll
from worker.routes import compile_routes
from worker.settings import Settings, load

_USER = "idle"
_POLLS = 50


@dataclass(frozen=True)
class Idle:
    """Medians over many polls; bytes both ways, of one poll."""

    mails: int
    first_poll_ms: float
    poll_ms: float
    poll_bytes: int
    poll_cpu_ms: float


def idle(place: Place, mails: int) -> Idle:
    """Poll a folder of that many small mails, all of them processed long ago, again and again."""
    place.dovecot.fill(_USER, (small_mail(index) for index in range(mails)))
    with place.client(_USER) as client:
        client.select_folder("INBOX")
        client.add_flags("1:*", ["\\Seen"], silent=True)
    path = place.settings(_USER, processed="seen")
    place.environ()
    with _house(load(path), path.parent) as (house, mailbox):
        first_ms = _timed(mailbox, house)[0]
        polls = [_timed(mailbox, house) for _ in range(_POLLS)]
    wall, cpu, octets = (statistics.median(column) for column in zip(*polls, strict=True))
    return Idle(mails, first_ms, wall, int(octets), cpu)


def _timed(mailbox: Mailbox, house: House) -> tuple[float, float, int]:
    """Wall ms, CPU ms of this process, bytes both ways."""
    before, wall, cpu = mailbox.bytes_in + mailbox.bytes_out, time.perf_counter(), time.process_time()
    tally = poll(mailbox, house)
    wall_ms, cpu_ms = (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3
    if tally.problem or tally.fetched:
        raise RuntimeError(f"this poll should have found nothing: {tally}")
    return wall_ms, cpu_ms, mailbox.bytes_in + mailbox.bytes_out - before


@contextmanager
def _house(settings: Settings, folder: Path) -> Iterator[tuple[House, Mailbox]]:
    with ExitStack() as stack:
        ledger = Ledger.open(settings.worker.database)
        stack.callback(ledger.close)
        section = settings.connectors["desk"]
        desk = build("desk", section.type, section.options, os.environ)
        stack.callback(desk.close)
        guard = Guard()
        stack.callback(guard.close)
        pool = stack.enter_context(ThreadPoolExecutor(settings.worker.concurrency))
        mailbox = Mailbox(_USER, settings.mailboxes[_USER], folder / "spool")
        stack.callback(mailbox.close)
        yield (
            House(
                settings=settings,
                ledger=ledger,
                doors={"desk": Door("desk", desk, ledger, settings.worker.max_attempts)},
                router=compile_routes(settings.routes, settings.mailboxes),
                guard=guard,
                pool=pool,
                budget=Budget(settings.worker.in_flight_mb << 20),
                spool=folder / "spool",
            ),
            mailbox,
        )
