"""The test mailbox: a folder of .eml files, served over IMAP and filled by SMTP, on loopback."""

from __future__ import annotations

import errno
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from worker.demo.imap import Faults, ImapServer, Service, Store
from worker.demo.imap.errors import Refused
from worker.demo.imap.names import INBOX
from worker.demo.smtp import SmtpListener

HOST = "127.0.0.1"
USER = "test"
#: No secret: the mailbox listens on loopback, and anybody there may read the folder itself.
PASSWORD = "test"  # noqa: S105
PASSWORD_ENV = "TEST_MAILBOX_PASSWORD"  # noqa: S105

_WELCOME = """\
Test mailbox over {folder}
  IMAP  {host}:{imap_port}   user {user}, password {password}
  SMTP  {host}:{smtp_port}   mail for any address lands in INBOX
  Drop .eml files into the folder: they are there within a second. Ctrl-C stops.

For settings.toml (and: export {password_env}={password}):

[mailboxes.test]
host = "{host}"
port = {imap_port}
security = "plaintext"
user = "{user}"
password_env = "{password_env}"
folder = "INBOX"
"""


class TestMailbox:
    """One account. ``folder`` is INBOX, its subfolders are further folders; it is made when missing.

    ``capabilities_hidden`` names what the server does without: capabilities such as MOVE, UIDPLUS, IDLE, CONDSTORE,
    and KEYWORDS for the leave to make keywords. Ports of 0 become free ones at ``start``.
    A mailbox that was stopped is not started again: make another one over the same folder.
    """

    # Without this pytest would take the class for one of its tests.
    __test__ = False

    def __init__(  # noqa: PLR0913
        self,
        folder: Path,
        *,
        imap_port: int = 0,
        smtp_port: int = 0,
        user: str = USER,
        password: str = PASSWORD,
        capabilities_hidden: frozenset[str] = frozenset(),
        faults: Faults | None = None,
    ) -> None:
        """Raises OSError when the folder cannot be made or read."""
        self.folder = folder
        self.user = user
        self.faults = faults or Faults()
        self.store = Store(folder)
        service = Service(self.store, user, password, capabilities_hidden, self.faults)
        self._imap = ImapServer(service, HOST, imap_port)
        self._smtp = SmtpListener(self.deliver, HOST, smtp_port)
        self.password = password

    @property
    def imap_port(self) -> int:
        """Where IMAP is served."""
        return self._imap.port

    @property
    def smtp_port(self) -> int:
        """Where mail is taken."""
        return self._smtp.port

    def start(self) -> None:
        """Raises OSError when a port is taken."""
        self.store.inbox.refresh()
        self._imap.start()
        try:
            self._smtp.start()
        except OSError:
            self._imap.stop()
            raise

    def stop(self) -> None:
        """End every connection and write the state down; may be called twice."""
        self._smtp.stop()
        self._imap.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def deliver(self, raw: bytes) -> Path:
        """Put a message into INBOX; gives its file. It can be seen at once. Raises OSError."""
        try:
            inbox = self.store.inbox
        except Refused as error:
            raise FileNotFoundError(errno.ENOENT, "The folder is gone", str(self.folder)) from error
        return inbox.path / inbox.add(raw).file_name

    def renumber(self, folder: str = INBOX) -> None:
        """Give a folder a new UIDVALIDITY and new UIDs, as a server does that lost its index."""
        self.store.renumber(folder)


def serve(folder: Path, imap_port: int, smtp_port: int, out: TextIO | None = None) -> None:
    """The verb ``mailbox``: say where it is, and serve until SIGINT or SIGTERM. Raises OSError when a port is taken.

    Only in the main thread, since it takes the two signals.
    """
    stop = threading.Event()
    restore = _on_signals(stop.set)
    try:
        with TestMailbox(folder, imap_port=imap_port, smtp_port=smtp_port) as mailbox:
            print(welcome(mailbox), file=out or sys.stdout, flush=True)
            stop.wait()
    finally:
        restore()


def welcome(mailbox: TestMailbox) -> str:
    """Where it is, and the settings that let the worker poll it."""
    return _WELCOME.format(
        folder=mailbox.folder,
        host=HOST,
        imap_port=mailbox.imap_port,
        smtp_port=mailbox.smtp_port,
        user=mailbox.user,
        password=mailbox.password,
        password_env=PASSWORD_ENV,
    )


def _on_signals(action: Callable[[], None]) -> Callable[[], None]:
    before = {number: signal.signal(number, lambda *_: action()) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore
