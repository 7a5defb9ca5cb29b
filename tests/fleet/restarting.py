"""A PostgreSQL that is stopped and started at the same port, in order or as if its machine had lost power."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgres


class Restarting:
    """A server with a database for one test; what it has acknowledged is on disk."""

    def __init__(self, folder: Path) -> None:
        postgres._prepare(folder)
        self._first = postgres._start(folder)
        self._process = self._first.process
        self.url = self._first.url(self._first.create())

    def stop(self, *, at_once: bool = False) -> None:
        """Stop: every connection is cut; ``at_once`` without telling anybody, as in a crash."""
        self._process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
        self._process.wait(30)

    def start(self) -> None:
        """Start again; returns when it answers."""
        folder, port = self._first.folder, self._first.port
        settings = {**postgres._SETTINGS, "synchronous_commit": "on"}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [postgres._program("postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder)]
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **postgres._user()
            )
        assert postgres._answers(postgres.PostgresServer(folder, port, self._process)), (folder / "log").read_text()

    def close(self) -> None:
        """Stop for good."""
        postgres.stop(self._process)


@contextmanager
def restarting() -> Iterator[Restarting]:
    """A server of one's own, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="mail-to-case-pg-"))
    server = None
    try:
        server = Restarting(folder)
        # Begun anew, so that a commit is on disk when it is acknowledged.
        server.stop()
        server.start()
        yield server
    finally:
        if server:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)
