"""How facts are printed: tables on a terminal, aligned text elsewhere, JSON with stable keys."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len

#: characters of a key that tables show; `--json` shows all of it
KEY_CHARS = 12
_GAP = "  "
#: JSON may hold these as they are, but to many a reader they end a line
_LINE_ENDS = {ord(char): f"\\u{ord(char):04x}" for char in "\x85\u2028\u2029"}


def say(line: str) -> None:
    """One line on stdout; what its encoding cannot hold is escaped, since a mail may hold anything."""
    encoding = sys.stdout.encoding or "ascii"
    print(line.encode(encoding, "backslashreplace").decode(encoding))


def print_json(value: object) -> None:
    """One JSON value on one line; escaped where stdout is no UTF-8, or where a file name is none."""
    text = json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(value)
    print(text)


def iso(moment: datetime | None) -> str | None:
    """``2026-11-21T10:00:00Z``, or None."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def span(seconds: float | None) -> str:
    """A length of time as people say it: ``45 s``, ``12 min``, ``3 h 20 min``, ``2 d 4 h``."""
    if seconds is None:
        return "-"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def short(key: str) -> str:
    """The beginning of a key, long enough to be unique."""
    return key[:KEY_CHARS]


def one_line(text: object) -> str:
    """Text that cannot move the cursor of the terminal it is printed on."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())


def print_text(text: str, indent: str) -> None:
    """Lines as they are, but for what would move the cursor."""
    for line in text.splitlines():
        say(indent + "".join(char if char.isprintable() else " " for char in line))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The rows under their headings; nothing at all when there are none."""
    cells = [[one_line("-" if cell in (None, "") else cell) for cell in row] for row in rows]
    if not cells:
        return
    if sys.stdout.isatty():
        _print_rich(headings, cells)
    else:
        _print_aligned([list(headings), *cells])


def _print_rich(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        # Text and not str: what a mail says must not be read as rich's markup.
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def _print_aligned(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        say(_GAP.join(cells).rstrip())
