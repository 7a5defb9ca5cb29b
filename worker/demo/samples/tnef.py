"""A minimal winmail.dat: the form in which Outlook wraps text and attachments ([MS-OXTNEF])."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_SIGNATURE = 0x223E9F78
_KEY = 1
_MESSAGE, _ATTACHMENT = 1, 2
#: The file is shown nowhere within the text.
_NO_POSITION = 0xFFFFFFFF

# Attribute identifiers: type in the upper half, name in the lower ([MS-OXTNEF] §2.1.3.2).
_TNEF_VERSION = 0x00089006
_OEM_CODEPAGE = 0x00069007
_MESSAGE_CLASS = 0x00078008
_SUBJECT = 0x00018004
_BODY = 0x0002800C
_ATTACH_REND_DATA = 0x00069002
_ATTACH_TITLE = 0x00018010
_ATTACH_DATA = 0x0006800F


@dataclass(frozen=True)
class File:
    """A file's name (ASCII) and content."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Note:
    """A message as TNEF holds it; texts in code page 1252."""

    subject: str
    text: str
    files: tuple[File, ...]


def winmail_dat(note: Note) -> bytes:
    """The bytes of winmail.dat."""
    pieces = [
        struct.pack("<IH", _SIGNATURE, _KEY),
        _attribute(_MESSAGE, _TNEF_VERSION, struct.pack("<I", 0x10000)),
        _attribute(_MESSAGE, _OEM_CODEPAGE, struct.pack("<II", 1252, 0)),
        _attribute(_MESSAGE, _MESSAGE_CLASS, b"IPM.Microsoft Mail.Note\0"),
        _attribute(_MESSAGE, _SUBJECT, _string(note.subject)),
        _attribute(_MESSAGE, _BODY, _string(note.text.replace("\n", "\r\n"))),
    ]
    for file in note.files:
        # Type 1 is a file; width, height and flags do not matter then.
        pieces.append(_attribute(_ATTACHMENT, _ATTACH_REND_DATA, struct.pack("<HIHHI", 1, _NO_POSITION, 0, 0, 0)))
        pieces.append(_attribute(_ATTACHMENT, _ATTACH_TITLE, _string(file.name)))
        pieces.append(_attribute(_ATTACHMENT, _ATTACH_DATA, file.content))
    return b"".join(pieces)


def _string(text: str) -> bytes:
    return text.encode("cp1252") + b"\0"


def _attribute(level: int, identifier: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, identifier, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
