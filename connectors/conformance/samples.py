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
    "h1. {html}x{html} [~accountid:1] !http://x.example/y.png! @everyone /assign me #close",
    '" OR project = SECRET; DROP TABLE cases; --',
    "lone surrogate \ud800 here",
    "word " * 40_000,
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
