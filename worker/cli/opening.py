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
from worker.authority import tokens_of
from worker.doors import Door
from worker.house import House
from worker.judge import Judge, Judgement, judge_of
from worker.lanes import Budget
from worker.ledger import Ledger, LedgerError
from worker.log import configure, hide
from worker.mailbox import Mailbox
from worker.mailbox.oauth import Keyring, vault_of
from worker.message import InboundMessage
from worker.message.guard import Guard
from worker.outcome import Delivered, Outcome
from worker.routes import Router, compile_routes
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
            router=router_of(settings),
            guard=guard,
            pool=pool,
            budget=Budget(settings.worker.in_flight_mb << 20),
            spool=spool,
            own_addresses=own_addresses(settings),
            answer=_answering(settings, ledger),
            judge=judge_with(settings, ledger),
            tokens=tokens_of(settings, ledger),
            on_outcome=on_outcome,
            on_listed=on_listed,
        )


def _answering(settings: Settings, ledger: Ledger) -> Callable[[InboundMessage, Judgement, Delivered], None]:
    """What answers the authors of mail; nothing when the settings have no replies."""
    if not settings.replies:
        return lambda *_: None
    from worker.replies import Occasion, open_office, respond

    office = open_office(settings, ledger, own_addresses(settings))

    def answer(message: InboundMessage, judgement: Judgement, outcome: Delivered) -> None:
        route, border = judgement.decision.route, judgement.decision.authentication
        if route is None or route.reply is None:
            return
        occasion = Occasion(
            message=message,
            verdict=judgement.verdict,
            reply=route.reply,
            connector=route.connector,
            case=outcome.case,
            recovered=bool(outcome.why),
            by_another=outcome.by_another,
            authenticated=True if border.aligned else False if border.refuted else None,
        )
        respond(office, occasion)

    return answer


def router_of(settings: Settings) -> Router:
    """The routes of the settings, compiled."""
    return compile_routes(settings.routes, settings.mailboxes, settings.calendars, settings.worker.otherwise)


def judge_with(settings: Settings, ledger: Ledger | None) -> Judge:
    """What the settings make of a message. Without a ledger, no canary is known."""
    tokens = tokens_of(settings, ledger) if ledger else None
    return judge_of(settings, router_of(settings), own_addresses(settings), tokens)


def own_addresses(settings: Settings) -> frozenset[str]:
    """The addresses we read mail for: mail from them is not a customer's."""
    users = (mailbox.user for mailbox in settings.mailboxes.values())
    routed = (route.address for route in settings.routes)
    return frozenset(
        address.lower() for address in (*users, *routed) if "@" in address and not address.startswith(("*", "re:"))
    )


@contextmanager
def mailboxes_of(settings: Settings, spool: Path, only: str = "", *, junk: bool = False) -> Iterator[list[Mailbox]]:
    """The mailboxes to poll; those that are embedded are served from this process meanwhile.

    ``only``: the one of that name, and with ``junk`` its junk folder too.
    """
    with ExitStack() as stack:
        mailboxes: list[Mailbox] = []
        keyring = stack.enter_context(keyring_of(settings))
        for name, section in settings.mailboxes.items():
            places = settings.places_of(name)
            wanted = [place for place in places if only in ("", place) or (junk and only == name)]
            if not wanted:
                continue
            reached = stack.enter_context(served(section))[0] if section.embedded else section
            for place in wanted:
                folder = settings.watched[place].folder
                mailboxes.append(Mailbox(place, reached.model_copy(update={"folder": folder}), spool, keyring))
                stack.callback(mailboxes[-1].close)
        yield mailboxes


@contextmanager
def keyring_of(settings: Settings) -> Iterator[Keyring]:
    """The tokens of these mailboxes; with the ledger, if there is one that opens, where some have to be kept."""
    if not any(section.oauth and section.oauth.keeps_tokens for section in settings.mailboxes.values()):
        yield Keyring()
        return
    try:
        ledger = Ledger.open(settings.worker.database)
    except LedgerError:
        # Whoever polls has opened it before, and `check` tells of it in its own words.
        yield Keyring()
        return
    try:
        yield Keyring(vault_of(settings.worker, ledger))
    finally:
        ledger.close()


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
