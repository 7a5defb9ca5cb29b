"""From a settings file to open rooms: ledger, doors, mailboxes; or one clear complaint and an exit code."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from connectors.contract import Connector, ConnectorError
from connectors.registry import Misconfigured, build
from worker.doors import Door
from worker.house import House
from worker.lanes import Budget
from worker.ledger import Ledger, LedgerError
from worker.log import configure, hide
from worker.mailbox import Mailbox
from worker.message import InboundMessage
from worker.message.guard import Guard
from worker.outcome import Delivered, Outcome
from worker.routes import compile_routes
from worker.settings import MailboxSettings, Settings, SettingsError, load
from worker.slot import Slot

if TYPE_CHECKING:
    from worker.demo.server import TestMailbox

_EMBEDDED_PASSWORD = "MAIL_TO_CASE_EMBEDDED_PASSWORD"  # noqa: S105  (the name of a variable)
EXIT_SETTINGS = 2
EXIT_UNREACHABLE = 4


def complain(*lines: object) -> None:
    """Say it on stderr."""
    for line in lines:
        print(line, file=sys.stderr)


def settings_or_exit(path: Path) -> Settings:
    """The settings; or every mistake on stderr, and exit 2."""
    try:
        settings = load(path)
    except SettingsError as error:
        complain(*error.problems)
        raise typer.Exit(EXIT_SETTINGS) from None
    hide(secret.get_secret_value() for secret in settings.secrets())
    return settings


@contextmanager
def ledger_or_exit(settings: Settings) -> Iterator[Ledger]:
    """The open ledger; or one line on stderr, and exit 4."""
    try:
        ledger = Ledger.open(settings.worker.database)
    except LedgerError as error:
        complain(error)
        raise typer.Exit(EXIT_UNREACHABLE) from None
    try:
        yield ledger
    finally:
        ledger.close()


def connectors_or_exit(settings: Settings) -> dict[str, Connector]:
    """Every connector of the settings, built; or what is wrong with each, and exit 2."""
    made: dict[str, Connector] = {}
    problems: list[str] = []
    for name, section in settings.connectors.items():
        try:
            made[name] = build(name, section.type, section.options, os.environ)
        except Misconfigured as error:
            problems.extend(error.problems)
        except (ConnectorError, OSError) as error:
            problems.append(f"connectors.{name}: {error}")
    if problems:
        complain(*problems)
        raise typer.Exit(EXIT_SETTINGS)
    return made


@contextmanager
def spool_folder() -> Iterator[Path]:
    """A folder for what is too big for memory, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="mail-to-case-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def house_or_exit(
    settings: Settings,
    on_outcome: Callable[[Slot, Outcome], None] = lambda *_: None,
    on_listed: Callable[[int], None] = lambda _: None,
) -> Iterator[House]:
    """Everything a poll works with, closed in the right order at the end."""
    with ExitStack() as stack:
        guard = Guard()
        stack.callback(guard.close)
        guard.warm()
        ledger = stack.enter_context(ledger_or_exit(settings))
        spool = stack.enter_context(spool_folder())
        connectors = connectors_or_exit(settings)
        for connector in connectors.values():
            stack.callback(connector.close)
        pool = ThreadPoolExecutor(settings.worker.concurrency, thread_name_prefix="lane")
        stack.callback(pool.shutdown)
        yield House(
            settings=settings,
            ledger=ledger,
            doors={
                name: Door(name, connector, ledger, settings.worker.max_attempts)
                for name, connector in connectors.items()
            },
            router=compile_routes(settings.routes, settings.mailboxes),
            guard=guard,
            pool=pool,
            budget=Budget(settings.worker.in_flight_mb << 20),
            spool=spool,
            own_addresses=own_addresses(settings),
            answer=_answering(settings, ledger),
            on_outcome=on_outcome,
            on_listed=on_listed,
        )


def _answering(settings: Settings, ledger: Ledger) -> Callable[[InboundMessage, str, str, Delivered], None]:
    """What answers the authors of mail; nothing when the settings have no replies."""
    if not settings.replies:
        return lambda *_: None
    from worker.classify import classify
    from worker.replies import Occasion, open_office, respond

    ours = own_addresses(settings)
    office = open_office(settings, ledger, ours)

    def answer(message: InboundMessage, reply: str, connector: str, outcome: Delivered) -> None:
        verdict, was_there = classify(message, ours), bool(outcome.why)
        occasion = Occasion(
            message=message, verdict=verdict, reply=reply, connector=connector, case=outcome.case, recovered=was_there
        )
        respond(office, occasion)

    return answer


def own_addresses(settings: Settings) -> frozenset[str]:
    """The addresses we read mail for: mail from them is not a customer's."""
    users = (mailbox.user for mailbox in settings.mailboxes.values())
    routed = (route.address for route in settings.routes)
    return frozenset(
        address.lower() for address in (*users, *routed) if "@" in address and not address.startswith(("*", "re:"))
    )


@contextmanager
def mailboxes_of(settings: Settings, spool: Path, only: str = "") -> Iterator[list[Mailbox]]:
    """The mailboxes to poll; those that are embedded are served from this process meanwhile."""
    with ExitStack() as stack:
        mailboxes: list[Mailbox] = []
        for name, section in settings.mailboxes.items():
            if not only or name == only:
                reached = stack.enter_context(served(section))[0] if section.embedded else section
                mailboxes.append(Mailbox(name, reached, spool))
                stack.callback(mailboxes[-1].close)
        yield mailboxes


@contextmanager
def served(section: MailboxSettings) -> Iterator[tuple[MailboxSettings, TestMailbox]]:
    """Serve an embedded mailbox from this process; yields the settings that reach it, and the server."""
    from worker.demo.server import TestMailbox

    assert section.embedded is not None
    section.embedded.mkdir(parents=True, exist_ok=True)
    password = os.environ.setdefault(_EMBEDDED_PASSWORD, secrets.token_hex(8))
    with TestMailbox(section.embedded, user="test", password=password) as server:
        where = {"host": "127.0.0.1", "port": server.imap_port, "security": "plaintext"}
        account = {"user": "test", "password_env": _EMBEDDED_PASSWORD}
        yield section.model_copy(update={**where, **account}), server


def configure_log(*, verbose: bool, facts: bool) -> None:
    """Logs to stdout for the worker, to stderr for verbs whose stdout carries facts."""
    configure(verbose=verbose, to_stderr=facts)
