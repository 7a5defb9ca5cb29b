"""The verb with which a person logs in for a mailbox whose provider wants to see one."""

from __future__ import annotations

from pathlib import Path

import typer

from connectors.contract import Severity
from worker.cli.checking_mail import mailbox_findings
from worker.cli.opening import (
    EXIT_SETTINGS,
    EXIT_UNREACHABLE,
    complain,
    configure_log,
    keyring_of,
    settings_or_exit,
    spool_folder,
)
from worker.cli.printing import one_line
from worker.mailbox import MailboxError
from worker.mailbox.oauth import Prompt
from worker.settings import Settings

_EXIT_NOT_OPEN = 1


def login(path: Path, mailbox: str) -> int:
    """Show a code, wait until a person has typed it in, keep what comes of it, and see whether the mailbox opens."""
    settings = settings_or_exit(path)
    configure_log(verbose=False, facts=True)
    _needs_a_person_or_exit(settings, mailbox)
    with keyring_of(settings) as keyring:
        try:
            keyring.log_in(mailbox, settings.mailboxes[mailbox], _show)
        except MailboxError as error:
            complain(error)
            return EXIT_UNREACHABLE
    print("Logged in; the refresh token is kept, encrypted, in the ledger.")
    return _try(settings, mailbox)


def _needs_a_person_or_exit(settings: Settings, mailbox: str) -> None:
    section = settings.mailboxes.get(mailbox)
    if section is None:
        complain(f"login: there is no [mailboxes.{mailbox}] (there are: {', '.join(settings.mailboxes)})")
        raise typer.Exit(EXIT_SETTINGS)
    if section.oauth is None or section.oauth.kind != "device_code":
        kind = section.oauth.kind if section.oauth else "a password"
        complain(
            f"login: mailboxes.{mailbox} logs in by {kind}, for which nobody has to be there; "
            "this verb is for mailboxes.NAME.oauth.grant = 'device_code'"
        )
        raise typer.Exit(EXIT_SETTINGS)


def _show(prompt: Prompt) -> None:
    print(f"Open {prompt.url} in a browser, on any device, and enter the code {prompt.user_code}")
    print(f"Waiting for {prompt.lives_s / 60:.0f} minutes …", flush=True)


def _try(settings: Settings, mailbox: str) -> int:
    with spool_folder() as spool:
        findings = list(mailbox_findings(settings, mailbox, spool))
    for finding in findings:
        print(f"{finding.severity.value:<10}  {one_line(finding.fact)}{f'  → {finding.cure}' if finding.cure else ''}")
    return _EXIT_NOT_OPEN if any(one.severity is Severity.STOPS_MAIL for one in findings) else 0
