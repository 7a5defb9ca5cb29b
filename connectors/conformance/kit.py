"""The kit in one class: tests chosen by what a connector declares, never by its name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.conformance.appending import Appending
from connectors.conformance.asking import Asking
from connectors.conformance.changing import Changing
from connectors.conformance.content import Content
from connectors.conformance.creating import Creating
from connectors.conformance.failing import Failing
from connectors.conformance.files import Files
from connectors.conformance.reading_back import ReadingBack
from connectors.contract import Connector


class ConnectorConformance(Asking, Creating, Appending, Changing, ReadingBack, Content, Files, Failing):
    """Inherit, and define the fixtures ``crm`` (a RiggedCrm, fresh for each test) and ``connector``.

    Define ``fresh_connector`` as well if the connector keeps anything that another process would not have.
    """

    @pytest.fixture
    def fresh_connector(self, connector: Connector) -> Callable[[], Connector]:
        """Makes what another process would have: a connector with the same settings and an empty memory."""
        return lambda: connector
