"""A whole house in a temporary folder, run as its operator would: settings, verbs as processes, and what they left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.dovecot import Account
from worker.bench.dovecot import PASSWORD

PASSWORD_VARIABLE = "HOUSE_MAIL_PASSWORD"
_PATIENCE_S = 100


@dataclass(frozen=True)
class Run:
    """What a verb left on its way out."""

    code: int
    stdout: str
    stderr: str

    @property
    def tally(self) -> dict[str, Any]:
        """The counts of ``once --json``, summed over the mailboxes."""
        polled = json.loads(self.stdout)["mailboxes"]
        return {name: sum(one[name] for one in polled) for name in polled[0] if isinstance(polled[0][name], int)}

    @property
    def exceptions(self) -> list[str]:
        """Log lines and traces that tell of a bug."""
        return [
            line for line in self.stderr.splitlines() if "Traceback" in line or "unforeseen" in line or "_bug" in line
        ]


@dataclass
class House:
    """One installation: mailboxes, a connector, a ledger. Changing a field changes the settings of the next run."""

    folder: Path
    #: section name → keys of [mailboxes.NAME]
    mailboxes: dict[str, dict[str, object]]
    connector: dict[str, object] = field(default_factory=dict)
    database: str = ""
    routes: Sequence[dict[str, object]] = ({"address": "*", "connector": "crm"},)
    environment: dict[str, str] = field(default_factory=dict)
    worker: dict[str, object] = field(default_factory=dict)
    #: further sections of the settings, by their names
    sections: dict[str, dict[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.connector = self.connector or {"type": "desk", "path": str(self.desk)}
        self.database = self.database or f"sqlite:///{self.ledger}"

    @property
    def desk(self) -> Path:
        """The folder of the local case desk."""
        return self.folder / "desk"

    @property
    def ledger(self) -> Path:
        """The SQLite ledger."""
        return self.folder / "ledger.db"

    def lose_ledger(self) -> None:
        """What a platform's restart does to a local disk."""
        for path in self.folder.glob("ledger.db*"):
            path.unlink()

    def once(self, *arguments: str, timeout_s: float = _PATIENCE_S) -> Run:
        """``mail-to-case once --json``, to its end."""
        return self.verb("once", "--json", *arguments, timeout_s=timeout_s)

    def verb(self, *words: str, timeout_s: float = _PATIENCE_S) -> Run:
        """Any verb that takes --settings, to its end."""
        command = [*_COMMAND, *words, "--settings", str(self._written())]
        done = subprocess.run(
            command,
            env=self._environ(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            cwd=self.folder,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """A verb as a process of its own group, whose remains are killed at the end; its log is ``self.log``."""
        with self.log.open("ab") as log:
            command = [*_COMMAND, *words, "--settings", str(self._written())]
            process = subprocess.Popen(
                command, env=self._environ(), stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def log(self) -> Path:
        """What started verbs wrote, one after the other."""
        return self.folder / "log"

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_URL")}
        return {**kept, PASSWORD_VARIABLE: PASSWORD, **self.environment}

    def _written(self) -> Path:
        sections = [_section("worker", {"database": self.database, **self.worker})]
        sections += [_section(f"mailboxes.{name}", keys) for name, keys in self.mailboxes.items()]
        sections.append(_section("connectors.crm", self.connector))
        sections += [_section(name, keys) for name, keys in self.sections.items()]
        sections += [_section("[routes]", route) for route in self.routes]
        path = self.folder / "settings.toml"
        path.write_text("\n".join(sections), "utf-8")
        return path


_COMMAND = (sys.executable, "-m", "worker")


def mailbox(account: Account, **changes: object) -> dict[str, object]:
    """The keys of a [mailboxes.NAME] that reaches this account."""
    reached = {"host": account.server.host, "port": account.server.imap, "security": "plaintext", "user": account.user}
    return {**reached, "password_env": PASSWORD_VARIABLE, **changes}


def house_of(folder: Path, account: Account, **changes: object) -> House:
    """The usual house: one mailbox, the desk, SQLite."""
    return House(folder, {"support": mailbox(account, **changes)})


def _section(name: str, keys: dict[str, object]) -> str:
    # TOML's basic strings, numbers, lists and booleans are written as JSON's.
    return "\n".join((f"[{name}]", *(f"{key} = {_value(value)}" for key, value in keys.items()), ""))


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)
