"""The demo: sample mails in a real IMAP mailbox become cases on the local desk, before one's eyes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from worker.cli.opening import configure_log, house_or_exit, served, settings_or_exit
from worker.demo.samples import Sample, samples
from worker.house import Tally
from worker.mailbox import Mailbox
from worker.outcome import Deferred, Delivered, Discarded, Held, Outcome
from worker.poll import poll
from worker.scheduler import run as run_worker
from worker.slot import Slot

if TYPE_CHECKING:
    from worker.demo.server import TestMailbox

_SETTINGS = """\
# Written by `mail-to-case demo`; every verb works on it: mail-to-case status --settings {path}
[worker]
database = "sqlite:///{folder}/ledger.db"
poll_seconds = 5

[mailboxes.demo]
embedded = "{folder}/mail"
processed = "move:Processed"

[connectors.desk]
type = "desk"
path = "{folder}/desk"

[[routes]]
address = "billing@example.com"
connector = "desk"
fields = {{ priority = "High", queue = "Billing" }}

[[routes]]
address = "*@example.com"
connector = "desk"

[[routes]]
address = "*"
connector = "desk"
fields = {{ queue = "Unsorted" }}
"""


def demo(folder: Path | None, *, stay: bool) -> int:
    """Show what becomes of each sample mail; with ``stay``, go on as a worker until Ctrl-C."""
    home = (folder or Path(tempfile.mkdtemp(prefix="mail-to-case-demo-"))).resolve()
    home.mkdir(parents=True, exist_ok=True)
    console = Console(width=None if stay else 150, soft_wrap=True)
    path = home / "settings.toml"
    path.write_text(_SETTINGS.format(folder=home, path=path), encoding="utf-8")
    configure_log(verbose=False, facts=True)
    settings = settings_or_exit(path)
    outcomes: dict[int, Outcome] = {}
    section = settings.mailboxes["demo"]
    with (
        house_or_exit(settings, lambda slot, outcome: _note(outcomes, slot, outcome)) as house,
        served(section) as (reached, server),
    ):
        mailbox = Mailbox("demo", reached, house.spool)
        mails = _drop(server, console)
        first = poll(mailbox, house)
        _tell(console, mails, outcomes, first)
        second = poll(mailbox, house)
        console.print(f"A second poll: {second.fetched} messages fetched, {second.delivered} cases made.")
        _invite(console, server, home, stay=stay)
        if stay:
            return run_worker([mailbox], house)
        mailbox.close()
    return 0


def _note(outcomes: dict[int, Outcome], slot: Slot, outcome: Outcome) -> None:
    outcomes[slot.uid] = outcome


def _drop(server: TestMailbox, console: Console) -> Sequence[Sample]:
    """Put the samples into the mailbox, in order, so that the n-th has UID n; not twice into a kept folder."""
    if any(server.folder.rglob("*.eml")):
        console.print("The mailbox is not empty, so no samples were put into it.")
        return ()
    mails = samples()
    for mail in mails:
        server.deliver(mail.raw)
    console.print(f"{len(mails)} sample mails lie in an IMAP mailbox on 127.0.0.1:{server.imap_port}. Polling it …\n")
    return mails


def _tell(console: Console, mails: Sequence[Sample], outcomes: dict[int, Outcome], tally: Tally) -> None:
    table = Table(show_edge=False, pad_edge=False)
    for title in ("mail", "what it is", "became", "because"):
        table.add_column(title, overflow="fold")
    for uid, mail in enumerate(mails, start=1):
        table.add_row(mail.name, mail.what, *_became(outcomes.get(uid)))
    console.print(table)
    console.print(
        f"\n{tally.delivered} delivered, {tally.held} held, {tally.discarded} discarded, {tally.deferred} deferred; "
        f"{tally.acknowledged} marked processed. {tally.problem}"
    )


def _became(outcome: Outcome | None) -> tuple[str, str]:
    match outcome:
        case Delivered(case, why):
            return f"case {case.number}", why
        case Held(why):
            return "held", why
        case Discarded(why):
            return "discarded", why
        case Deferred(_, why):
            return "deferred", why
        case None:
            return "not seen", ""


def _invite(console: Console, server: TestMailbox, home: Path, *, stay: bool) -> None:
    console.print(f"\nThe cases:   mail-to-case desk --settings {home}/settings.toml")
    console.print(f"The held:    mail-to-case held --settings {home}/settings.toml")
    if stay:
        console.print(f"Drop an .eml file into {home}/mail, or send mail to 127.0.0.1:{server.smtp_port} by SMTP;")
        console.print("it becomes a case at once. Ctrl-C ends.\n")
