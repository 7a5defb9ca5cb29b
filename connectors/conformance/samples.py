"""The kit's mail: ordinary, hostile, and with files."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from connectors.contract import Attachment, Delivery, Person

_numbers = itertools.count(1)

HOSTILE_TEXTS: Final = (
    "",
    "before\x00after",
    "lone\rreturn\r\nand both",
    "\u202egnp.exe\u202c \u05e9\u05dc\u05d5\u05dd",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{7*7}} {% raw %} ${7*7} %(x)s {0.__class__}",
    '" OR project = SECRET; DROP TABLE cases; --',
    "lone surrogate \ud800 here",
    "word " * 40_000,
)
#: what some CRM would draw, run, or call a colleague for; each line a thing of its own
MARKUP_TEXTS: Final = (
    "h1. {html}x{html} [~accountid:1] !http://x.example/y.png! @everyone /assign me #close",
    "[~ann] *bold* _leaning_ -struck- {code}x{code} {noformat}y{noformat} ||a||b|| |c|d| [text|http://x.example]",
    '{"type":"doc","version":1,"content":[{"type":"mention","attrs":{"id":"1"}}]}',
    "<b>bold</b> <a href='http://x.example'>x</a> &amp; &lt;i&gt; <!-- gone --> <script>alert(1)</script>",
    "# head\n- [ ] box\n![x](http://x.example/y.png) `code` **bold** ```fence``` \\(x\\)",
    "{{ticket.requester.email}} {{!Case.Subject}} ${case.id} <%= id %>",
)
HOSTILE_NAMES: Final = (
    "../../etc/passwd",
    "C:\\Windows\\system32\\x.exe",
    "\\\\host\\share\\y",
    "nul\x00byte.txt",
    "line\r\nbreak: x.txt",
    "x" * 5_000 + ".pdf",
    "invoice\u202efdp.exe",
    "con.txt",
    "...",
    "",
    "請求書.pdf",
    "lone\udc80.bin",
)


def delivery(**changes: Any) -> Delivery:
    """An ordinary message with a key of its own."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "key": secrets.token_hex(20),
        "subject": f"Printer on fire, take {number}",
        "text": f"It burns.\nThis is message {number}.",
        "requester": Person("Ann Example", "ann@example.com"),
        "sent_at": datetime.now(UTC).replace(microsecond=0),
        "message_id": f"{number}.{secrets.token_hex(4)}@example.com",
    }
    return Delivery(**values | changes)


def file_of(content: bytes | Path, name: str = "note.txt", content_type: str = "text/plain") -> Attachment:
    """An attachment with the size and digest that its content has."""
    data = content if isinstance(content, bytes) else content.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Attachment(name=name, content_type=content_type, size_bytes=len(data), sha256=digest, content=content)


def long_text(lines: int = 20_000) -> str:
    """200 kB in which every line differs."""
    return "\n".join(f"row {number:05d}" for number in range(lines))


def large_file(path: Path, size_bytes: int) -> Attachment:
    """A file of that size on the disk, made and measured piece by piece."""
    digest, piece, left = hashlib.sha256(), bytes(range(256)) * 256, size_bytes
    with path.open("wb") as file:
        while left:
            part = piece[: min(left, len(piece))]
            file.write(part)
            digest.update(part)
            left -= len(part)
    name, kind = path.name, "application/octet-stream"
    return Attachment(name=name, content_type=kind, size_bytes=size_bytes, sha256=digest.hexdigest(), content=path)
