"""The decision: the case that the clues lead to, and whether the author may write into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connectors.contract import CaseRef, Connector, ConnectorError
from worker.authority import Author, Trust, author_of
from worker.conversations.clues import Clue, Strength, clues_of, hints_of, ids_of
from worker.ledger import Ledger
from worker.message import InboundMessage

#: A reply waits this long for the message it answers to become a case; then it goes on by itself.
PARENT_PATIENCE_S = 15 * 60.0
#: A mark of ours is worth nothing by itself once it is older: by then it has been quoted, forwarded and archived.
TOKEN_LIFE = timedelta(days=180)


@dataclass(frozen=True)
class Continuation:
    """Where a message belongs. No case and nothing to wait for: it opens a new one."""

    case: CaseRef | None = None
    #: the case a new one is linked to, since the author may not write into it
    follows: CaseRef | None = None
    public: bool = True
    #: not "" when the message it answers is on its way and has no case yet
    wait_for: str = ""
    #: the CRM could not be asked
    error: ConnectorError | None = None
    why: str = "starts a conversation"
    #: whom the message names comes to take part in its case: not when the author may be another than From says
    admits: bool = True
    #: what spoke for a case, the deciding one first, and hints that were not followed
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Found:
    """A case that a clue leads to, and what the author is to it."""

    case: CaseRef
    clue: Clue
    #: None: it cannot be known
    takes_part: bool | None
    expired: bool = False

    @property
    def signed(self) -> bool:
        """By a mark of ours that is still good."""
        return self.clue.strength is Strength.SIGNED and not self.expired

    def __str__(self) -> str:
        old = " (expired)" if self.expired else ""
        return f"{self.clue.where}{old}: case {self.case.number}"


def correlate(
    message: InboundMessage, name: str, connector: Connector, ledger: Ledger, trust: Trust | None = None
) -> Continuation:
    """Find the case by what the message carries, never by the subject alone; and who may write into it (I20).

    The ledger is asked first, then the CRM, which may remember what a lost ledger forgot or what an agent sent.
    """
    trust = trust or Trust()
    author, clues = author_of(message, trust), clues_of(message, trust.tokens)
    found = list(_known(clues, author, name, ledger))
    if found:
        decided = _decided(found, author, connector, trust)
    elif clues and ledger.parents_unfinished(name, [one.value for one in clues], PARENT_PATIENCE_S):
        decided = Continuation(wait_for="the message it answers", why="answers a message that has no case yet")
    else:
        decided = _ask(ids_of(message), author, connector, trust)
    told = (*decided.evidence, *(f"{hint.where}: {hint.value} (hint)" for hint in hints_of(message)))
    return replace(decided, evidence=told, admits=decided.admits and not author.refuted)


def _known(clues: Sequence[Clue], author: Author, name: str, ledger: Ledger) -> Iterator[_Found]:
    """What the ledger knows of, in the order of the clues; of one Message-ID the first case that had it (H54)."""
    by_hash = {ledger.hash_of(clue.value): clue for clue in reversed(clues)}
    takes_part: dict[str, bool] = {}
    now = datetime.now(UTC)
    for one in ledger.conversation(name, [clue.value for clue in clues]):
        clue = by_hash[one.message_id_hash]
        expired = clue.strength is Strength.SIGNED and now - one.linked_at > TOKEN_LIFE
        if one.case.id not in takes_part:
            takes_part[one.case.id] = ledger.is_participant(name, one.case.id, author.address)
        yield _Found(one.case, clue, takes_part[one.case.id], expired)


def _ask(ids: Sequence[str], author: Author, connector: Connector, trust: Trust) -> Continuation:
    if not ids:
        return Continuation()
    if not connector.capabilities.correlates:
        return Continuation(why="answers a message we do not know")
    try:
        case = connector.correlate(tuple(reversed(ids)))
        if case is None:
            return Continuation(why="answers a message nobody knows")
        takes_part = connector.takes_part(case, author.address) if author.address else False
    except ConnectorError as error:
        return Continuation(error=error, why=f"the CRM could not be asked: {error}")
    clue = Clue("the CRM knows the message it answers", "", Strength.NAMED)
    return _decided([_Found(case, clue, takes_part)], author, connector, trust)


def _decided(found: Sequence[_Found], author: Author, connector: Connector, trust: Trust) -> Continuation:
    """The first case the author may write into, or else the first, which he then only brings a message to."""
    chosen = next((one for one in found if not _objection(one, author, trust)), found[0])
    objection = _objection(chosen, author, trust)
    evidence = tuple(dict.fromkeys(map(str, (chosen, *found))))
    why = f"answers a message of case {chosen.case.number} ({chosen.clue.where})"
    others = len({one.case.id for one in found}) - 1
    if others:
        why += f"; {others} further case{'s' if others > 1 else ''} spoke against it"
    if not objection:
        return Continuation(case=chosen.case, why=why, evidence=evidence, admits=author.believed or chosen.signed)
    why = f"{why}, but {objection}"
    if connector.capabilities.internal_notes:
        return Continuation(case=chosen.case, public=False, why=why, evidence=evidence, admits=False)
    return Continuation(follows=chosen.case, why=why, evidence=evidence)


def _objection(found: _Found, author: Author, trust: Trust) -> str:
    """Why the author may not write into the case, or "" (reliability-security section 4.3)."""
    if author.refuted:
        return f"its author is not believed: {author.why}"
    if found.takes_part is None:
        return "whether its author takes part in it cannot be known"
    if not found.takes_part:
        return "its author takes no part in it"
    if found.signed or author.believed:
        return ""
    if found.expired:
        return "its mark has expired"
    return "" if trust.lenient else f"its author is not authenticated: {author.why}"
