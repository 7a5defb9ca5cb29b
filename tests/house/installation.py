"""An operator at a small installation: an embedded mailbox, the desk, a ledger in a file, and the verbs typed in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tests.house.harness import House, Run
from worker.cli.app import app

ROUTES: Sequence[dict[str, object]] = (
    {"address": "billing@example.com", "connector": "crm", "fields": {"priority": "High"}},
    {"address": "*@example.com", "connector": "crm"},
)


def mail(subject: str, to: str = "help@example.com", **headers: str) -> bytes:
    """A customer's mail; a header's underscores are hyphens."""
    message = EmailMessage()
    message["From"] = "Ann Lee <ann@customer.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Fri, 20 Nov 2026 10:00:00 +0000"
    message["Message-ID"] = f"<{subject.replace(' ', '-').encode('ascii', 'ignore').decode()}@customer.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(f"Text of {subject}\n")
    return bytes(message)


@dataclass
class Operator:
    """Types verbs; in this process, unless it matters that there is one."""

    folder: Path
    routes: Sequence[dict[str, object]] = ROUTES
    mailbox: dict[str, object] = field(default_factory=dict)
    connector: dict[str, object] = field(default_factory=dict)
    worker: dict[str, object] = field(default_factory=dict)
    database: str = ""
    #: further sections of the settings, by their names
    sections: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def house(self) -> House:
        """The installation as it is now set."""
        return House(
            self.folder,
            {"support": self.mailbox or {"embedded": str(self.mails)}},
            self.connector,
            self.database,
            self.routes,
            worker=self.worker,
            sections=self.sections,
        )

    @property
    def mails(self) -> Path:
        """The folder of the embedded mailbox."""
        return self.folder / "mail"

    @property
    def ledger(self) -> Path:
        """The file of the ledger."""
        return self.folder / "ledger.db"

    def receive(self, *mails: bytes) -> None:
        """Mail arrives."""
        self.mails.mkdir(exist_ok=True)
        for number, content in enumerate(mails, len(list(self.mails.glob("*.eml")))):
            (self.mails / f"{number:04}.eml").write_bytes(content)

    def types(self, *words: str) -> Run:
        """A verb, in this process; an exception that gets out of it fails the test."""
        settings = str(self.house._written())
        done = CliRunner().invoke(app, [*words, "--settings", settings], catch_exceptions=False)
        return Run(done.exit_code, done.stdout, done.stderr)

    def asks(self, *words: str) -> Any:
        """The facts of a verb that ends well, or with its 1 for "there is something"."""
        run = self.types(*words, "--json")
        assert run.code in (0, 1, 3), run
        return json.loads(run.stdout)
