"""One poll of every mailbox, for cron."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from worker.house import House, Tally
from worker.mailbox import Mailbox
from worker.poll import poll

_MAILBOXES_AT_ONCE = 8


def once(mailboxes: Sequence[Mailbox], house: House) -> list[Tally]:
    """Poll each mailbox once, several side by side; a mailbox that fails stops no other."""

    def visit(mailbox: Mailbox) -> Tally:
        try:
            return poll(mailbox, house)
        finally:
            mailbox.close()

    with ThreadPoolExecutor(_MAILBOXES_AT_ONCE, thread_name_prefix="poll") as pool:
        try:
            return list(pool.map(visit, mailboxes))
        except BaseException:
            # Ctrl-C: nobody wants to wait until the whole backlog is worked off.
            house.stopping.set()
            raise


def exit_code(tallies: Sequence[Tally], unreachable: Sequence[str]) -> int:
    """0 all taken care of, 3 some deferred or held, 4 a mailbox or connector could not be reached."""
    if unreachable or any(tally.problem for tally in tallies):
        return 4
    waits = any(tally.deferred or tally.held or tally.waiting or tally.held_before for tally in tallies)
    return 3 if waits else 0
