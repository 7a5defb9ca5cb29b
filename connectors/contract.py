"""What a CRM must promise: the one file that a new connector has to read (its nouns and errors lie beside it).

Terminology
case        the record in the CRM (ticket, issue …); delivery: one message on its way to one CRM.
key         a delivery's unchanging identity: 40 hex digits, given by the worker, never made here.
append      add a further message to an existing case.

The promise
1. ``create`` and ``append`` store ``delivery.key`` in the same call that makes the record.
2. ``find`` sees the key, on a case or on a message within one, at most ``visible_after_s`` later.
3. A second ``create`` or ``append`` with the same key refuses or returns the first record, and overwrites nothing.
4. Whatever is raised is one of the errors below; they say what happened, so the worker need not guess.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from connectors.errors import AuthFailed, CaseGone, ConnectorError, InDoubt, Rejected, Retryable, Throttled, Unusable
from connectors.nouns import Attachment, CaseRef, CaseState, Change, Delivery, Person

__all__ = [
    "Attachment",
    "AuthFailed",
    "Capabilities",
    "CaseGone",
    "CaseRef",
    "CaseState",
    "Change",
    "Connector",
    "ConnectorError",
    "Dedupe",
    "Delivery",
    "Finding",
    "InDoubt",
    "Person",
    "Rejected",
    "Request",
    "Retryable",
    "Severity",
    "Throttled",
    "Unusable",
]


class Dedupe(Enum):
    """How a connector keeps a message from becoming two cases."""

    NATIVE = "the CRM refuses a second record with the same key"
    SEARCH = "find() shows the key after visible_after_s seconds"
    NONE = "the CRM cannot be asked"


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one connector can do: read by the worker to choose a path, and by the test-kit to choose tests."""

    dedupe: Dedupe
    append: bool = True
    #: ``correlate`` can find a case by the Message-IDs stored with its messages.
    correlates: bool = False
    html: bool = False
    #: a message can be added for agents' eyes only
    internal_notes: bool = False
    #: ``update`` works
    updates: bool = False
    #: ``read_back`` works; ``answers`` too: it tells when agents answered
    reads_back: bool = False
    answers: bool = False
    #: characters of ``Delivery.text`` that one message may hold
    max_text_chars: int = 32_000
    #: bytes of one attachment; 0: attachments are named in the text but not sent
    max_attachment_bytes: int = 0
    #: seconds from create() until find() is sure to see it
    visible_after_s: float = 0.0


class Severity(Enum):
    """How bad a finding of ``check`` is."""

    OK = "ok"
    WARNING = "warning"
    STOPS_MAIL = "stops mail"


@dataclass(frozen=True)
class Finding:
    """One fact that ``check`` found, with its cure when something is wrong."""

    severity: Severity
    fact: str
    cure: str = ""


@dataclass(frozen=True)
class Request:
    """A request that a connector would send: shown by ``explain``, never sent by it. Secrets are left out."""

    method: str
    target: str
    body: str = ""


class Connector(ABC):
    """One CRM. The constructor's keyword names are its settings keys; ``name_env`` keys arrive as ``name``.

    Every method may be called from several threads at once.
    """

    #: of the class, or of one instance whose settings make it another kind of CRM
    capabilities: Capabilities

    @classmethod
    def misfits(cls, options: Mapping[str, object]) -> Sequence[tuple[str, str]]:
        """Contradictions among the constructor's keywords: (key, what is wrong and the cure) each."""
        return ()

    @property
    def target(self) -> str:
        """What, beside the instance's name, decides where a case lands (for example a project); part of the key."""
        return ""

    @abstractmethod
    def check(self) -> Sequence[Finding]:
        """Prove address, credentials, objects and fields; writes nothing. Raises nothing but ConnectorError."""

    @abstractmethod
    def find(self, delivery: Delivery) -> CaseRef | None:
        """The case that holds ``delivery.key`` (on the case or on one of its messages), or None.

        ``delivery.case``, when set, is where an append was about to go.
        """

    @abstractmethod
    def create(self, delivery: Delivery) -> CaseRef:
        """Open a case with the message in it, stamped with the key."""

    def append(self, delivery: Delivery) -> CaseRef:
        """Add the message to ``delivery.case``, stamped with the key; the vendor's rule for closed cases applies.

        Returns the case it is in, maybe a follow-up of ``delivery.case``. Raises CaseGone when that can take none.
        """
        raise CaseGone("this CRM cannot add to a case")

    def correlate(self, message_ids: Sequence[str]) -> CaseRef | None:
        """The case that holds a message with one of these Message-IDs (the last one wins), or None."""
        return None

    def takes_part(self, case: CaseRef, address: str) -> bool | None:
        """Whether that address is of someone who writes to and gets mail about the case; None: this CRM cannot tell.

        Asked after ``correlate``, when no ledger knows it. Nobody who is not sure to take part may be let in.
        """
        return None

    def update(self, case: CaseRef, change: Change) -> None:
        """Set the change's fields on the case and add its note, which the same key never adds twice.

        An assignment rule of the CRM must not run because of it. Raises CaseGone, or Rejected for a field that
        the case has not or a name (owner, queue) that nobody bears.
        """
        raise Rejected("this CRM's cases cannot be changed from here")

    def read_back(self, since: datetime) -> Iterator[CaseState]:
        """The cases made with a key of ours that changed at or after ``since``, each once, in no certain order."""
        return iter(())

    def prepare(self) -> Sequence[Finding]:
        """Make what ``check`` found lacking and may be made by us (a unique property …); safe to repeat."""
        return ()

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        """The requests that delivering this would send, without sending any."""
        return ()

    def close(self) -> None:  # noqa: B027
        """Let go of connections; may be called twice."""
