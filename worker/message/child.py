"""The child that parses: reads mails from its standard input, one at a time, under limits; ends with its parent."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from dataclasses import replace
from typing import BinaryIO

from worker.message.reading import parse_and_tell
from worker.message.wire import ERROR, IDENTITY, MESSAGE, READY, TROUBLE, Request, frame, pack, read_request


def main() -> None:
    """Serve until the parent closes the pipe. The one argument is the limit of the address space in bytes."""
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # Whatever a library prints must not end up among the answers.
    os.dup2(2, 1)
    with answers, contextlib.suppress(BrokenPipeError):
        answers.write(frame(READY, b""))
        serve(sys.stdin.buffer, answers)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each request: first the identity, then the message or why there is none."""
    while (received := read_request(requests)) is not None:
        request, content = received
        _limit_cpu(request.cpu_limit_s)
        answer = _answer(request, content, answers)
        _write(answers, answer)
        del received, request, content, answer


def _answer(request: Request, content: bytes, answers: BinaryIO) -> bytes:
    source = request.source
    if not isinstance(source.content, bytes):
        content = b""
    else:
        source = replace(source, content=content)
    try:
        message = parse_and_tell(source, request.spool, lambda known: _write(answers, frame(IDENTITY, known.encode())))
    except OSError as error:
        return frame(TROUBLE, str(error).encode("utf-8", "replace"))
    if message.error is not None:
        # The parent holds the mail itself, and builds the same from it without sending it back and forth.
        return frame(ERROR, message.error.encode("utf-8", "replace"))
    return frame(MESSAGE, pack(message))


def _write(answers: BinaryIO, octets: bytes) -> None:
    view = memoryview(octets)
    while view:
        view = view[answers.write(view) :]


def _limit_cpu(seconds: int) -> None:
    """The kernel ends this process when one mail takes longer than that (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))


if __name__ == "__main__":
    main()
