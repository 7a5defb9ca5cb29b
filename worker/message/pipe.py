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

from worker.message.wire import HEAD, READY

_PIPE_BYTES = 1024 * 1024
_READ_BYTES = 1024 * 1024
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
        command = [sys.executable, "-P", "-m", "worker.message.child", str(memory_limit_bytes)]
        # Our own interpreter and module; nothing of a mail is in the command.
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=_environment(),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in = self._process.stdin.fileno()
        self._out = self._process.stdout.fileno()
        for descriptor in (self._in, self._out):
            os.set_blocking(descriptor, False)
            with contextlib.suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait_ready(self) -> None:
        """Return once it has imported what it needs. Raises ChildEndedError, TookTooLongError."""
        kind, _ = self.receive(time.monotonic() + _START_S)
        if kind != READY:
            raise ChildEndedError(0)

    def send(self, octets: bytes, deadline: float) -> None:
        """Raises ChildEndedError, TookTooLongError."""
        view = memoryview(octets)
        while view:
            self._wait(self._in, select.POLLOUT, deadline)
            try:
                view = view[os.write(self._in, view) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise ChildEndedError(self._status()) from None

    def receive(self, deadline: float) -> tuple[bytes, bytes]:
        """One frame: kind and payload. Raises ChildEndedError, TookTooLongError."""
        kind, length = HEAD.unpack(self._exactly(HEAD.size, deadline))
        return kind, self._exactly(length, deadline)

    def end(self) -> None:
        """Let it end by itself at the end of its input, or end it; may be called twice."""
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

    def _exactly(self, length: int, deadline: float) -> bytes:
        pieces = bytearray()
        while len(pieces) < length:
            self._wait(self._out, select.POLLIN, deadline)
            piece = os.read(self._out, min(_READ_BYTES, length - len(pieces)))
            if not piece:
                raise ChildEndedError(self._status())
            pieces += piece
        return bytes(pieces)

    def _wait(self, descriptor: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        left_s = deadline - time.monotonic()
        if left_s <= 0 or not poll.poll(left_s * 1000):
            raise TookTooLongError

    def _status(self) -> int:
        """How it ended; one that closed its pipe and lives on is ended."""
        try:
            return self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return {**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
