"""The table of what each connector was seen to do: complete, and nothing passed over in silence."""

from __future__ import annotations

from connectors.conformance import ConnectorConformance
from tests.connectors.table import PAGE, Observer, render


class _Report:
    """One of pytest's."""

    def __init__(self, nodeid: str, outcome: str, when: str = "call", reason: str = "") -> None:
        self.nodeid, self.when = nodeid, when
        self.failed, self.skipped = outcome == "failed", outcome == "skipped"
        self.longrepr = ("file", 1, f"Skipped: {reason}")


def _observed(*reports: _Report) -> Observer:
    observer = Observer()
    observer._columns = {one.nodeid: ("test_" + one.nodeid, "Acme") for one in reports}
    for one in reports:
        observer.pytest_runtest_logreport(one)
    return observer


def test_each_end_is_shown_as_what_it_was() -> None:
    page = render(
        _observed(
            _Report("it_works", "passed"),
            _Report("it_cannot", "skipped", reason="declared: plain text only"),
            _Report("it_breaks", "failed"),
            _Report("it_breaks_late", "passed"),
            _Report("it_breaks_late", "failed", "teardown"),
        ).results
    )
    assert "| | Acme |" in page
    assert "| it works | pass |" in page
    assert "| it cannot | *declared: plain text only* |" in page
    assert page.count("**FAIL**") == 2


def test_a_connector_that_did_not_run_a_test_is_not_said_to_pass() -> None:
    assert "| b | not run | pass |" in render({"test_a": {"One": "pass"}, "test_b": {"Two": "pass"}})


def test_the_page_has_every_test_of_the_kit_and_no_failure() -> None:
    """Made anew whenever the kit has changed: run python -m tests.connectors.table."""
    page = PAGE.read_text()
    rows = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")} - {""}
    kit = {name.removeprefix("test_").replace("_", " ") for name in dir(ConnectorConformance) if name[:5] == "test_"}
    assert rows == kit
    assert "**FAIL**" not in page
