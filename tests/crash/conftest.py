"""Fixtures of the crash tests."""

from tests.crash.driver import driver
from tests.crash.nursery import nursery

__all__ = ["driver", "nursery"]
