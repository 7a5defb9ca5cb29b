"""What a rigged CRM may be able to do beside what RiggedCrm asks; without one of these a test cannot be run."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connectors.conformance.rig import Fault, RiggedCrm
from connectors.contract import CaseRef

#: seconds that a rig's "come back later" says, unless it has a ``wait_s`` of its own
WAIT_S = 7.0


class Abilities:
    """Inherit for the defaults, and override what your CRM can do; or have methods of these names without inheriting.

    A default means: this rig cannot.
    """

    #: seconds that UNAVAILABLE and the two THROTTLED say; small, since the kit obeys a connector that waits
    wait_s: float = WAIT_S
    #: fields that an update may set, by the connector's names, with values that differ from a new case's
    change: Mapping[str, str] = {}

    def fail_nth(self, number: int, fault: Fault) -> None:
        """Play it at the ``number``-th request from now, counted from 1, among those that are no mere reading."""
        raise NotImplementedError

    def fired(self) -> bool:
        """Whether the fault asked for last was played."""
        raise NotImplementedError

    def field(self, case: CaseRef, name: str) -> str:
        """A field of ``change`` as it stands, in the words of ``change``."""
        raise NotImplementedError

    def answer(self, case: CaseRef) -> None:
        """What an agent does: write to the customer."""
        raise NotImplementedError

    def count_cases(self) -> int:
        """How many cases there are, those without a message included."""
        raise NotImplementedError

    def logins(self) -> int:
        """How many tokens were asked for so far."""
        raise NotImplementedError

    def redirect_next(self, url: str) -> None:
        """Answer the next request that would write with a redirect to that address."""
        raise NotImplementedError


def can(crm: RiggedCrm, name: str) -> bool:
    """Whether the rig has the ability, or something to say in that attribute."""
    own = getattr(crm, name, None)
    if callable(own):
        return getattr(type(crm), name, None) is not getattr(Abilities, name)
    return bool(own)


def ability(crm: RiggedCrm, name: str, why: str) -> Abilities:
    """The rig, seen as one that has this ability. Skips the test, saying what the rig ``cannot``, otherwise."""
    if not can(crm, name):
        pytest.skip(f"rig: {why}")
    return crm  # type: ignore[return-value]


def wait_s(crm: RiggedCrm) -> float:
    """Seconds that the rig's faults ask for."""
    return float(getattr(crm, "wait_s", WAIT_S))


def declared(able: object, what: str) -> None:
    """Skips the test of what the connector does not declare; the table shows the reason."""
    if not able:
        pytest.skip(f"declared: {what}")
