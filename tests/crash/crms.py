"""The CRM of a crash run: how the settings reach it, and what it holds. It lives in the test, not in the worker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.crash.outside import Entry
from tests.house.checker import desk_messages
from tests.house.weather_rigs import RIGS

_SECRETS = frozenset({"client_secret", "token", "password", "private_key", "refresh_token", "smtp_password"})


class Crm(Protocol):
    """One CRM."""

    name: str
    #: keys of [connectors.crm]
    section: dict[str, object]
    #: the variables those keys name
    env: dict[str, str]

    def entries(self) -> list[Entry]:
        """What it holds now."""

    def complaints(self) -> Sequence[str]:
        """What its strict reading of the vendor's API found wrong."""

    def close(self) -> None:
        """Stop what runs."""


class DeskCrm:
    """The local case desk."""

    name = "desk"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.section: dict[str, object] = {"type": "desk", "path": str(folder)}
        self.env: dict[str, str] = {}

    def entries(self) -> list[Entry]:
        return [
            Entry(one.case, one.text, tuple(path.name for path in one.files)) for one in desk_messages(self._folder)
        ]

    def complaints(self) -> Sequence[str]:
        return ()

    def close(self) -> None:
        """Nothing runs."""


class FakeCrm:
    """One of the vendors' fakes, through the eyes of the kit's rig."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._rig = next(rig for rig in RIGS if rig.name == name)
        self.rigged: Any = self._rig.rigged(folder)
        options: dict[str, Any] = self.rigged.fake.options
        self.env = {f"CRASH_{key.upper()}": str(value) for key, value in options.items() if key in _SECRETS}
        plain = {key: value for key, value in options.items() if key not in _SECRETS}
        named = {f"{key}_env": f"CRASH_{key.upper()}" for key in options if key in _SECRETS}
        self.section = {"type": name.partition("-")[0], **plain, **named}

    def entries(self) -> list[Entry]:
        return [
            Entry(case.id, message.text, tuple(file.sha256 for file in message.files))
            for case in self._rig.cases(self.rigged)
            for message in self.rigged.messages(case)
        ]

    def complaints(self) -> Sequence[str]:
        return self._rig.violations(self.rigged)

    def close(self) -> None:
        self.rigged.close()


def crm_of(name: str, folder: Path) -> Crm:
    """A fresh CRM of that kind."""
    return DeskCrm(folder / "desk") if name == "desk" else FakeCrm(name, folder)
