"""The settings of a page, unchanged, with the environment saying where the servers of the test are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.dovecot import Account
from tests.house.harness import Run
from worker.bench.dovecot import PASSWORD


def mailbox_at(account: Account, name: str) -> dict[str, str]:
    """The environment by which [mailboxes.name] is this account. Its mail may be of any age."""
    at = f"MAIL_TO_CASE__MAILBOXES__{name.upper()}__"
    reached = {"HOST": account.server.host, "PORT": str(account.server.imap), "USER": account.user}
    return {f"{at}{key}": value for key, value in {**reached, "SECURITY": "plaintext", "SINCE": "2020-01-01"}.items()}


@dataclass(frozen=True)
class Setup:
    """A folder with the files of a page."""

    settings: Path
    environment: Mapping[str, str]

    def verb(self, *words: str) -> Run:
        """Any verb, as a process, in that folder."""
        kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        done = subprocess.run(
            [sys.executable, "-m", "worker", *words, "--settings", self.settings.name],
            env={**kept, **self.environment},
            capture_output=True,
            text=True,
            timeout=100,
            cwd=self.settings.parent,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)


__all__ = ["PASSWORD", "Setup", "mailbox_at"]
