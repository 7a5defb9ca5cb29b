"""The verbs that work: run, once, release."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from worker.cli.opening import (
    EXIT_SETTINGS,
    EXIT_UNREACHABLE,
    complain,
    configure_log,
    house_or_exit,
    ledger_or_exit,
    mailboxes_of,
    settings_or_exit,
)
from worker.house import House, Tally
from worker.ledger import Ledger, LedgerError
from worker.once import exit_code
from worker.once import once as poll_once

if TYPE_CHECKING:
    from worker.settings import Settings


def run(path: Path, *, verbose: bool) -> int:
    """The worker, until it is asked to stop."""
    from worker.scheduler import run as run_worker

    settings = settings_or_exit(path)
    configure_log(verbose=verbose, facts=False)
    with house_or_exit(settings) as house, mailboxes_of(settings, house.spool) as mailboxes:
        _queue_or_exit(house.ledger)
        return run_worker(mailboxes, house)


def once(path: Path, only: str, *, as_json: bool, verbose: bool) -> int:
    """One poll of every mailbox, or of one; a progress bar on a terminal, one summary line."""
    settings = settings_or_exit(path)
    configure_log(verbose=verbose, facts=True)
    if only and only not in settings.mailboxes:
        complain(f"--mailbox: there is no [mailboxes.{only}] (there are: {', '.join(settings.mailboxes)})")
        raise typer.Exit(EXIT_SETTINGS)
    with _house_with_bar(settings) as house, mailboxes_of(settings, house.spool, only, junk=True) as mailboxes:
        tallies = poll_once(mailboxes, house)
        _do_chores(house)
        paused = [f"{name}: {why[1]}" for name, door in house.doors.items() if (why := door.paused())]
    _report(tallies, paused, as_json=as_json)
    return exit_code(tallies, paused)


def _do_chores(house: House) -> None:
    """After the polls: what a worker does by the clock. Rooms are loaded only where there is something to do."""
    from worker.retention import forget_or_tell

    if house.settings.escalations:
        from worker.chores import Chores

        Chores(house).escalate()
    forget_or_tell(house)


def release(path: Path, *, verbose: bool) -> int:
    """Migrate the ledger, then check; what a platform runs before the new version starts."""
    from worker.cli.checking import check

    settings = settings_or_exit(path)
    with ledger_or_exit(settings) as ledger:
        _queue_or_exit(ledger)
    return check(path, as_json=False, verbose=verbose)


def _queue_or_exit(ledger: Ledger) -> None:
    """The tables by which workers share the mailboxes out, if there are any; or one line on stderr, and exit 4."""
    if ledger.address is None:
        return
    from worker.fleet import prepare

    try:
        prepare(ledger)
    except LedgerError as error:
        complain(error)
        raise typer.Exit(EXIT_UNREACHABLE) from None


@contextmanager
def _house_with_bar(settings: Settings) -> Iterator[House]:
    if not sys.stderr.isatty():
        with house_or_exit(settings) as house:
            yield house
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("messages", total=0)
        listed = [0]

        def more(count: int) -> None:
            listed[0] += count
            progress.update(bar, total=listed[0])

        with house_or_exit(settings, lambda *_: progress.advance(bar), more) as house:
            yield house


def _report(tallies: Sequence[Tally], paused: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"mailboxes": [asdict(tally) for tally in tallies], "paused": list(paused)}))
        return
    sums = {name: sum(getattr(tally, name) for tally in tallies) for name in _COUNTED}
    print(" ".join(f"{name}={count}" for name, count in sums.items()))
    complain(*(f"mailbox {tally.mailbox}: {tally.problem}" for tally in tallies if tally.problem))
    complain(*(f"mailbox {tally.mailbox}: polled by another worker now" for tally in tallies if tally.busy))
    complain(*(f"connector {line}" for line in paused))


_COUNTED = (
    "listed", "fetched", "delivered", "deferred", "held", "discarded", "gone", "acknowledged", "waiting", "held_before"
)  # fmt: skip
