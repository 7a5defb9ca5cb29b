"""The kit, on Jira: a service account, an account's token, and Data Center."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connectors.conformance import ConnectorConformance, Fault
from connectors.jira import Jira
from tests.connectors.rigs_jira import RiggedJira


class TestJira(ConnectorConformance):
    @pytest.fixture
    def crm(self) -> Iterator[RiggedJira]:
        rigged = RiggedJira()
        yield rigged
        rigged.close()

    @pytest.fixture
    def connector(self, crm: RiggedJira) -> Iterator[Jira]:
        jira = Jira(**crm.fake.options)
        yield jira
        jira.close()

    @pytest.fixture
    def fresh_connector(self, crm: RiggedJira) -> Callable[[], Jira]:
        return lambda: Jira(**crm.fake.options)


class TestJiraByToken(TestJira):
    """An account's token at the site, which cannot be renewed."""

    @pytest.fixture
    def crm(self) -> Iterator[RiggedJira]:
        rigged = RiggedJira()
        rigged.faults -= {Fault.EXPIRED}
        yield rigged
        rigged.close()

    @pytest.fixture
    def connector(self, crm: RiggedJira) -> Iterator[Jira]:
        jira = Jira(**crm.fake.token_options)
        yield jira
        jira.close()

    @pytest.fixture
    def fresh_connector(self, crm: RiggedJira) -> Callable[[], Jira]:
        return lambda: Jira(**crm.fake.token_options)


class TestJiraDataCenter(TestJira):
    """REST version 2, wiki text, a personal token."""

    @pytest.fixture
    def crm(self) -> Iterator[RiggedJira]:
        rigged = RiggedJira(data_center=True)
        rigged.faults -= {Fault.EXPIRED}
        yield rigged
        rigged.close()
