"""What the kit's themes share: how much to try, and a case to begin with."""

from __future__ import annotations

from typing import ClassVar

from connectors.conformance.abilities import declared
from connectors.conformance.rig import RiggedCrm
from connectors.conformance.samples import delivery
from connectors.contract import CaseRef, Connector


class Theme:
    """Base of the kit's classes."""

    #: the largest file that is sent, as far as the connector takes it, and what a process may grow by meanwhile
    largest_bytes: ClassVar[int] = 25 << 20
    memory_bytes: ClassVar[int] = 12 << 20

    def opened(self, crm: RiggedCrm, connector: Connector) -> CaseRef:
        """A new case, to be found already."""
        case = connector.create(delivery())
        crm.settle()
        return case

    def appendable(self, crm: RiggedCrm, connector: Connector) -> CaseRef:
        """A new case, where the connector can add to one."""
        declared(connector.capabilities.append, "does not add to a case")
        return self.opened(crm, connector)
