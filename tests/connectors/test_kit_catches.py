"""The kit is tested too: each deliberately faulty connector fails exactly the tests of the promise it breaks."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from connectors.conformance import ConnectorConformance
from connectors.contract import Connector, ConnectorError
from connectors.desk import Desk
from connectors.zendesk import Zendesk
from tests.connectors import faulty, faulty_changes, faulty_content, faulty_web
from tests.connectors.hearth import Hearth, RigHearth
from tests.connectors.rigs import RiggedDesk
from tests.connectors.rigs_zendesk import RiggedZendesk

FAULTY = faulty.FAULTY | faulty_content.FAULTY | faulty_changes.FAULTY | faulty_web.FAULTY


class Kit(ConnectorConformance):
    """With files that are large enough to be noticed."""

    largest_bytes = 6 << 20
    memory_bytes = 3 << 20


TESTS = sorted(name for name, _ in inspect.getmembers(Kit, inspect.isfunction) if name.startswith("test_"))


def _rigged(faulty: type[Connector], folder: Path) -> tuple[Any, type[Connector], dict[str, Any]]:
    """The rig that it talks to, the sound connector that it derives from, and its options."""
    if issubclass(faulty, Desk):
        return RiggedDesk(str(folder / "desk")), Desk, {"path": str(folder / "desk")}
    if issubclass(faulty, Hearth):
        rig = RigHearth()
        return rig, Hearth, {"url": rig.fake.url, "client": rig.fake.client, "secret": rig.fake.secret}
    crm = RiggedZendesk()
    return crm, Zendesk, crm.fake.options


def _fails(name: str, faulty: type[Connector], folder: Path, caplog: pytest.LogCaptureFixture) -> bool:
    folder.mkdir()
    crm, sound, options = _rigged(faulty, folder)
    made: list[Connector] = []

    def fresh() -> Connector:
        made.append(faulty(**options))
        return made[-1]

    given = {"crm": crm, "connector": fresh(), "fresh_connector": fresh, "tmp_path": folder, "caplog": caplog}
    test = getattr(Kit(), name)
    try:
        test(**{one: given[one] for one in inspect.signature(test).parameters})
    except (AssertionError, ConnectorError, ValueError, pytest.fail.Exception):
        return True
    except pytest.skip.Exception:
        return False
    finally:
        # Closed as the sound connector that it derives from, since one of them fails in just that.
        for connector in made:
            sound.close(connector)
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
    assert {name for name in TESTS if _fails(name, faulty, tmp_path / name, caplog)} == caught


def test_every_test_of_the_kit_can_fail() -> None:
    """None without a connector that it catches."""
    assert sorted(set().union(*FAULTY.values())) == TESTS
