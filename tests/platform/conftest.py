"""Scenes for the platform's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.crash.nursery import Nursery, nursery
from tests.crash.scene import Scene, old_ledger

__all__ = ["nursery"]

Stage = Callable[..., Scene]


@pytest.fixture
def stage(tmp_path: Path, nursery: Nursery) -> Iterator[Stage]:
    """Builds the scene of a test."""
    with ExitStack() as stack:
        yield lambda **more: Scene(tmp_path, nursery, **{"ledger": old_ledger(tmp_path), "stack": stack, **more})
