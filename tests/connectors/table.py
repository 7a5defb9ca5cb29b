"""docs/conformance.md, made by running the kit: ``python -m tests.connectors.table`` (add ``-k NAME`` for a part)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.conformance import ConnectorConformance

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "conformance.md"
_WHERE = ("tests/connectors", "examples/hearth_crm/test_hearth.py")
_HEAD = """\
# What each connector was seen to do

Made by `python -m tests.connectors.table`, which runs the test-kit (`connectors/conformance/`) on every connector of
ours and on the example of `docs/adding-a-connector.md`, each against a rigged CRM with state and faults.

- **pass**: seen to do it.
- *declared*: the connector says that its CRM cannot, and the worker goes another way; see [connectors](connectors.md).
- *rig*: the rigged CRM cannot play what this test needs.

That each of these tests can fail is proven by deliberately faulty connectors (`tests/connectors/test_kit_catches.py`).

"""

Results = dict[str, dict[str, str]]


class Observer:
    """Told by pytest: keeps the kit's tests only, and notes what became of each, by test and connector."""

    def __init__(self) -> None:
        self.results: Results = {}
        self._columns: dict[str, tuple[str, str]] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [one for one in items if getattr(one, "cls", None) and issubclass(one.cls, ConnectorConformance)]
        self._columns = {one.nodeid: (one.originalname, one.cls.__name__.removeprefix("Test")) for one in items}

    def pytest_runtest_logreport(self, report: Any) -> None:
        test, connector = self._columns[report.nodeid]
        row = self.results.setdefault(test, {})
        if report.failed:
            row[connector] = "**FAIL**"
        elif report.skipped:
            row[connector] = f"*{report.longrepr[2].removeprefix('Skipped: ')}*"
        elif report.when == "call":
            row.setdefault(connector, "pass")


def render(results: Results) -> str:
    """The whole page, as Markdown."""
    connectors = list(dict.fromkeys(one for row in results.values() for one in row))
    lines = [f"| | {' | '.join(connectors)} |", f"|---|{'---|' * len(connectors)}"]
    for test, row in sorted(results.items()):
        told = " | ".join(row.get(one, "not run") for one in connectors)
        lines.append(f"| {test.removeprefix('test_').replace('_', ' ')} | {told} |")
    return _HEAD + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Exit code of the tests."""
    observer = Observer()
    code = pytest.main(["-q", "-r", "f", *(str(ROOT / one) for one in _WHERE), *arguments], plugins=[observer])
    if observer.results:
        PAGE.write_text(render(observer.results))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
