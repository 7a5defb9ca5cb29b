"""The kit is tested too: each deliberately faulty connector fails exactly the tests of the promise it breaks."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from connectors.conformance import ConnectorConformance
from connectors.contract import Connector, ConnectorError
from connectors.desk import Desk
from tests.connectors.faulty import FAULTY
from tests.connectors.rigs import RiggedDesk, RiggedZendesk


def _failures(faulty: type[Connector], folder: Path, caplog: pytest.LogCaptureFixture) -> set[str]:
    kit = ConnectorConformance()
    names = [name for name, _ in inspect.getmembers(kit, inspect.ismethod) if name.startswith("test_")]
    return {name for name in names if _fails(getattr(kit, name), faulty, folder / name, caplog)}


def _fails(test: Any, faulty: type[Connector], folder: Path, caplog: pytest.LogCaptureFixture) -> bool:
    folder.mkdir()
    path = str(folder / "desk")
    crm: Any = RiggedDesk(path) if issubclass(faulty, Desk) else RiggedZendesk()
    connector: Any = faulty(path=path) if issubclass(faulty, Desk) else faulty(**crm.fake.options)
    given = {"crm": crm, "connector": connector, "tmp_path": folder, "caplog": caplog}
    try:
        test(**{name: given[name] for name in inspect.signature(test).parameters})
    except (AssertionError, ConnectorError, ValueError, pytest.fail.Exception):
        return True
    finally:
        # Closed as the sound connector that it derives from, since one of them fails in just that.
        faulty.__mro__[1].close(connector)  # type: ignore[attr-defined]
        crm.close()
        caplog.clear()
    return False


@pytest.mark.parametrize(("faulty", "caught"), FAULTY.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_a_faulty_connector_fails_exactly_its_tests(
    faulty: type[Connector],
    caught: set[str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    at_once: None,
) -> None:
    assert _failures(faulty, tmp_path, caplog) == caught
