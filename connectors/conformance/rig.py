"""What the kit asks of a rigged CRM: show what you hold, play the agent, fail on demand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from connectors.contract import CaseRef


class Fault(Enum):
    """What becomes of the next request that would write a case or a message."""

    RESET_BEFORE = "the connection is reset before anything is done"
    RESET_AFTER = "it is done, and the connection is reset instead of an answer"
    CUT = "it is done, and the answer ends within its header"
    TRUNCATED = "it is done, and the answer's body ends early"
    MALFORMED = "it is done, and the answer is no JSON though it says so"
    HTML = "it is not done; a page of HTML comes with status 200"
    SERVER_ERROR = "it is not done; 500"
    SERVER_ERROR_AFTER = "it is done; 502"
    UNAVAILABLE = "it is not done; 503 with Retry-After: WAIT (see RiggedCrm)"
    THROTTLED_SECONDS = "it is not done; come back in WAIT seconds"
    THROTTLED_DATE = "it is not done; come back at a date, WAIT seconds after the answer's own"
    CONFLICT = "it is not done; somebody else writes to the same record"
    INVALID = "it is not done; a field has a value that the CRM does not take"
    TOO_LARGE = "it is not done; 413"
    FORBIDDEN = "it is not done; the user may not"
    REDIRECT = "it is not done; go to another host"
    EXPIRED = "the token ran out a moment ago; a new one is to be had"
    REFUSED = "until settle(), nobody listens"
    UNAUTHORIZED = "until settle(), our credentials are no longer good"


@dataclass(frozen=True)
class KeptFile:
    """A file as the CRM holds it."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Kept:
    """A message as the CRM holds it; ``text`` is its text or, where there is no other, its HTML."""

    text: str
    public: bool
    files: tuple[KeptFile, ...] = ()
    #: beside ``text``, where the CRM keeps both
    html: str = ""


class RiggedCrm(Protocol):
    """A fake, or the real thing with a scapegoat in front of it. WAIT is 7 seconds, or the rig's own ``wait_s``.

    What more the kit would like to see a rig do is in Abilities; a test that lacks one is shown as skipped.
    """

    @property
    def faults(self) -> frozenset[Fault]:
        """Those it can play."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""

    def keys(self) -> list[str]:
        """The key of every message of every case; one that is there twice is listed twice."""

    def messages(self, case: CaseRef) -> list[Kept]:
        """What the case holds, oldest first."""

    def status(self, case: CaseRef) -> str:
        """The CRM's own word."""

    def edit(self, case: CaseRef) -> None:
        """What an agent does: change the subject."""

    def subject(self, case: CaseRef) -> str:
        """As it stands now."""

    def close_case(self, case: CaseRef) -> None:
        """As far as the CRM can close it."""

    def delete_case(self, case: CaseRef) -> None:
        """As an agent does."""

    def writes(self) -> int:
        """How many requests so far could have changed a case or a message."""

    def fail_next(self, fault: Fault) -> None:
        """Play it, once."""

    def settle(self) -> None:
        """Let every lag run out and every fault end."""
