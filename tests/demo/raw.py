"""A client that says what it is told and reads what comes: for what no library would send."""

from __future__ import annotations

import re
import socket
from types import TracebackType
from typing import Self


class RawClient:
    """One connection; greeted, not logged in."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")
        self.greeting = self.file.readline()
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def login(self) -> Self:
        assert self.command(b"LOGIN test test")[-1].split()[1] == b"OK"
        return self

    def command(self, *lines: bytes) -> list[bytes]:
        """Send a command, its further lines each after a continuation; gives all lines, the tagged one last."""
        self._count += 1
        tag = b"T%d" % self._count
        self.socket.sendall(tag + b" " + lines[0] + b"\r\n")
        for line in lines[1:]:
            assert self.file.readline().startswith(b"+")
            self.socket.sendall(line + b"\r\n")
        return self.until(tag)

    def until(self, tag: bytes) -> list[bytes]:
        """Lines up to the tagged one, or up to the end of the connection; literals stay within their line."""
        lines: list[bytes] = []
        while line := self.line():
            lines.append(line)
            if line.startswith(tag + b" "):
                break
        return lines

    def line(self) -> bytes:
        """One response with its literals; empty at the end of the connection."""
        line = self.file.readline()
        while literal := re.search(rb"\{(\d+)\}\r\n$", line):
            line += self.file.read(int(literal[1])) + self.file.readline()
        return line
