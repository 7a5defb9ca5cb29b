"""Message bodies without touching them: small ones in batches, large ones in pieces to a file (RFC 3501 6.4.5)."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TypeAlias

from imapclient.exceptions import ProtocolError

from worker.mailbox.errors import MailboxError, Unreachable, one_line
from worker.mailbox.session import Session
from worker.mailbox.wire import ANSWER_BYTES, Limits
from worker.message import Source
from worker.slot import Waiting

BATCH_MAILS = 50
BATCH_BYTES = 4 * 2**20
#: larger messages go to a file, in pieces of this size
PIECE_BYTES = 2**20
#: a message that turns out to be larger, whatever its announced size, is not read to its end
LIMIT_BYTES = 150 * 2**20
#: each so many bytes allow a command one second more
_BYTES_PER_S = 100_000

Read: TypeAlias = tuple[Waiting, Source | None]


class Reader:
    """Reads bodies over one session."""

    def __init__(self, session: Session, spool: Path, suspects: set[int]) -> None:
        """``suspects``: UIDs to be read alone, since an earlier batch with them broke the connection; kept up here."""
        self._session, self._spool, self._suspects = session, spool, suspects

    def read(self, waiting: Sequence[Waiting], limit_bytes: int) -> Iterator[Read]:
        """In the given order; see ``Mailbox.read``."""
        for group in self._groups(waiting):
            if group[0].size_bytes > PIECE_BYTES:
                yield self._large(group[0], limit_bytes)
            else:
                yield from self._small(group, limit_bytes)

    def _groups(self, waiting: Sequence[Waiting]) -> Iterator[list[Waiting]]:
        group: list[Waiting] = []
        for message in waiting:
            alone = message.size_bytes > PIECE_BYTES or message.slot.uid in self._suspects
            full = len(group) == BATCH_MAILS or sum(w.size_bytes for w in group) + message.size_bytes > BATCH_BYTES
            if group and (alone or full):
                yield group
                group = []
            if alone:
                yield [message]
            else:
                group.append(message)
        if group:
            yield group

    def _small(self, group: list[Waiting], limit_bytes: int) -> Iterator[Read]:
        # Some servers' sizes are estimates: ask for somewhat more, and go on in pieces if even that is not all.
        ask = max(message.size_bytes for message in group) * 5 // 4 + 2**16
        uids = [message.slot.uid for message in group]
        try:
            bodies = self._bodies(uids, 0, ask)
        except MailboxError:
            self._suspects.update(uids if len(uids) > 1 else ())
            raise
        for message in group:
            body = bodies.get(message.slot.uid)
            if body is not None and len(body) >= ask:
                yield self._large(message, limit_bytes)
            else:
                yield message, _source(message, body, len(body)) if body is not None else None

    def _bodies(self, uids: list[int], start: int, count: int) -> dict[int, bytes]:
        """Up to ``count`` bytes of each from ``start`` on; NIL, as some servers answer for expunged mail, is absent."""
        total = len(uids) * count
        limits = Limits(self._session.settings.timeout_s + total / _BYTES_PER_S, count, total + ANSWER_BYTES)
        found = self._session.fetch(uids, f"(UID BODY.PEEK[]<{start}.{count}>)", limits)
        bodies = {uid: _body(answer) for uid, answer in found.items()}
        return {uid: body for uid, body in bodies.items() if body is not None}

    def _large(self, message: Waiting, limit_bytes: int) -> Read:
        """Into a spool file, which then belongs to the caller."""
        try:
            self._spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, path = tempfile.mkstemp(".eml", "mail-", self._spool)
        except OSError as error:
            raise self._no_room(error) from None
        whole = False
        try:
            with os.fdopen(handle, "wb") as file:
                size_bytes, gone = self._pieces(message, file, limit_bytes)
            whole = not gone and size_bytes <= limit_bytes
        except OSError as error:
            raise self._no_room(error) from None
        finally:
            if not whole:
                Path(path).unlink(missing_ok=True)
        if whole:
            return message, _source(message, Path(path), size_bytes)
        return (message if gone else dataclasses.replace(message, size_bytes=size_bytes)), None

    def _pieces(self, message: Waiting, file: BinaryIO, limit_bytes: int) -> tuple[int, bool]:
        """Bytes written, and whether the message went away before its end."""
        size = 0
        while size <= limit_bytes:
            piece = self._bodies([message.slot.uid], size, PIECE_BYTES).get(message.slot.uid)
            if piece is None:
                return size, True
            file.write(piece)
            size += len(piece)
            if not piece or (len(piece) < PIECE_BYTES and size >= message.size_bytes):
                break
        return size, False

    def _no_room(self, error: OSError) -> Unreachable:
        return Unreachable(
            f"mailboxes.{self._session.name}: a large mail cannot be written to {self._spool} ({one_line(error)}); "
            "make room there, or set TMPDIR to a folder with more"
        )


def _body(answer: dict[bytes, object]) -> bytes | None:
    for name, value in answer.items():
        if name.startswith(b"BODY["):
            if not isinstance(value, bytes | None):
                raise ProtocolError("a body that is no text")
            return value
    return None


def _source(message: Waiting, content: bytes | Path, size_bytes: int) -> Source:
    return Source(content=content, size_bytes=size_bytes, received_at=message.received_at)
