"""A real PostgreSQL for tests: one server a session, an empty database a test, stopped by its process id.

A missing PostgreSQL fails the tests that want it; it never skips them.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

_START_S = 60.0
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "listen_addresses": "127.0.0.1",
    "synchronous_commit": "off",
    "autovacuum": "off",
}


@dataclass(frozen=True)
class PostgresServer:
    """A running server: where it listens, and its process, for tests that stop or kill it."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    _number: Iterator[int] = field(default_factory=lambda: count(1))
    _spare: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        """The URL of a database, over TCP."""
        return f"postgresql://tester@127.0.0.1:{self.port}/{database}"

    def create(self) -> str:
        """An empty database; its name."""
        if self._spare:
            return self._spare.pop()
        name = f"test{next(self._number)}"
        self._ask("postgres", f"CREATE DATABASE {name}")
        return name

    def drop(self, name: str) -> None:
        """Cut whoever is connected to the database, and empty it for the next, which is faster than a new one."""
        self.cut(name)
        self._ask(name, "DROP SCHEMA IF EXISTS mail_to_case_queue, public CASCADE; CREATE SCHEMA public")
        self._spare.append(name)

    def cut(self, name: str) -> int:
        """Cut every connection to the database, as a restarting server does; how many there were."""
        query = f"SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = '{name}'"
        return int(self._ask("postgres", query) or 0)

    def _ask(self, database: str, command: str) -> str | None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            done = connection.execute(command.encode())
            row = done.fetchone() if done.description else None
        return str(row[0]) if row else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Debian's PostgreSQL in a temporary folder, as an ordinary user, on a free port."""
    folder = Path(tempfile.mkdtemp(prefix="mail-to-case-pg-"))
    server = None
    try:
        _prepare(folder)
        server = _start(folder)
        yield server
    finally:
        if server:
            stop(server.process)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database; emptied after the test."""
    name = postgres_server.create()
    try:
        yield postgres_server.url(name)
    finally:
        postgres_server.drop(name)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a server quickly and in order (SIGINT, PostgreSQL's "fast shutdown"); by force when it will not."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    program = str(found[-1]) if found else shutil.which(name)
    if not program:
        pytest.fail(f"PostgreSQL is missing ({name}): install Debian's package 'postgresql'", pytrace=False)
    return program


def _user() -> dict[str, Any]:
    """Arguments of Popen that make an ordinary user of root, as whom PostgreSQL refuses to run."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _prepare(folder: Path) -> None:
    user = _user()
    if user:
        os.chown(folder, user["user"], user["group"])
    command = [_program("initdb"), "-D", str(folder / "data"), "-U", "tester", "--auth=trust", "--no-sync"]
    command += ["--encoding=UTF8", "--no-locale"]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, **user)
    if done.returncode:
        pytest.fail(f"initdb failed: {done.stderr}", pytrace=False)


def _start(folder: Path) -> PostgresServer:
    """Start, and wait until it answers. Another process may snatch the free port, so try a few."""
    for _ in range(5):
        port = _free_port()
        log = folder / "log"
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [_program("postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder), *settings]
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **_user())
        server = PostgresServer(folder, port, process)
        if _answers(server):
            return server
        stop(process)
    pytest.fail(f"PostgreSQL did not start: {log.read_text()[-2000:]}", pytrace=False)


def _answers(server: PostgresServer) -> bool:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and server.process.poll() is None:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
