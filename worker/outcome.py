"""The four ends of a message, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from connectors.contract import CaseRef


@dataclass(frozen=True)
class Delivered:
    """The case holds the message; proven by the CRM's answer or by find()."""

    case: CaseRef
    why: str = ""
    #: the CRM had it already, though no attempt of this ledger's is known: a worker with another one made the case
    by_another: bool = False


@dataclass(frozen=True)
class Deferred:
    """Not yet: the message stays where it is and is looked at again ``after_s`` seconds from now."""

    after_s: float
    why: str


@dataclass(frozen=True)
class Held:
    """A person must decide: the message stays where it is, flagged."""

    why: str


@dataclass(frozen=True)
class Discarded:
    """By a rule or a person's word no case is wanted; the message leaves the folder like a delivered one."""

    why: str


Outcome: TypeAlias = Delivered | Deferred | Held | Discarded


def is_final(outcome: Outcome) -> bool:
    """Whether the message may leave its folder."""
    return isinstance(outcome, Delivered | Discarded)


#: Nothing of it was begun: it is as good as new.
NOT_BEGUN = Deferred(0.0, "the poll ended before its turn came")
