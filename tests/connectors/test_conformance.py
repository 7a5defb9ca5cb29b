"""The kit, on every connector of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.conformance import ConnectorConformance, Fault
from connectors.desk import Desk
from connectors.zendesk import Zendesk
from tests.connectors.rigs import RiggedDesk
from tests.connectors.rigs_zendesk import RiggedZendesk


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

    @pytest.fixture
    def fresh_connector(self, tmp_path: Path) -> Callable[[], Desk]:
        return lambda: Desk(path=str(tmp_path / "desk"))


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

    @pytest.fixture
    def fresh_connector(self, crm: RiggedZendesk) -> Callable[[], Zendesk]:
        return lambda: Zendesk(**crm.fake.options)


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

    @pytest.fixture
    def fresh_connector(self, crm: RiggedZendesk) -> Callable[[], Zendesk]:
        return lambda: Zendesk(url=crm.fake.url, email=crm.fake.email, token=crm.fake.token)
