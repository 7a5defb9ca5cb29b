"""The coverage page says what the tests say."""

from __future__ import annotations

from pathlib import Path

from tests.crash.coverage import named, render, rows

_PAGE = Path(__file__).parents[2] / "docs/coverage.md"


def test_the_page_is_fresh() -> None:
    assert _PAGE.read_text("utf-8") == render(), "run: python -m tests.crash.coverage > docs/coverage.md"


def test_rows_are_known_once_and_said_to_be_open_only_when_they_are() -> None:
    known, tests = rows(), named()
    assert len({row.id for row in known}) == len(known)
    assert [row.id for row in known if row.remark and tests.get(row.id)] == []
