"""The test-kit that every connector passes, ours and strangers'; needs pytest, so only tests import it.

Subclass ConnectorConformance in a test file, and give it two fixtures: ``crm``, a RiggedCrm (with what it has of
Abilities), and ``connector``, the connector that talks to it.
"""

from connectors.conformance.abilities import Abilities
from connectors.conformance.kit import ConnectorConformance
from connectors.conformance.rig import Fault, Kept, KeptFile, RiggedCrm
from connectors.conformance.samples import delivery, file_of

__all__ = ["Abilities", "ConnectorConformance", "Fault", "Kept", "KeptFile", "RiggedCrm", "delivery", "file_of"]
