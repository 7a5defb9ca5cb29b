"""The two pipes to a parsing child, with a deadline on every octet."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import subprocess
import sys
import time
from pathlib import Path

from worker.message.wire import HEAD, NOTE, READY, NoMessageError

_PIPE_BYTES = 1024 * 1024
# A pipe counts pages, so that small writes take more of it than they are long.
_PIPE_SLACK_BYTES = 64 * 1024
_READ_BYTES = 256 * 1024
_START_S = 30.0
_STOP_S = 2.0
# What the child's interpreter may see of our environment: no secret is among it.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONHOME", "TMPDIR", "SYSTEMROOT")


class ChildEndedError(Exception):
    """The child is gone; ``status`` as in ``subprocess`` (negative: the signal that ended it)."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the parsing child ended with status {status}")
        self.status = status


class TookTooLongError(Exception):
    """The deadline passed."""


class Child:
    """One parsing child. Not for two threads at once."""

    def __init__(self, memory_limit_bytes: int) -> None:
        self._memory_limit_bytes = memory_limit_bytes
        self._note = os.memfd_create("note")
        try:
            self._process = self._started()
        except BaseException:
            os.close(self._note)
            raise
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in = self._process.stdin.fileno()
        self._out = self._process.stdout.fileno()
        self._unread = b""
        self._is_ready = False
        for descriptor in (self._in, self._out):
            os.set_blocking(descriptor, False)
            with contextlib.suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._writable, self._readable = select.poll(), select.poll()
        self._writable.register(self._in, select.POLLOUT)
        self._readable.register(self._out, select.POLLIN)

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", "worker.message.child", str(self._memory_limit_bytes), str(self._note)]
        # Our own interpreter and module; nothing of a mail is in the command.
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._note,),
            bufsize=0,
            env=_environment(),
        )

    @property
    def room_bytes(self) -> int:
        """What can be sent without waiting to a child that reads nothing meanwhile."""
        return fcntl.fcntl(self._in, fcntl.F_GETPIPE_SZ) - _PIPE_SLACK_BYTES

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait_ready(self) -> None:
        """Return once it has imported what it needs. Raises ChildEndedError, TookTooLongError."""
        if self._is_ready:
            return
        kind, _ = self.receive(time.monotonic() + _START_S)
        if kind != READY:
            raise ChildEndedError(0)
        self._is_ready = True

    def send(self, pieces: tuple[bytes, ...], deadline: float) -> None:
        """Raises ChildEndedError, TookTooLongError."""
        views = [memoryview(piece) for piece in pieces if piece]
        while views:
            try:
                written = os.writev(self._in, views)
            except BlockingIOError:
                _wait(self._writable, deadline)
                continue
            except BrokenPipeError:
                raise ChildEndedError(self._status()) from None
            while views and written >= len(views[0]):
                written -= len(views.pop(0))
            if views:
                views[0] = views[0][written:]

    def receive(self, deadline: float) -> tuple[bytes, bytes]:
        """One frame: kind and payload. Raises ChildEndedError, TookTooLongError, NoMessageError."""
        kind, length = HEAD.unpack(self._exactly(HEAD.size, deadline))
        if length > self._memory_limit_bytes:
            raise NoMessageError("too long")
        return kind, self._exactly(length, deadline)

    def noted(self, number: int) -> str:
        """The identity of the mail with this request number, if the child got as far as to tell it; else ""."""
        found, identity = NOTE.unpack(os.pread(self._note, NOTE.size, 0).ljust(NOTE.size, b"\0"))
        return identity.decode("ascii", "replace") if found == number else ""

    def end(self) -> None:
        """Let it end by itself at the end of its input, or end it; may be called twice."""
        if not self._is_ready:
            # It has nothing of ours in hand, and would go on importing first.
            self.kill()
            return
        self._close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.wait()
        self._close()

    def _close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        if self._note >= 0:
            os.close(self._note)
            self._note = -1

    def _exactly(self, length: int, deadline: float) -> bytes:
        """The next octets; what came with them is kept for the next time."""
        if len(self._unread) < length:
            pieces, missing = [self._unread], length - len(self._unread)
            while missing > 0:
                piece = self._some(deadline)
                pieces.append(piece)
                missing -= len(piece)
            self._unread = b"".join(pieces)
        octets, self._unread = self._unread[:length], self._unread[length:]
        return octets

    def _some(self, deadline: float) -> bytes:
        _wait(self._readable, deadline)
        piece = os.read(self._out, _READ_BYTES)
        if not piece:
            raise ChildEndedError(self._status())
        return piece

    def _status(self) -> int:
        """How it ended; one that closed its pipe and lives on is ended."""
        try:
            return self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _wait(poll: select.poll, deadline: float) -> None:
    left_s = deadline - time.monotonic()
    if left_s <= 0 or not poll.poll(left_s * 1000):
        raise TookTooLongError


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return {**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
