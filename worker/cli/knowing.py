"""The verbs that look ahead or behind: simulate, replay, canary; their flags and one-line helps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SETTINGS = Path("settings.toml")
Since = Annotated[str, typer.Option(help='A day, as "2026-11-01", or how long ago, as "7d".', metavar="T")]
AsJson = Annotated[bool, typer.Option("--json", help="Facts as JSON, with stable keys.")]
SettingsPath = Annotated[Path, typer.Option("--settings", help="The settings file.", metavar="PATH")]


def simulate(
    new: Annotated[Path, typer.Option("--settings", help="The new settings.", metavar="NEW.toml")],
    since: Since,
    present: Annotated[Path, typer.Option("--present", help="The settings in force.", metavar="PATH")] = SETTINGS,
    as_json: AsJson = False,
) -> None:
    """What new settings would make of the mail still in the mailbox: old and new outcome; changes nothing."""
    from worker.cli import simulating

    raise typer.Exit(simulating.simulate(new, present, since, as_json=as_json))


def replay(
    since: Since,
    mailbox: Annotated[str, typer.Option(help="Only this mailbox.", metavar="NAME")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    settings: SettingsPath = SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Put mail through again that was held or discarded and that the present settings want; never a second case."""
    from worker.cli import replaying

    raise typer.Exit(replaying.replay(settings, since, mailbox, yes=yes, as_json=as_json))


def canary(
    address: Annotated[str, typer.Argument(help="A public address, or the name of a [canaries.NAME].")],
    sender: Annotated[str, typer.Option("--from", help="Address it is sent from.", metavar="ADDRESS")] = "",
    timeout: Annotated[str, typer.Option(help='How long to wait, as "90s" or "5m".', metavar="SPAN")] = "",
    settings: SettingsPath = SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Send a signed mail to a public address and wait until it arrives. Exit 1: late or wrong."""
    from worker.cli import canarying

    raise typer.Exit(canarying.canary(settings, address, sender, timeout, as_json=as_json))
