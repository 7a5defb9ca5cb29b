"""From what an operator names, a file or a key, to the mail and its explanation."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

from worker.cli.dryrun import DryRun, Explanation, NotThereError, fetched
from worker.cli.facts import one_delivery
from worker.cli.files import source_of
from worker.cli.opening import connectors_or_exit, spool_folder
from worker.ledger import DeliveryRow, Ledger, LedgerError
from worker.message import Source
from worker.message.guard import Guard, GuardError
from worker.settings import Settings

__all__ = ["NotThereError", "explanation"]

_KEY = re.compile(r"[0-9a-fA-F]{1,40}")


def explanation(settings: Settings, what: str) -> Explanation:
    """Explain the mail in a file, or the one that a key names. Raises NotThereError."""
    with ExitStack() as stack:
        connectors = connectors_or_exit(settings)
        for connector in connectors.values():
            stack.callback(connector.close)
        spool = stack.enter_context(spool_folder())
        ledger = _ledger_as_it_is(settings)
        if ledger:
            stack.callback(ledger.close)
        guard = Guard()
        stack.callback(guard.close)
        try:
            source, mailbox = _mail(settings, what, ledger, spool)
            return DryRun(settings, connectors, ledger).explain(guard.parse(source, spool), source, mailbox)
        except (LedgerError, GuardError) as error:
            raise NotThereError(str(error)) from None


def _ledger_as_it_is(settings: Settings) -> Ledger | None:
    try:
        return Ledger.look(settings.worker.database)
    except LedgerError as error:
        raise NotThereError(str(error)) from None


def _mail(settings: Settings, what: str, ledger: Ledger | None, spool: Path) -> tuple[Source, str]:
    """The mail, and the mailbox whose border of trust counts: for a file, the first of the settings."""
    path = Path(what)
    if path.exists() or not _KEY.fullmatch(what):
        try:
            return source_of(path), next(iter(settings.mailboxes))
        except OSError as error:
            raise NotThereError(f"{what}: {error.strerror or error}; give an .eml file or a key") from None
    row = _row(what, ledger)
    return fetched(settings, row, spool), row.mailbox


def _row(key: str, ledger: Ledger | None) -> DeliveryRow:
    if ledger is None:
        raise NotThereError(f"{key}: there is no such file, and no ledger yet that could know it as a key")
    found = one_delivery(ledger, key)
    if isinstance(found, str):
        raise NotThereError(f"there is no such file, and {found}")
    return found
