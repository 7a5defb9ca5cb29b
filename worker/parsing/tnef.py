"""winmail.dat unpacked: the files and the text that Outlook wrapped up in TNEF."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.parsing.rtf import decompressed, read_rtf
from worker.parsing.text import clean, one_line

if TYPE_CHECKING:
    from tnefparse import TNEF

MAX_TNEF_BYTES = 32 * 1024 * 1024
#: copying that much takes less than a second
MAX_COPIED_BYTES = 2 * 1024 * 1024 * 1024
CONTENT_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
FILE_NAMES = frozenset({"winmail.dat", "win.dat"})

# The library reports each unknown property; a stranger could fill the log with them.
logging.getLogger("tnefparse").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was inside: files by name, and the bodies if any."""

    files: tuple[tuple[str, bytes], ...]
    text: str = ""
    html: str = ""

    @property
    def sha256(self) -> str:
        """Digest of all files, hex."""
        return hashlib.sha256(b"".join(content for _, content in self.files)).hexdigest()


def unpack(content: bytes) -> Unpacked | None:
    """The contents of a TNEF stream, or None when it cannot be read."""
    if len(content) > MAX_TNEF_BYTES or _copied_bytes(content) > MAX_COPIED_BYTES:
        return None
    # Imported here because few mails need it and it costs time and memory in the child.
    from tnefparse import TNEF

    try:
        return _unpacked(TNEF(content, do_checksum=False))
    except Exception:  # the library raises struct.error, IndexError, ValueError and more on damaged input
        return None


def _copied_bytes(content: bytes) -> int:
    """What the library will copy: the rest of the stream, once for each object in it."""
    objects, offset = 0, 6
    while offset + 11 < len(content):
        objects += 1
        offset += 11 + int.from_bytes(content[offset + 5 : offset + 9], "little")
    return objects * len(content)


def _unpacked(tnef: TNEF) -> Unpacked | None:
    files = tuple((_name(attachment), bytes(attachment.data or b"")) for attachment in tnef.attachments)
    html = _text(getattr(tnef, "htmlbody", None))
    text = _text(getattr(tnef, "body", None))
    if not text.strip() and not html.strip():
        text, html = from_rtf(getattr(tnef, "_rtfbody", None))
    return Unpacked(files, text, html) if files or text or html else None


def _name(attachment: object) -> str:
    long_name = getattr(attachment, "long_filename", None)
    name = long_name() if callable(long_name) else getattr(attachment, "name", "")
    return one_line(_text(name)).strip("\0 ")


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        value = value[0] if value else ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return clean(str(value or ""))


def from_rtf(compressed: object) -> tuple[str, str]:
    """(text, HTML) of the RTF body, for messages that have no other."""
    if not isinstance(compressed, bytes):
        return "", ""
    text, html = read_rtf(decompressed(compressed))
    return clean(text), clean(html)
