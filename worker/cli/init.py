"""`init`: a few questions, then a commented settings.toml that loads."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import typer

EXIT_SETTINGS = 2
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[\w-]{1,64}")

#: the keys of each connector that cannot be left out, with an example
CONNECTOR_KEYS: Mapping[str, Mapping[str, str]] = {
    "desk": {"path": "desk"},
    "zendesk": {
        "url": "https://example.zendesk.com",
        "client_id": "mail-to-case",
        "client_secret_env": "ZENDESK_CLIENT_SECRET",
    },
}


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What `init` has to know. Secrets are named by their environment variable, never asked for."""

    host: str
    user: str
    mailbox: str = "support"
    password_env: str = "MAILBOX_PASSWORD"  # noqa: S105  (the name of a variable)
    folder: str = "INBOX"
    processed: str = "move:Processed"
    #: mail received earlier is left alone
    since: date = field(default_factory=_today)
    connector_type: str = "desk"
    connector: str = "desk"
    #: keys of the connector and their values
    options: Mapping[str, str] = field(default_factory=lambda: CONNECTOR_KEYS["desk"])
    #: routing address
    address: str = "*"


def given(host: str, user: str, password_env: str, connector: str, address: str) -> Answers | None:
    """The answers that flags give, or None when they do not say enough and one has to ask."""
    if not (host and user):
        return None
    return Answers(
        host=host,
        user=user,
        password_env=password_env,
        connector_type=connector,
        connector=connector,
        options=CONNECTOR_KEYS.get(connector, {}),
        address=address,
    )


def init_command(path: Path, answers: Answers | None, force: bool, check: Callable[[Path], int] | None = None) -> int:
    """Write the file and say what to do next; ``check`` is offered when there is someone to ask. Returns an exit code.

    Without ``answers`` they are asked for. An existing file is left alone unless ``force``.
    """
    if path.exists() and not force:
        return _refuse(f"{path} exists; --force writes over it, --settings names another file")
    asked = answers is None
    if asked and not sys.stdin.isatty():
        return _refuse("there is no terminal to ask on; give the answers as flags, see mail-to-case init --help")
    answers = answers or ask()
    try:
        _save(path, write_settings(answers), force)
    except OSError as error:
        return _refuse(f"{path} cannot be written ({error.strerror}); name another file with --settings")
    typer.echo(f"Wrote {path}.")
    return _next_steps(path, check if asked else None)


def _refuse(why: str) -> int:
    typer.echo(why, err=True)
    return EXIT_SETTINGS


def _save(path: Path, text: str, force: bool) -> None:
    """Whole or not at all; never over a file that came into being meanwhile, unless forced."""
    if not force:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        return
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _next_steps(path: Path, check: Callable[[Path], int] | None) -> int:
    problems = _problems(path)
    for problem in problems:
        typer.echo(problem)
    if check and not problems and typer.confirm("Check it now? Nothing is written in a CRM.", default=True):
        return check(path)
    typer.echo(f"{'Then' if problems else 'Next'}: mail-to-case check --settings {path}")
    return 0


def _problems(path: Path) -> list[str]:
    """What is still to do, as for example a password that is not in the environment yet."""
    # Reading settings is not wanted for --help, and takes a while to import.
    from worker.settings import SettingsError, load

    try:
        load(path)
    except SettingsError as error:
        return list(map(str, error.problems))
    return []


def ask() -> Answers:
    """The questions, each with what is usual. Raises typer.Abort when the operator gives up."""
    user = _ask("User (login name)", "support@example.com")
    kind = _ask("Connector: desk (a local case desk to try with) or zendesk", "desk", _one_of(CONNECTOR_KEYS))
    host = _ask("IMAP server", f"imap.{user.rpartition('@')[2] or 'example.com'}")
    variable = _ask("Environment variable that holds the password", "MAILBOX_PASSWORD", _variable)
    folder = _ask("Folder to poll", "INBOX")
    _tell_backlog(host, user, variable, folder)
    return Answers(
        user=user,
        host=host,
        password_env=variable,
        folder=folder,
        processed=_ask("When a case is proven (move:FOLDER, keyword:NAME, seen, delete)", "move:Processed"),
        since=date.fromisoformat(_ask("Leave mail alone that was received before", _today().isoformat(), _date)),
        connector_type=kind,
        connector=_ask("Name for the connector", kind, _name),
        options={key: _ask(f"{kind}: {key}", usual) for key, usual in CONNECTOR_KEYS[kind].items()},
        address=_ask('Routing address (exact, "*@domain", or * for all mail)', "*"),
    )


def _tell_backlog(host: str, user: str, variable: str, folder: str) -> None:
    """What lies there already, so that the day before which mail is left alone is chosen knowingly."""
    from worker.cli.backlog import backlog
    from worker.settings import MailboxSettings

    typer.echo(backlog(MailboxSettings(host=host, user=user, password_env=variable, folder=folder)))


def _ask(question: str, usual: str, read: Callable[[str], str] = str.strip) -> str:
    answer: str = typer.prompt(question, default=usual, value_proc=read)
    return answer


def _checked(pattern: re.Pattern[str], complaint: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not pattern.fullmatch(text.strip()):
            raise typer.BadParameter(complaint)
        return text.strip()

    return read


_variable = _checked(_VARIABLE, "the NAME of a variable: letters, digits, _")
_name = _checked(_NAME, "letters, digits, - and _")


def _one_of(known: Mapping[str, object]) -> Callable[[str], str]:
    return _checked(re.compile("|".join(map(re.escape, known))), f"one of {', '.join(known)}")


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise typer.BadParameter("a date such as 2026-11-01") from None


def write_settings(answers: Answers) -> str:
    """The text of a settings.toml that says what was answered; every text is quoted, whatever it holds."""
    options = "\n".join(f"{_key(key)} = {_text(value)}" for key, value in answers.options.items())
    return _TEMPLATE.format(
        mailbox=_key(answers.mailbox),
        host=_text(answers.host),
        user=_text(answers.user),
        password_env=_text(answers.password_env),
        folder=_text(answers.folder),
        since=answers.since.isoformat(),
        processed=_text(answers.processed),
        connector=_key(answers.connector),
        type=_text(answers.connector_type),
        options=options,
        address=_text(answers.address),
        leads_to=_text(answers.connector),
    )


def _text(value: str) -> str:
    """A TOML basic string. JSON's escapes are TOML's, but TOML also wants DEL escaped."""
    writable = value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(writable, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


_TEMPLATE = """\
# Settings of mail-to-case. Every key is explained in docs/settings.md.
# Any of them can come from the environment instead: MAIL_TO_CASE__WORKER__POLL_SECONDS=30

[worker]
# Where the ledger lives. DATABASE_URL wins; on a platform without a lasting disk use PostgreSQL.
database = "sqlite:///mail-to-case.db"
poll_seconds = 60

[mailboxes.{mailbox}]
host = {host}
user = {user}
# The NAME of the environment variable that holds the password; the password itself never stands here.
password_env = {password_env}
folder = {folder}
# Mail received earlier is left alone.
since = {since}
# What happens to a mail when its case is proven: "move:FOLDER", "keyword:NAME", "label:NAME", "seen" or "delete".
processed = {processed}

[connectors.{connector}]
type = {type}
{options}

# The first route whose conditions all hold decides.
[[routes]]
address = {address}
connector = {leads_to}
# What becomes of mail marked as spam, and of bounces and auto-replies: "deliver", "hold" or "discard".
spam = "hold"
automatic = "deliver"
"""
