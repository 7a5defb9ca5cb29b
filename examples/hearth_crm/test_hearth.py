"""The test-kit of mail-to-case, on Hearth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from mail_to_case_hearth import Hearth
from rig_hearth import RigHearth

from connectors.conformance import ConnectorConformance


class TestHearth(ConnectorConformance):
    @pytest.fixture
    def crm(self) -> Iterator[RigHearth]:
        rig = RigHearth()
        yield rig
        rig.close()

    @pytest.fixture
    def fresh_connector(self, crm: RigHearth) -> Callable[[], Hearth]:
        return lambda: Hearth(url=crm.fake.url, client=crm.fake.client, secret=crm.fake.secret)

    @pytest.fixture
    def connector(self, fresh_connector: Callable[[], Hearth]) -> Iterator[Hearth]:
        hearth = fresh_connector()
        yield hearth
        hearth.close()
