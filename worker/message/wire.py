"""What parent and child say to each other: length-prefixed frames; only our own plain classes are ever rebuilt."""

from __future__ import annotations

import io
import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from worker.message.model import InboundMessage, Source

#: the child is up; the mail's identity; the mail; why the mail could not be read; why no mail can be read
READY, IDENTITY, MESSAGE, ERROR, TROUBLE = b"r", b"i", b"m", b"e", b"t"
#: kind of frame and length of what follows
HEAD = struct.Struct(">cQ")

_ALLOWED = {
    ("worker.message.model", "InboundMessage"),
    ("worker.message.model", "Source"),
    ("worker.message.wire", "Request"),
    ("connectors.contract", "Attachment"),
    ("connectors.contract", "Person"),
    ("datetime", "datetime"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("pathlib", "PosixPath"),
    ("pathlib._local", "PosixPath"),
}


@dataclass(frozen=True)
class Request:
    """A mail to be parsed; bytes travel behind the frame, a spool file by its path."""

    source: Source
    spool: Path | None
    #: bytes that follow this request; they are the source's content unless that is a path
    follow_bytes: int
    #: seconds of processor time
    cpu_limit_s: int


class _Unpickler(pickle.Unpickler):
    """Rebuilds values of the listed classes and no others: a child that a mail took over gains nothing (H40)."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} has no place here")
        return super().find_class(module, name)


def frame(kind: bytes, payload: bytes) -> bytes:
    """One frame."""
    return HEAD.pack(kind, len(payload)) + payload


def pack(value: Request | InboundMessage) -> bytes:
    """A value as octets."""
    return pickle.dumps(value, protocol=5)


def unpack_message(octets: bytes) -> InboundMessage:
    """Raises pickle.UnpicklingError for anything else than a message."""
    value = _Unpickler(io.BytesIO(octets)).load()
    if not isinstance(value, InboundMessage):
        raise pickle.UnpicklingError("no message")
    return value


def read_request(stream: BinaryIO) -> tuple[Request, bytes] | None:
    """The next request and the bytes behind it; None at the end of the stream."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    request = cast("Request", _Unpickler(io.BytesIO(stream.read(HEAD.unpack(head)[1]))).load())
    return request, stream.read(request.follow_bytes)
