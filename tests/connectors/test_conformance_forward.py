"""The kit, on the forward connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connectors.conformance import ConnectorConformance
from tests.connectors.rigs_forward import ForwardOfAnything, RiggedAddress


class TestForward(ConnectorConformance):
    @pytest.fixture
    def crm(self) -> Iterator[RiggedAddress]:
        rigged = RiggedAddress()
        yield rigged
        rigged.close()

    @pytest.fixture
    def connector(self, crm: RiggedAddress) -> ForwardOfAnything:
        return ForwardOfAnything(**crm.options)

    @pytest.fixture
    def fresh_connector(self, crm: RiggedAddress) -> Callable[[], ForwardOfAnything]:
        return lambda: ForwardOfAnything(**crm.options)
