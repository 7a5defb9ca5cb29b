"""The kit, on every connector of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.conformance import ConnectorConformance, Fault
from connectors.desk import Desk
from connectors.zendesk import Zendesk
from tests.connectors.rigs import RiggedDesk, RiggedZendesk


class TestDesk(ConnectorConformance):
    @pytest.fixture
    def crm(self, tmp_path: Path) -> Iterator[RiggedDesk]:
        rigged = RiggedDesk(str(tmp_path / "desk"))
        yield rigged
        rigged.close()

    @pytest.fixture
    def connector(self, tmp_path: Path) -> Iterator[Desk]:
        desk = Desk(path=str(tmp_path / "desk"))
        yield desk
        desk.close()


class TestZendesk(ConnectorConformance):
    @pytest.fixture
    def crm(self) -> Iterator[RiggedZendesk]:
        rigged = RiggedZendesk()
        yield rigged
        rigged.close()

    @pytest.fixture
    def connector(self, crm: RiggedZendesk) -> Iterator[Zendesk]:
        zendesk = Zendesk(**crm.fake.options)
        yield zendesk
        zendesk.close()


class TestZendeskByToken(TestZendesk):
    """The same with an API token, which can neither run out nor be renewed."""

    @pytest.fixture
    def crm(self) -> Iterator[RiggedZendesk]:
        rigged = RiggedZendesk()
        rigged.faults -= {Fault.EXPIRED, Fault.UNAUTHORIZED}
        yield rigged
        rigged.close()

    @pytest.fixture
    def connector(self, crm: RiggedZendesk) -> Iterator[Zendesk]:
        zendesk = Zendesk(url=crm.fake.url, email=crm.fake.email, token=crm.fake.token)
        yield zendesk
        zendesk.close()
