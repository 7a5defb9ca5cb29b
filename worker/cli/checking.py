"""The verb that proves: settings, ledger, mailboxes and connectors, each finding with its cure."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.contract import ConnectorError, Finding, Severity
from connectors.registry import Misconfigured, build
from worker.cli.checking_mail import mailbox_findings
from worker.cli.opening import configure_log, settings_or_exit, spool_folder
from worker.cli.printing import one_line, print_json
from worker.ledger import Ledger, LedgerError
from worker.settings import ConnectorSettings, Settings


@dataclass(frozen=True)
class Placed:
    """A finding and the part of the settings it belongs to."""

    where: str
    finding: Finding


def check(path: Path, *, as_json: bool, verbose: bool, fix: bool = False) -> int:
    """Print every finding as it is made. 1 when one of them stops mail. ``fix``: first make what may be made by us."""
    settings = settings_or_exit(path)
    configure_log(verbose=verbose, facts=True)
    made: list[Placed] = []
    for placed in _findings(path, settings, fix=fix):
        made.append(placed)
        if not as_json:
            print(_line(placed), flush=True)
    stops_mail = any(placed.finding.severity is Severity.STOPS_MAIL for placed in made)
    if as_json:
        print_json({"findings": [_json(placed) for placed in made], "stops_mail": stops_mail})
    return 1 if stops_mail else 0


def _findings(path: Path, settings: Settings, *, fix: bool) -> Iterator[Placed]:
    yield Placed("settings", Finding(Severity.OK, f"{path} can be used"))
    ledger = _opened(settings)
    try:
        yield from _of_ledger(settings, ledger)
        with spool_folder() as spool:
            polled = _polled(ledger)
            for name in settings.mailboxes:
                for finding in mailbox_findings(settings, name, spool, name in polled):
                    yield Placed(f"mailboxes.{name}", finding)
        for name, section in settings.connectors.items():
            for finding in _of_connector(name, section, ledger, fix=fix):
                yield Placed(f"connectors.{name}", finding)
        for finding in _of_replies(settings):
            yield Placed("replies", finding)
        for finding in _of_escalations(settings):
            yield Placed("escalations", finding)
    finally:
        if isinstance(ledger, Ledger):
            ledger.close()


def _polled(ledger: Ledger | LedgerError) -> Container[str]:
    """The mailboxes that a worker has polled under this ledger."""
    try:
        return ledger.last_polls() if isinstance(ledger, Ledger) else ()
    except LedgerError:
        return ()


def _opened(settings: Settings) -> Ledger | LedgerError:
    try:
        return Ledger.open(settings.worker.database)
    except LedgerError as error:
        return error


def _of_ledger(settings: Settings, ledger: Ledger | LedgerError) -> Iterator[Placed]:
    where = "worker.database"
    if isinstance(ledger, LedgerError):
        # The error begins with the key and ends with the cure in the operator's words.
        yield Placed(where, Finding(Severity.STOPS_MAIL, str(ledger), "see worker.database, or DATABASE_URL"))
        return
    kind = "SQLite" if settings.worker.database.startswith("sqlite") else "PostgreSQL"
    yield Placed(where, Finding(Severity.OK, f"the ledger opens ({kind})"))
    if kind == "SQLite" and os.environ.get("DYNO"):
        fact = "SQLite on a dyno: the ledger is gone at the next restart, and each restart asks the CRMs again"
        cure = "add PostgreSQL, which sets DATABASE_URL (heroku addons:create heroku-postgresql)"
        yield Placed(where, Finding(Severity.WARNING, fact, cure))


def _of_replies(settings: Settings) -> list[Finding]:
    if not settings.replies:
        return []
    from worker.replies import findings

    return findings(settings)


def _of_escalations(settings: Settings) -> list[Finding]:
    if not settings.escalations:
        return []
    from worker.escalations import findings

    return list(findings(settings))


def _of_connector(name: str, section: ConnectorSettings, ledger: Ledger | LedgerError, *, fix: bool) -> list[Finding]:
    """What the connector says of itself; when nothing stops mail, its pause is over."""
    try:
        connector = build(name, section.type, section.options, os.environ)
    except Misconfigured as error:
        return [Finding(Severity.STOPS_MAIL, problem, f"correct [connectors.{name}]") for problem in error.problems]
    except (ConnectorError, OSError) as error:
        return [Finding(Severity.STOPS_MAIL, str(error), f"correct [connectors.{name}]")]
    try:
        found = _asked(connector.prepare, section.type) if fix else []
        found += _asked(connector.check, section.type)
    finally:
        connector.close()
    if isinstance(ledger, Ledger) and not any(finding.severity is Severity.STOPS_MAIL for finding in found):
        found += _resumed(name, ledger)
    return found


def _asked(ask: Callable[[], Sequence[Finding]], type_: str) -> list[Finding]:
    try:
        return list(ask())
    except ConnectorError as error:
        return [Finding(Severity.STOPS_MAIL, str(error), "see the fact; then check again")]
    except Exception as error:
        # Somebody else's connector may break its promise; that is a finding, and no reason to stop looking.
        fact = f"the connector failed while it was checked ({type(error).__name__}: {error})"
        return [Finding(Severity.STOPS_MAIL, fact, f"tell the authors of the {type_!r} connector")]


def _resumed(name: str, ledger: Ledger) -> list[Finding]:
    try:
        resumed = ledger.resume(name)
    except LedgerError as error:
        return [Finding(Severity.WARNING, f"its pause could not be ended: {error}", "check again")]
    return [Finding(Severity.OK, "was paused; mail goes to it again from the next poll on")] if resumed else []


def _line(placed: Placed) -> str:
    finding = placed.finding
    cure = f"  → {one_line(finding.cure)}" if finding.cure else ""
    return f"{finding.severity.value:<10}  {placed.where}  {one_line(finding.fact)}{cure}"


def _json(placed: Placed) -> dict[str, str]:
    finding = placed.finding
    return {"severity": finding.severity.value, "where": placed.where, "fact": finding.fact, "cure": finding.cure}
