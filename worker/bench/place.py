"""Where the benchmark takes place: a Dovecot of our own, and settings that lead from there to the local desk."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from imapclient import IMAPClient

from worker.bench.dovecot import PASSWORD, Dovecot

USERS = ("flow", "backlog", "big", "idle")
_VARIABLE = "BENCH_PASSWORD"
_SETTINGS = """\
[worker]
database = "sqlite:///{folder}/ledger.db"

[mailboxes.{user}]
host = "{host}"
port = {port}
security = "plaintext"
user = "{user}"
password_env = "{variable}"
processed = "{processed}"

[connectors.desk]
type = "desk"
path = "{folder}/desk"

[[routes]]
address = "*"
connector = "desk"
"""


class Place:
    """A running Dovecot, and an installation beside it that can be begun anew."""

    def __init__(self, dovecot: Dovecot, folder: Path) -> None:
        self.dovecot, self.folder = dovecot, folder

    def settings(self, user: str, processed: str = "move:Processed") -> Path:
        """Write settings for this mailbox, to an empty ledger and an empty desk."""
        home = self.folder / user
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        server = {"host": self.dovecot.host, "port": self.dovecot.imap, "user": user}
        path = home / "settings.toml"
        path.write_text(_SETTINGS.format(folder=home, variable=_VARIABLE, processed=processed, **server))
        return path

    def environ(self) -> Mapping[str, str]:
        """What a verb run as a process needs."""
        os.environ[_VARIABLE] = PASSWORD
        return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    def once(self, settings: Path) -> tuple[str, ...]:
        """The command that is measured."""
        return (sys.executable, "-m", "worker", "once", "--json", "--settings", str(settings))

    def floor(self, user: str) -> tuple[str, ...]:
        """The command it is compared with."""
        return (sys.executable, "-m", "worker.bench.floor", self.dovecot.host, str(self.dovecot.imap), user)

    def client(self, user: str) -> IMAPClient:
        """A logged-in connection, for preparing a mailbox."""
        client = IMAPClient(self.dovecot.host, self.dovecot.imap, ssl=False, timeout=120)
        client._imap.debug = 0
        client.login(user, PASSWORD)
        return client

    def put_back(self, user: str) -> int:
        """Bring processed mail back to INBOX, without any mark; the number of mails."""
        with self.client(user) as client:
            client.select_folder("Processed")
            uids = client.search("ALL")
            if uids:
                client.set_flags("1:*", [], silent=True)
                client.move("1:*", "INBOX")
        return len(uids)
