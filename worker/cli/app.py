"""The verbs, their flags and their one-line helps; what they do stands in the modules beside."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from worker.cli import knowing

app = typer.Typer(
    help="Turns customer mail into CRM cases, exactly once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help: loading rich for it would cost more than all the rest of the start.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

SettingsPath = Annotated[Path, typer.Option("--settings", help="The settings file.", metavar="PATH")]
AsJson = Annotated[bool, typer.Option("--json", help="Facts as JSON, with stable keys.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Log each step.")]
Keys = Annotated[list[str] | None, typer.Argument(help="Keys as `held` shows them; a unique beginning will do.")]

SETTINGS = Path("settings.toml")


@app.command()
def run(settings: SettingsPath = SETTINGS, verbose: Verbose = False) -> None:
    """The worker: polls on schedule and on IDLE hints until SIGTERM or SIGINT."""
    from worker.cli import work

    raise typer.Exit(work.run(settings, verbose=verbose))


@app.command()
def once(
    settings: SettingsPath = SETTINGS,
    mailbox: Annotated[str, typer.Option(help="Only this mailbox.", metavar="NAME")] = "",
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """One poll of every mailbox, for cron. Exit 3: some wait; 4: something could not be reached."""
    from worker.cli import work

    raise typer.Exit(work.once(settings, mailbox, as_json=as_json, verbose=verbose))


@app.command()
def release(settings: SettingsPath = SETTINGS, verbose: Verbose = False) -> None:
    """Before a new version starts: migrate the ledger, then check."""
    from worker.cli import work

    raise typer.Exit(work.release(settings, verbose=verbose))


@app.command()
def check(
    settings: SettingsPath = SETTINGS,
    as_json: AsJson = False,
    verbose: Verbose = False,
    fix: Annotated[bool, typer.Option("--fix", help="First make fields that a CRM lacks and we may make.")] = False,
) -> None:
    """Prove settings, mailboxes and connectors; writes nothing in a CRM, unless --fix is given."""
    from worker.cli import checking

    raise typer.Exit(checking.check(settings, as_json=as_json, verbose=verbose, fix=fix))


@app.command()
def login(
    mailbox: Annotated[str, typer.Argument(help="Name of a [mailboxes.NAME].", metavar="MAILBOX")],
    settings: SettingsPath = SETTINGS,
) -> None:
    """Log in, as a person, for a mailbox with OAuth by device code."""
    from worker.cli import logging_in

    raise typer.Exit(logging_in.login(settings, mailbox))


@app.command()
def demo(
    exit_: Annotated[
        bool | None,
        typer.Option("--exit/--stay", help="Stop when the mails are done (so without a terminal)."),
    ] = None,
    folder: Annotated[Path | None, typer.Option("--dir", help="Keep mailbox and desk here.")] = None,
) -> None:
    """Watch sample mails become cases: a real IMAP test mailbox and the local desk, in this process."""
    from worker.cli import showing

    raise typer.Exit(showing.demo(folder, stay=sys.stdout.isatty() if exit_ is None else not exit_))


@app.command()
def mailbox(
    folder: Annotated[Path, typer.Argument(help="A folder of .eml files.", metavar="DIR")],
    imap_port: Annotated[int, typer.Option(help="0: any free port.")] = 1143,
    smtp_port: Annotated[int, typer.Option(help="0: any free port.")] = 1025,
) -> None:
    """Serve a folder of .eml files over IMAP, and take mail by SMTP, on loopback."""
    from worker.demo.server import serve

    try:
        serve(folder, imap_port, smtp_port)
    except OSError as error:
        typer.echo(f"mailbox {folder}: {error}; --imap-port 0 and --smtp-port 0 take any free port", err=True)
        raise typer.Exit(4) from None


@app.command()
def parse(files: Annotated[list[Path], typer.Argument(help="Mails to read.", metavar="FILE")]) -> None:
    """What we read out of a mail: one JSON object a line."""
    from worker.cli import looking

    raise typer.Exit(looking.parse(files))


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="A file, or a key as `held` shows it.", metavar="FILE.eml|KEY")],
    settings: SettingsPath = SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Dry run: address evidence, every rule with its reason, verdict, and what each connector would send."""
    from worker.cli import looking

    raise typer.Exit(looking.explain(settings, what, as_json=as_json))


@app.command()
def status(settings: SettingsPath = SETTINGS, as_json: AsJson = False) -> None:
    """Mailboxes, connectors, queue ages, held and deferred counts. Exit 1: something is stuck."""
    from worker.cli import facts

    raise typer.Exit(facts.status(settings, as_json=as_json))


@app.command()
def held(settings: SettingsPath = SETTINGS, as_json: AsJson = False) -> None:
    """What waits for a person, and why."""
    from worker.cli import facts

    raise typer.Exit(facts.held(settings, as_json=as_json))


@app.command()
def show(key: str, settings: SettingsPath = SETTINGS, as_json: AsJson = False) -> None:
    """One delivery: where it stands, and every step it took."""
    from worker.cli import facts

    raise typer.Exit(facts.show(settings, key, as_json=as_json))


@app.command()
def where(query: str, settings: SettingsPath = SETTINGS, as_json: AsJson = False) -> None:
    """Where is my mail? By sender, subject, Message-ID or case number: every step it took."""
    from worker.cli import facts

    raise typer.Exit(facts.where(settings, query, as_json=as_json))


@app.command()
def retry(
    keys: Keys = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is held or deferred.")] = False,
    settings: SettingsPath = SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Try held or deferred mail again at the next poll."""
    from worker.cli import facts

    raise typer.Exit(facts.retry(settings, keys or [], everything=everything, as_json=as_json))


@app.command()
def discard(
    keys: Annotated[list[str], typer.Argument(help="Keys as `held` shows them.")],
    settings: SettingsPath = SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Make no case of it: the mail is marked processed at the next poll."""
    from worker.cli import facts

    raise typer.Exit(facts.discard(settings, keys, as_json=as_json))


@app.command()
def erase(address: str, settings: SettingsPath = SETTINGS, as_json: AsJson = False) -> None:
    """Forget a person in the ledger, and say what remains in mailbox and CRM."""
    from worker.cli import erasing

    raise typer.Exit(erasing.erase(settings, address, as_json=as_json))


@app.command()
def desk(
    settings: SettingsPath = SETTINGS,
    name: Annotated[str, typer.Option("--connector", help="Which desk, when there are several.")] = "",
    as_json: AsJson = False,
) -> None:
    """The cases of the local case desk."""
    from worker.cli import looking

    raise typer.Exit(looking.desk(settings, name, as_json=as_json))


@app.command()
def init(  # noqa: PLR0913  (each is a flag of the command line)
    settings: SettingsPath = SETTINGS,
    host: Annotated[str, typer.Option(help="IMAP server; with --user, nothing is asked.")] = "",
    user: Annotated[str, typer.Option(help="Login name.")] = "",
    password_env: Annotated[str, typer.Option(help="Variable with the password.")] = "MAILBOX_PASSWORD",  # noqa: S107
    connector: Annotated[str, typer.Option(help="Type of the connector.")] = "desk",
    address: Annotated[str, typer.Option(help="Routing address.")] = "*",
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
) -> None:
    """Ask a few questions, or take flags, and write settings.toml; then offer `check`."""
    from worker.cli import init as asking

    answers = asking.given(host, user, password_env, connector, address)
    raise typer.Exit(asking.init_command(settings, answers, force, _check_quietly))


def _check_quietly(path: Path) -> int:
    from worker.cli import checking

    return checking.check(path, as_json=False, verbose=False)


for verb in (knowing.simulate, knowing.replay, knowing.canary):
    app.command()(verb)


@app.command()
def bench(
    mails: Annotated[int, typer.Option(help="Generated mails.")] = 2000,
    folder: Annotated[Path | None, typer.Option("--dir", help="Keep the bench here.")] = None,
    as_json: AsJson = False,
) -> None:
    """The project's own benchmark against a real Dovecot; see docs/performance.md."""
    from worker.bench import speed

    raise typer.Exit(speed.bench(mails, folder, as_json=as_json))
