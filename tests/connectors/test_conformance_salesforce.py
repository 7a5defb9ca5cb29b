"""The kit, on Salesforce: by secret, by assertion, with faults that outlast every repetition, without EmailMessage."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connectors.conformance import ConnectorConformance, Fault
from connectors.salesforce import Salesforce
from tests.connectors.keys_salesforce import PRIVATE_KEY, PUBLIC_KEY
from tests.connectors.rigs_salesforce import RiggedSalesforce

pytestmark = pytest.mark.usefixtures("at_once")


class TestSalesforce(ConnectorConformance):
    @pytest.fixture
    def crm(self) -> Iterator[RiggedSalesforce]:
        rigged = RiggedSalesforce()
        yield rigged
        rigged.close()

    @pytest.fixture
    def connector(self, crm: RiggedSalesforce) -> Iterator[Salesforce]:
        salesforce = Salesforce(**crm.fake.options)
        yield salesforce
        salesforce.close()

    @pytest.fixture
    def fresh_connector(self, crm: RiggedSalesforce) -> Callable[[], Salesforce]:
        return lambda: Salesforce(**crm.fake.options)


class TestSalesforceStubbornFaults(TestSalesforce):
    """A keyed composite is sent up to three times by itself; here the fault meets every one of them."""

    @pytest.fixture
    def crm(self) -> Iterator[RiggedSalesforce]:
        rigged = RiggedSalesforce(times=3)
        yield rigged
        rigged.close()


class TestSalesforceByAssertion(TestSalesforce):
    """JWT bearer; there is no secret that somebody could change."""

    @pytest.fixture
    def crm(self) -> Iterator[RiggedSalesforce]:
        rigged = RiggedSalesforce()
        rigged.faults -= {Fault.UNAUTHORIZED}
        rigged.fake.door.public_key = PUBLIC_KEY
        yield rigged
        rigged.close()

    @pytest.fixture
    def connector(self, crm: RiggedSalesforce) -> Iterator[Salesforce]:
        door = crm.fake.door
        salesforce = Salesforce(url=crm.fake.url, client_id=door.client_id, user=door.user, private_key=PRIVATE_KEY)
        yield salesforce
        salesforce.close()
