"""Mail in files: read ahead and parsed side by side, told in the order in which it was asked for."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import Any

from connectors.contract import Person
from worker.classify import as_json, classify
from worker.message import InboundMessage, Source
from worker.message.guard import Guard, GuardError

_AT_ONCE = 2
_AHEAD = 8
#: larger files are not held in memory
_HELD_BYTES = 8 * 1024 * 1024


def source_of(path: Path) -> Source:
    """The mail in a file, received when the file was last changed. Raises OSError."""
    found = path.stat()
    if not S_ISREG(found.st_mode):
        raise OSError(None, "it is no file")
    content = path.read_bytes() if found.st_size <= _HELD_BYTES else path
    received_at = datetime.fromtimestamp(found.st_mtime, UTC)
    return Source(content=content, size_bytes=found.st_size, received_at=received_at)


def parsed(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """What was read out of each file, in the shape of ``parse``; never raises for what a file is or holds."""
    with tempfile.TemporaryDirectory(prefix="mail-to-case-") as spool, ThreadPoolExecutor(_AT_ONCE) as pool:
        guard = Guard(size=_AT_ONCE)
        try:
            ahead: deque[Future[dict[str, Any]]] = deque()
            for path in files:
                ahead.append(pool.submit(_line, path, guard, Path(spool)))
                if len(ahead) == _AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            guard.close()


def _line(path: Path, guard: Guard, spool: Path) -> dict[str, Any]:
    message = _message(path, guard, spool)
    return as_json(path.name or str(path), message, classify(message, frozenset()))


def _message(path: Path, guard: Guard, spool: Path) -> InboundMessage:
    try:
        source = source_of(path)
        with tempfile.TemporaryDirectory(dir=spool) as own:
            return guard.parse(source, Path(own))
    except (OSError, ValueError) as error:
        return _unread(f"cannot be read: {getattr(error, 'strerror', None) or error}")
    except GuardError as error:
        return _unread(str(error))


def _unread(why: str) -> InboundMessage:
    """What is known of a mail that was never seen."""
    return InboundMessage(
        identity="",
        message_id="",
        in_reply_to=(),
        references=(),
        author=Person("", ""),
        reply_to=(),
        to=(),
        cc=(),
        subject="",
        sent_at=None,
        received_at=datetime.fromtimestamp(0, UTC),
        text="",
        html="",
        attachments=(),
        headers=(),
        size_bytes=0,
        error=why,
    )
