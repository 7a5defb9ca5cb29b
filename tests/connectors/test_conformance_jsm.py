"""The kit, on Jira Service Management: as an administrator, and where nearly everything is forbidden or lacking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from connectors.conformance import ConnectorConformance
from connectors.jira import Jira
from tests.connectors.rigs_jsm import RiggedDesk


class TestJiraServiceManagement(ConnectorConformance):
    """Labels after the request, files with it, requests on behalf of the sender."""

    more: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def crm(self) -> Iterator[RiggedDesk]:
        rigged = RiggedDesk()
        yield rigged
        rigged.close()

    @pytest.fixture
    def connector(self, crm: RiggedDesk) -> Iterator[Jira]:
        jira = Jira(**crm.fake.desk_options, **self.more)
        yield jira
        jira.close()

    @pytest.fixture
    def fresh_connector(self, crm: RiggedDesk) -> Callable[[], Jira]:
        return lambda: Jira(**crm.fake.desk_options, **self.more)


class TestJiraServiceManagementRestricted(TestJiraServiceManagement):
    """Customers cannot be created, found or admitted, and the request type has no field for files."""

    @pytest.fixture
    def crm(self) -> Iterator[RiggedDesk]:
        rigged = RiggedDesk()
        rigged.fake.meta.rights -= {"ADMINISTER", "ADMINISTER_PROJECTS", "USER_PICKER"}
        del rigged.fake.service.form["attachment"]
        yield rigged
        rigged.close()


class TestJiraServiceManagementByField(TestJiraServiceManagement):
    """The key in a field of the request type, written with the request."""

    more: ClassVar[dict[str, Any]] = {"key_field": "Mail key"}
