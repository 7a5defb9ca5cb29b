"""The child that parses: reads mails from its standard input, one at a time, under limits; ends with its parent."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, BinaryIO

from worker.message.reading import parse_and_tell
from worker.message.wire import ERROR, MESSAGE, NOTE, READY, TROUBLE, Request, frame, pack_message, read_request

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Serve until the parent closes the pipe.

    Arguments: the limit of the address space in bytes, and the descriptor of the note that the parent can read.
    """
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A parent that ignores a signal hands that on; a stop that is sent to the whole group must reach us too (P3).
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    # What was imported stays for good and need not be looked through for garbage again and again.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # Whatever a library prints must not end up among the answers.
    os.dup2(2, 1)
    with answers, contextlib.suppress(BrokenPipeError):
        answers.write(frame(READY, b""))
        serve(sys.stdin.buffer, answers, int(sys.argv[2]))


def serve(requests: BinaryIO, answers: BinaryIO, note: int) -> None:
    """Answer each request: with the message or why there is none; meanwhile its identity stands in the note."""
    while (request := read_request(requests)) is not None:
        _limit_cpu(request.cpu_limit_s)
        answer = _answer(request, _noting(note, request.number))
        _write(answers, answer)
        del request, answer


def _noting(note: int, number: int) -> Callable[[str], None]:
    def tell(identity: str) -> None:
        os.pwrite(note, NOTE.pack(number, identity.encode("ascii")), 0)

    return tell


def _answer(request: Request, tell: Callable[[str], None]) -> bytes:
    try:
        message = parse_and_tell(request.source, request.spool, tell)
    except OSError as error:
        return frame(TROUBLE, str(error).encode("utf-8", "replace"))
    if message.error is not None:
        # The parent holds the mail itself, and builds the same from it without sending it back and forth.
        return frame(ERROR, message.error.encode("utf-8", "replace"))
    return frame(MESSAGE, pack_message(message))


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
