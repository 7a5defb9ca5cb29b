"""A real Dovecot of our own: its configuration, users and mail in one folder, on free loopback ports, as any user."""

from __future__ import annotations

import contextlib
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from worker.bench.dovecot_conf import HOST, Configuration, Options

__all__ = ["PASSWORD", "Dovecot", "Options"]

PASSWORD = "correct horse"  # noqa: S105
_START_S = 20.0


class Dovecot:
    """Serves from entering to leaving the ``with`` block. ``imap``, ``imaps`` and ``lmtp`` are ports on 127.0.0.1.

    All users have the password PASSWORD. ``root`` must be a folder that other users may enter when we run as root,
    since Dovecot reads no mail as root.
    """

    host = HOST

    def __init__(self, root: Path, options: Options | None = None) -> None:
        self.root, self.options = root, options or Options()
        self.imap, self.imaps, self.lmtp = _free_ports(3)
        self.mail = root / "mail"
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = _owner()

    def __enter__(self) -> Dovecot:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Write the configuration and start; returns when logging in works. Raises RuntimeError with Dovecot's log."""
        for folder in (self.root, self.mail, self.root / "run"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
        if os.getuid() == 0:
            os.chown(self.mail, self._owner.pw_uid, self._owner.pw_gid)
        (self.root / "users").write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in self.options.users))
        (self.root / "acl").write_text(f"* owner {self.options.rights}\n")
        config = self.root / "dovecot.conf"
        config.write_text(str(self._configuration()))
        self._process = subprocess.Popen(  # noqa: S603 - our own program and path
            [_program(), "-F", "-c", str(config)], stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._await()

    def terminate(self) -> None:
        """Ask it to end, without waiting; ``stop`` comes afterwards."""
        if self._process:
            self._process.terminate()

    def stop(self) -> None:
        """End it and all its processes, those that still serve a connection too; may be called twice."""
        self.terminate()
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def log(self) -> str:
        """What Dovecot wrote so far."""
        path = self.root / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def client(self, user: str = "") -> contextlib.AbstractContextManager[imaplib.IMAP4]:
        """A plain, logged-in connection for looking from outside, or for doing what other mail programs do."""
        return _logged_in(self.imap, user or self.options.users[0])

    def append(self, user: str, folder: str, mails: Iterable[bytes]) -> int:
        """Put mails into a folder, which is made when needed; the number of mails. About 2,000 a second."""
        count = 0
        with self.client(user) as client:
            client.create(folder)
            for mail in mails:
                kind, answer = client.append(folder, "", "", mail)
                if kind != "OK":
                    raise RuntimeError(f"APPEND: {answer!r}")
                count += 1
        return count

    def fill(self, user: str, mails: Iterable[bytes]) -> int:
        """Write mails with CRLF line ends straight into the Maildir INBOX, while nobody has it open; their number."""
        if self.options.format != "maildir":
            raise ValueError("only a Maildir can be filled by writing files")
        home = self.mail / user
        for folder in (home, *(home / name for name in ("cur", "new", "tmp"))):
            folder.mkdir(exist_ok=True)
            self._give(folder)
        count = 0
        for count, mail in enumerate(mails, 1):
            # The sizes in the name spare Dovecot from opening every file.
            path = home / "cur" / f"{1_700_000_000 + count}.M{count}.bench,S={len(mail)},W={len(mail)}:2,"
            path.write_bytes(mail)
            self._give(path)
        return count

    def _give(self, path: Path) -> None:
        if os.getuid() == 0:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _configuration(self) -> Configuration:
        return Configuration(self.root, self.options, self._owner, self.imap, self.imaps, self.lmtp)

    def _await(self) -> None:
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError, imaplib.IMAP4.error), self.client():
                return
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"Dovecot does not start:\n{self.log()[-2000:]}")


@contextlib.contextmanager
def _logged_in(port: int, user: str) -> Iterator[imaplib.IMAP4]:
    client = imaplib.IMAP4(Dovecot.host, port, timeout=30)
    try:
        client.login(user, PASSWORD)
        yield client
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            client.logout()


def _owner() -> pwd.struct_passwd:
    """Whose the mail is: ourselves; as root somebody without rights."""
    return pwd.getpwuid(os.getuid()) if os.getuid() else pwd.getpwnam("nobody")


def _program() -> str:
    found = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("dovecot is not installed; run: sh tests/debian.sh")
    return found


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in sockets]
