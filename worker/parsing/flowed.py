"""format=flowed: lines that a mailer broke are put together again (RFC 3676)."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIGNATURE = "-- "


def unflowed(text: str, delete_space: bool = False) -> str:
    """The text with its paragraphs on one line each; ``delete_space`` is the parameter DelSp=yes (section 4.1)."""
    lines = [_opened(line) for line in text.split("\n")]
    out: list[str] = []
    for depth, group in groupby(lines, key=lambda line: line[0]):
        mark = ">" * depth + " " * bool(depth)
        out += [
            (mark + line).rstrip(" ") if line != _SIGNATURE else mark + line for line in _joined(group, delete_space)
        ]
    return "\n".join(out)


def _opened(line: str) -> tuple[int, str]:
    """How deep a line is quoted, and the line without quote marks and stuffing (section 4.4, 4.5)."""
    content = line.lstrip(">")
    depth = len(line) - len(content)
    return depth, content.removeprefix(" ")


def _joined(group: Iterable[tuple[int, str]], delete_space: bool) -> list[str]:
    paragraphs: list[str] = []
    pieces: list[str] = []
    for _, line in group:
        soft = line.endswith(" ") and line != _SIGNATURE
        if line == _SIGNATURE and pieces:
            # A signature never continues a paragraph (section 4.3).
            paragraphs.append("".join(pieces))
            pieces = []
        pieces.append(line[:-1] if soft and delete_space else line)
        if not soft:
            paragraphs.append("".join(pieces))
            pieces = []
    return [*paragraphs, "".join(pieces)] if pieces else paragraphs
