"""A file's name as a label that harms nobody, whatever the mail calls it."""

from __future__ import annotations

import re

from connectors.contract import Attachment

_NAME_BYTES = 150
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"*:<>?|\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.IGNORECASE)


def safe_name(file: Attachment) -> str:
    """The file's label: no path, no control or direction marks, no device name, at most 150 bytes."""
    base = _UNSAFE.sub("_", re.split(r"[/\\]", file.name)[-1]).strip(". ")
    stem, dot, suffix = base.rpartition(".")
    if dot and len(suffix.encode()) <= 20:
        base = _cut(stem, _NAME_BYTES - len(suffix.encode()) - 1) + dot + suffix
    base = _cut(base, _NAME_BYTES)
    return f"_{base}" if _RESERVED.match(base) else base or f"attachment-{file.sha256[:12]}"


def _cut(text: str, size_bytes: int) -> str:
    return text.encode()[:size_bytes].decode("utf-8", "ignore")
