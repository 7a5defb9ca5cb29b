"""Marking mail whose case is proven: our keyword first, then the operator's mark, then looking whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from worker.mailbox.answers import batches, uid_set, words
from worker.mailbox.errors import Declined, Refused
from worker.mailbox.profile import Processed, Profile, holds
from worker.mailbox.session import Session

#: messages per command: about 2 kB of UIDs at worst
BATCH = 200
#: set beside \\Flagged on what waits for a person, so that a flag that a person set is not taken away later
HELD = "$MailToCaseHeld"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Acknowledged:
    """UIDs proven to be marked (read back, or gone from the folder), and what went wrong with the rest."""

    marked: frozenset[int]
    problem: str = ""


class Marker:
    """Marks messages in the selected folder of one session."""

    def __init__(self, session: Session, folder: str, profile: Profile, processed: Processed) -> None:
        #: marked by keyword, but not where they should be
        self.staying: frozenset[int] = frozenset()
        self._session, self._folder, self._profile, self._processed = session, folder, profile, processed
        self._key = f"mailboxes.{session.name}.processed"
        self._warned = False
        #: some message of the folder may carry HELD
        self._holds = holds(profile.permanent_flags, HELD)

    def acknowledge(self, uids: Sequence[int]) -> Acknowledged:
        """Mark and read back. Raises Refused when the only mark asked for is not kept, Unreachable."""
        marked: set[int] = set()
        problems: dict[str, None] = {}
        for batch in batches(sorted(set(uids)), BATCH):
            self._session.confirm(self._folder)
            problem = self._mark(batch)
            proven, doubt = self._read_back(batch, problem)
            marked |= proven
            problems.update(dict.fromkeys(filter(None, (problem or doubt,))))
        return Acknowledged(frozenset(marked), "; ".join(problems))

    def hold(self, uids: Sequence[int]) -> None:
        """Flag messages for people to see, and note where the server can that it was us."""
        self._flag(uids, "\\Flagged", present=True)
        if self._profile.keywords:
            self._flag(uids, HELD, present=True)
            self._holds = True

    def release(self, uids: Sequence[int]) -> None:
        """Take back ``hold``. Where the server keeps no keywords, nobody can tell whose flag it is: any is taken."""
        noted = self._profile.keywords
        if noted and not self._holds:
            return
        for batch in batches(sorted(set(uids)), BATCH):
            present = self._session.fetch(batch, "(UID FLAGS)").items()
            sign = HELD if noted else "\\Flagged"
            ours = [uid for uid, answer in present if holds(words(answer.get(b"FLAGS")), sign)]
            for flag in ("\\Flagged", HELD)[: 1 + noted]:
                self._flag(ours, flag, present=False)

    def _flag(self, uids: Sequence[int], flag: str, present: bool) -> None:
        """Set or remove a flag; a server that does not want it is no reason to stop."""
        client = self._session.client
        change = client.add_flags if present else client.remove_flags
        for batch in batches(sorted(set(uids)), BATCH):
            try:
                self._session.attempt(change, uid_set(batch), [flag], True)
            except Declined as no:
                _log.warning("flag not changed", mailbox=self._session.name, flag=flag, server=str(no))

    def _mark(self, batch: list[int]) -> str:
        """Why the mark could not be put on, or ""."""
        problem = ""
        try:
            if self._profile.keywords:
                self._session.store(batch, self._processed.keyword)
        except Declined as no:
            problem = self._declined(f"the server does not take the keyword {self._processed.keyword}", no)
        try:
            self._finish(batch)
        except Declined as no:
            problem = self._declined(f"the mail could not be marked by {self._words()}", no)
        return problem

    def _declined(self, what: str, no: Declined) -> str:
        """A problem to report; a server in trouble is left at once, before it does something else than it says."""
        if no.later:
            raise self._session.abandon(f"{what}: {no}")
        return f"{self._key}: {what}: {no}"

    def _words(self) -> str:
        kind, name = self._processed.kind, self._processed.name
        return f"{kind}:{name}" if name else kind

    def _finish(self, batch: list[int]) -> None:
        kind = self._processed.kind
        if kind == "move":
            self._move(batch)
        elif kind == "label":
            client = self._session.client
            self._session.attempt(client.add_gmail_labels, uid_set(batch), [self._processed.name], True)
            self._session.attempt(client.remove_gmail_labels, uid_set(batch), ["\\Inbox"], True)
        elif kind == "seen":
            self._session.store(batch, "\\Seen")
        elif kind == "delete":
            self._delete(batch)

    def _move(self, batch: list[int]) -> None:
        client = self._session.client
        if self._profile.move:
            self._into_target(client.move, batch)
            return
        self._into_target(client.copy, batch)
        self._delete(batch)

    def _into_target(self, transfer: Callable[[str, str], object], batch: list[int]) -> None:
        """MOVE or COPY; a target folder that does not exist is created."""
        session, target = self._session, self._processed.name
        try:
            session.attempt(transfer, uid_set(batch), target)
        except Declined as no:
            if no.code != "TRYCREATE" and session.call(session.client.folder_exists, target):
                raise
            session.attempt(session.client.create_folder, target)
            session.attempt(transfer, uid_set(batch), target)

    def _delete(self, batch: list[int]) -> None:
        """Never a plain EXPUNGE: it would remove what others have marked \\Deleted."""
        self._session.store(batch, "\\Deleted")
        if self._profile.uidplus:
            self._session.attempt(self._session.client.uid_expunge, uid_set(batch))
        elif not self._warned:
            self._warned = True
            _log.warning("mail stays in the folder, marked as deleted", mailbox=self._session.name, missing="UIDPLUS")

    def _read_back(self, batch: list[int], problem: str) -> tuple[set[int], str]:
        """The UIDs that are proven marked, and a doubt about the others. A message that is gone counts as marked."""
        items = "(UID FLAGS X-GM-LABELS)" if self._processed.kind == "label" else "(UID FLAGS)"
        present = self._session.fetch(batch, items)
        self.staying -= set(batch)
        bare = {uid for uid, answer in present.items() if not self._proves(answer)}
        if not bare:
            return set(batch), self._stay(present)
        if self._processed.kind == "keyword":
            dropped = f"{self._key}: the server said OK and dropped the keyword {self._processed.name!r}"
            raise Refused(f"{problem or dropped}; use move:FOLDER")
        return set(batch) - bare, f"{self._key}: the server did not keep the mark on {len(bare)} messages"

    def _proves(self, answer: dict[bytes, object]) -> bool:
        flags = words(answer.get(b"FLAGS"))
        own = {"seen": "\\Seen", "move": "\\Deleted", "delete": "\\Deleted"}.get(self._processed.kind)
        return (
            holds(flags, self._processed.keyword)
            or (own is not None and holds(flags, own))
            or (self._processed.kind == "label" and self._processed.name in words(answer.get(b"X-GM-LABELS")))
        )

    def _stay(self, present: dict[int, dict[bytes, object]]) -> str:
        """Remember those that are marked by keyword but should have left the folder, and say so."""
        if self._processed.kind not in ("move", "delete"):
            return ""
        staying = {uid for uid, answer in present.items() if not holds(words(answer.get(b"FLAGS")), "\\Deleted")}
        self.staying |= staying
        return f"{self._key}: {len(staying)} messages are marked but still in the folder" if staying else ""
