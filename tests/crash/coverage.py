"""Which test covers which row of the fault tables: ``python -m tests.crash.coverage > docs/coverage.md``."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TESTS = Path(__file__).parents[1]
_ROWS = Path(__file__).with_name("rows.txt")
#: I7, N4, D11, M-3; the tests' own habit of writing M-rows with a hyphen keeps them apart from other numbers
_ID = re.compile(r"\b(?:M-|[NCDPSHI])\d{1,2}\b")
_IN_NAME = re.compile(r"_([ncdpshi]\d{1,2})(?=_)")
_SHOWN = 4
_PARTS = (
    ("N", "Network and TLS"),
    ("M-", "IMAP"),
    ("C", "CRM"),
    ("D", "Ledger"),
    ("P", "Process and platform"),
    ("S", "SMTP"),
    ("H", "Hostile input"),
    ("I", "Invariants"),
)
_HEAD = """\
# What is tested

Made by `python -m tests.crash.coverage > docs/coverage.md` from the names and docstrings of the tests; a test keeps it
fresh. A row is *open* when no test names it yet.
"""


@dataclass(frozen=True)
class Row:
    """One fault, attack or invariant. ``remark``: why no test is needed, or "open"; else ""."""

    id: str
    title: str
    remark: str


def rows() -> list[Row]:
    """All of them, in the order of the tables."""
    found = []
    for line in _ROWS.read_text("utf-8").splitlines():
        text, _, remark = line.partition(" | ")
        id_, _, title = text.partition(" ")
        found.append(Row(id_, title, remark))
    return found


def named() -> dict[str, list[str]]:
    """Row → the tests that name it, as ``file::test``. A module's docstring speaks for all its tests."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(_TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        place = path.relative_to(_TESTS).as_posix()
        for id_ in _ids(ast.get_docstring(tree) or ""):
            found[id_].append(place)
        for name, words in _tests(tree):
            for id_ in _ids(words) | {one.upper() for one in _IN_NAME.findall(name)}:
                found[id_].append(f"{place}::{name}")
    return found


def _tests(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""


def _ids(text: str) -> set[str]:
    return set(_ID.findall(text))


def render() -> str:
    """The page."""
    tests, known = named(), rows()
    lines = [_HEAD, _summary(known, tests)]
    for prefix, title in _PARTS:
        lines += ["", f"## {title}", "", "| row | what | tests |", "|---|---|---|"]
        own = (row for row in known if re.fullmatch(re.escape(prefix) + r"\d+", row.id))
        lines += [f"| {row.id} | {row.title} | {_covered(row, tests.get(row.id, []))} |" for row in own]
    return "\n".join(lines) + "\n"


def _summary(known: list[Row], tests: dict[str, list[str]]) -> str:
    covered = sum(bool(tests.get(row.id)) for row in known)
    beside = sum(row.remark.startswith("not applicable") and not tests.get(row.id) for row in known)
    return f"{len(known)} rows: {covered} covered, {beside} not applicable, {len(known) - covered - beside} open."


def _covered(row: Row, tests: list[str]) -> str:
    if not tests:
        return row.remark or "open"
    # Those that are about it by name come before those whose module only mentions it.
    best = sorted(tests, key=lambda one: ("::" not in one, one))
    more = f", and {len(best) - _SHOWN} more" if len(best) > _SHOWN else ""
    return ", ".join(f"`{one}`" for one in best[:_SHOWN]) + more


if __name__ == "__main__":
    print(render(), end="")
