"""`canary`: a signed mail through a public address, waited for in the mailboxes, and judged as it came in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors.contract import ConnectorError
from connectors.smtp import submit
from worker.canaries import came
from worker.canary import HEADER, Arrival, Canary, arrival, canary_in, hatched, mail_of
from worker.cli.opening import (
    EXIT_SETTINGS,
    EXIT_UNREACHABLE,
    complain,
    configure_log,
    judge_with,
    keyring_of,
    ledger_or_exit,
    served,
    settings_or_exit,
)
from worker.cli.printing import print_json, say
from worker.cli.rereading import folders
from worker.judge import Judge
from worker.ledger import Ledger, LedgerError
from worker.mailbox import Mailbox, MailboxError, Refused
from worker.mailbox.peek import with_field
from worker.message import InboundMessage
from worker.message.guard import Guard, GuardError
from worker.settings import Settings
from worker.settings.canary import span_of
from worker.settings.model import JUNK

_EXIT_LATE_OR_WRONG = 1
_LOOK_S = 1.0
_LIMIT_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Found:
    """Where it lay, and how it came; or, when the mail itself is gone, what the ledger says."""

    mailbox: str
    folder: str
    arrival: Arrival | None
    said: str


@dataclass(frozen=True)
class Asked:
    """What the operator asked for."""

    address: str
    sender: str
    timeout_s: float


def canary(path: Path, address: str, sender: str, timeout: str, *, as_json: bool) -> int:
    """Send, wait, tell. 0 when it came in time, by the right route and unchanged; else 1; 4 when it cannot be sent."""
    settings = settings_or_exit(path)
    configure_log(verbose=False, facts=True)
    asked = _asked(settings, address, sender, timeout)
    if isinstance(asked, str):
        complain(f"canary: {asked}")
        return EXIT_SETTINGS
    try:
        with ledger_or_exit(settings) as ledger, _watch(settings) as watch:
            judge = judge_with(settings, ledger)
            bird = hatched(asked.address, asked.sender)
            assert settings.smtp is not None
            assert judge.tokens is not None
            submit(settings.smtp.server, mail_of(bird, judge.tokens))
            found = _waited_for(bird, watch, judge, ledger, asked.timeout_s)
    except (ConnectorError, MailboxError, GuardError, LedgerError, OSError) as error:
        complain(f"canary: {error}")
        return EXIT_UNREACHABLE
    _tell(bird, found, asked, as_json=as_json)
    return 0 if found and not _wrong(found) else _EXIT_LATE_OR_WRONG


def _asked(settings: Settings, address: str, sender: str, timeout: str) -> Asked | str:
    """The address may be the name of a [canaries.NAME]."""
    known = settings.canaries.get(address)
    usual = known or next((one for one in settings.canaries.values() if one.address == address), None)
    if not settings.smtp:
        return 'there is no [smtp] to send it by; add url = "smtps://USER@HOST"'
    users = (mailbox.user for mailbox in settings.mailboxes.values() if "@" in mailbox.user)
    sent_from = sender or (usual.sender if usual else next(users, ""))
    if not sent_from:
        return "--from has to say which address it is sent from"
    if "@" not in (to := known.address if known else address):
        return f"{address!r} is neither an address nor the name of a [canaries.NAME]"
    try:
        within = span_of(timeout or (usual.within if usual else "5m"))
    except ValueError as error:
        return f"--timeout: {error}"
    return Asked(to, sent_from, within.total_seconds())


@dataclass(frozen=True)
class Watched:
    """The folders in which it may turn up, and what reads it."""

    mailboxes: Sequence[Mailbox]
    guard: Guard


@contextmanager
def _watch(settings: Settings) -> Iterator[Watched]:
    """Every folder of every mailbox, its processed mail included: a running worker is often faster than we are."""
    from worker.cli.opening import spool_folder

    with ExitStack() as stack:
        spool, keyring = stack.enter_context(spool_folder()), stack.enter_context(keyring_of(settings))
        guard = Guard()
        stack.callback(guard.close)
        mailboxes: list[Mailbox] = []
        for name, section in settings.mailboxes.items():
            reached = stack.enter_context(served(section))[0] if section.embedded else section
            for place, folder, _ in folders(settings, name):
                changed = reached.model_copy(update={"folder": folder, "processed": "seen"})
                mailboxes.append(Mailbox(place, changed, spool, keyring))
                stack.callback(mailboxes[-1].close)
        yield Watched(mailboxes, guard)


def _waited_for(bird: Canary, watch: Watched, judge: Judge, ledger: Ledger, timeout_s: float) -> Found | None:
    end = time.monotonic() + timeout_s
    while True:
        for mailbox in watch.mailboxes:
            if found := _looked(bird, mailbox, watch.guard, judge):
                return found
        # Where processed mail is deleted, only the ledger remembers it.
        if said := came(ledger, bird):
            return _once_more(bird, watch, judge) or Found("", "", None, said)
        if time.monotonic() + _LOOK_S > end:
            return None
        time.sleep(_LOOK_S)


def _once_more(bird: Canary, watch: Watched, judge: Judge) -> Found | None:
    """The worker may have moved it while we looked: from a folder not yet searched to one searched before."""
    seen = (_looked(bird, mailbox, watch.guard, judge) for mailbox in watch.mailboxes)
    return next(filter(None, seen), None)


def _looked(bird: Canary, mailbox: Mailbox, guard: Guard, judge: Judge) -> Found | None:
    try:
        mailbox.open()
    except Refused:
        return None
    uids = with_field(mailbox, HEADER, bird.nonce, (bird.at - timedelta(days=1)).date())
    for _, source in mailbox.read(mailbox.describe(uids), _LIMIT_BYTES):
        message = guard.parse(source) if source else None
        if message and judge.tokens and canary_in(message, judge.tokens) == bird:
            return Found(mailbox.name, mailbox.folder, _arrived(bird, message, mailbox.name, judge), "")
    return None


def _arrived(bird: Canary, message: InboundMessage, mailbox: str, judge: Judge) -> Arrival:
    taken = judge.of(message, mailbox).decision.name
    routes = taken, judge.expected_route(bird.address, message, mailbox)
    return arrival(bird, message, routes, in_junk=mailbox.endswith(JUNK))


def _wrong(found: Found) -> tuple[str, ...]:
    if found.arrival is None:
        return (found.said,) if "WRONG" in found.said else ()
    return found.arrival.wrong


def _tell(bird: Canary, found: Found | None, asked: Asked, *, as_json: bool) -> None:
    if as_json:
        print_json(_json(bird, found))
    elif found is None:
        say(f"late: nothing came to any mailbox within {asked.timeout_s:g} s")
        say(f"follow it with: mail-to-case where {bird.message_id}")
    elif found.arrival is None:
        say(found.said)
    else:
        come = found.arrival
        say(f"{'wrong' if come.wrong else 'arrived'}: {come.took.total_seconds():g} s, {found.mailbox}/{found.folder}")
        say(f"route: {come.route or 'none'}{'' if come.route == come.expected else f', expected {come.expected}'}")
        say(f"From: {'intact' if come.from_intact else 'rewritten on the way'}")
        say(f"road: {' → '.join(come.road) or 'no server wrote a Received field'}")
        for words in come.wrong:
            say(f"wrong: {words}")


def _json(bird: Canary, found: Found | None) -> dict[str, Any]:
    come = found.arrival if found else None
    return {
        "address": bird.address,
        "message_id": bird.message_id,
        "arrived": found is not None,
        "took_s": come.took.total_seconds() if come else None,
        "mailbox": found.mailbox or None if found else None,
        "folder": found.folder or None if found else None,
        "route": come.route or None if come else None,
        "expected_route": come.expected or None if come else None,
        "from_intact": come.from_intact if come else None,
        "road": list(come.road) if come else [],
        "wrong": list(_wrong(found)) if found else ["late"],
    }
