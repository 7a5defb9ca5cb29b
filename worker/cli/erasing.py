"""The verb that forgets: a person in the ledger at once, and the truth about where else the mail still is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import typer

from connectors.smtp import address_problem
from worker.cli.opening import (
    EXIT_SETTINGS,
    EXIT_UNREACHABLE,
    complain,
    configure_log,
    ledger_or_exit,
    served,
    settings_or_exit,
    spool_folder,
)
from worker.cli.printing import print_json, print_table
from worker.ledger import Erased, Known, Ledger, LedgerError
from worker.mailbox import Mailbox, MailboxError, Processed
from worker.settings import MailboxSettings, Settings


@dataclass(frozen=True)
class Remains:
    """What one folder still holds of a person, as its server counts; None: it could not be asked."""

    mailbox: str
    folder: str
    sent_by: int | None
    sent_to: int | None
    problem: str = ""


def erase(path: Path, address: str, *, as_json: bool) -> int:
    """Forget, then say what remains. Always 0 once the ledger has forgotten."""
    address = _address_or_exit(address)
    settings = settings_or_exit(path)
    configure_log(verbose=False, facts=True)
    with ledger_or_exit(settings) as ledger:
        try:
            known = ledger.known_of(address)
            erased = ledger.erase(address, _answers(settings, ledger, known))
        except LedgerError as error:
            complain(error)
            raise typer.Exit(EXIT_UNREACHABLE) from None
    with spool_folder() as spool:
        remains = [
            one for name, section in settings.mailboxes.items() for one in _looked(name, section, address, spool)
        ]
    if as_json:
        print_json(_json(known, erased, remains))
    else:
        _print(known, erased, remains)
    return 0


def _address_or_exit(written: str) -> str:
    address = parseaddr(written)[1].strip()
    if problem := address_problem(address):
        complain(f"erase: {written!r} is no address: {problem}; write it as ann@example.com")
        raise typer.Exit(EXIT_SETTINGS)
    return address


def _answers(settings: Settings, ledger: Ledger, known: Known) -> Iterator[str]:
    """The ids under which our own automatic answers to the person are known."""
    from worker.authority import tokens_of
    from worker.replies import reply_key

    tokens = tokens_of(settings, ledger)
    domains = {parseaddr(reply.sender)[1].rpartition("@")[2] for reply in settings.replies.values()}
    for identity in known.identities:
        token = tokens.mint(reply_key(identity))
        yield token
        yield from (f"{token}.reply@{domain}" for domain in domains)


def _looked(name: str, section: MailboxSettings, address: str, spool: Path) -> Iterator[Remains]:
    """The folder that is polled, and the one that finished mail is moved to."""
    with ExitStack() as stack:
        reached = stack.enter_context(served(section))[0] if section.embedded else section
        processed = Processed.parse(section.processed)
        for folder in dict.fromkeys((section.folder, *((processed.name,) if processed.kind == "move" else ()))):
            # Only looked at: what the mark needs of the folder does not matter.
            looking = Mailbox(name, reached.model_copy(update={"folder": folder, "processed": "seen"}), spool)
            stack.callback(looking.close)
            yield _counted(looking, name, folder, address)


def _counted(looking: Mailbox, name: str, folder: str, address: str) -> Remains:
    if not address.isascii():
        return Remains(name, folder, None, None, "an address with other letters than ASCII cannot be searched for")
    try:
        looking.open()
        return Remains(name, folder, *looking.mentions(address))
    except MailboxError as error:
        return Remains(name, folder, None, None, str(error))


def _json(known: Known, erased: Erased, remains: list[Remains]) -> dict[str, Any]:
    cases = [{"connector": name, "id": case.id, "number": case.number, "url": case.url} for name, case in known.cases]
    return {
        "forgotten": asdict(erased),
        "remains": {"mailboxes": [asdict(one) for one in remains], "cases": cases, "under_way": known.unfinished},
    }


def _print(known: Known, erased: Erased, remains: list[Remains]) -> None:
    print("forgotten " + " ".join(f"{name}={count}" for name, count in asdict(erased).items()))
    print_table(
        ("mailbox", "folder", "from", "to", "problem"),
        ((one.mailbox, one.folder, one.sent_by, one.sent_to, one.problem) for one in remains),
    )
    print_table(("connector", "case", "url"), ((name, case.number, case.url) for name, case in known.cases))
    if known.unfinished:
        print(f"{known.unfinished} deliveries are still under way; erase again when they are done")
