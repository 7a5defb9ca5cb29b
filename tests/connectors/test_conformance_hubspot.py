"""The kit on HubSpot: by OAuth and by token, with faults at the ticket and at the message."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import tenacity

from connectors.conformance import ConnectorConformance, Fault
from connectors.hubspot import HubSpot
from tests.connectors.rigs_hubspot import RiggedHubSpot


class TestHubSpot(ConnectorConformance):
    @pytest.fixture
    def crm(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[RiggedHubSpot]:
        monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
        rigged = RiggedHubSpot()
        yield rigged
        rigged.close()
        assert rigged.fake.violations == self.expected_violations(rigged)

    def expected_violations(self, rigged: RiggedHubSpot) -> list[str]:
        """The kit itself asks for a field that no case has."""
        return [one for one in rigged.fake.violations if "no_such_field_anywhere" in one]

    @pytest.fixture
    def connector(self, crm: RiggedHubSpot) -> Iterator[HubSpot]:
        hubspot = HubSpot(**crm.fake.oauth_options)
        yield hubspot
        hubspot.close()

    @pytest.fixture
    def fresh_connector(self, crm: RiggedHubSpot) -> Callable[[], HubSpot]:
        return lambda: HubSpot(**crm.fake.oauth_options)


class TestHubSpotMessages(TestHubSpot):
    """The faults strike the e-mail, when its ticket is there already; doubles are answered with 400."""

    @pytest.fixture
    def crm(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[RiggedHubSpot]:
        monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
        rigged = RiggedHubSpot(("emails", "notes"))
        rigged.fake.portal.double_status = 400
        yield rigged
        rigged.close()
        assert rigged.fake.violations == self.expected_violations(rigged)


class TestHubSpotByToken(TestHubSpot):
    """The same with a service key, which can neither run out nor be renewed."""

    @pytest.fixture
    def crm(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[RiggedHubSpot]:
        monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
        rigged = RiggedHubSpot()
        rigged.faults -= {Fault.EXPIRED, Fault.UNAUTHORIZED}
        rigged.fake.bulk.lag_s = 0.0
        yield rigged
        rigged.close()

    @pytest.fixture
    def connector(self, crm: RiggedHubSpot) -> Iterator[HubSpot]:
        hubspot = HubSpot(**crm.fake.options, pipeline="Support Pipeline", stage="New", owner="Ada Agent")
        yield hubspot
        hubspot.close()

    @pytest.fixture
    def fresh_connector(self, crm: RiggedHubSpot) -> Callable[[], HubSpot]:
        return lambda: HubSpot(**crm.fake.options, pipeline="0", stage="1", owner="501")
