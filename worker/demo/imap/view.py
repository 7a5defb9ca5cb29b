"""A folder as one connection knows it: sequence numbers, and what it has yet to be told."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from worker.demo.imap.content import Stamp
from worker.demo.imap.errors import Malformed
from worker.demo.imap.flags import written
from worker.demo.imap.folder import Folder, Snapshot
from worker.demo.imap.sets import Ranges, among, highest_named
from worker.demo.imap.state import Message


class Replaced(Exception):
    """The folder was deleted, or has another UIDVALIDITY: what this connection knows of it is void."""


class View:
    """Used by one connection's thread only."""

    def __init__(self, folder: Folder, *, read_only: bool) -> None:
        self.folder = folder
        self.read_only = read_only
        snapshot = folder.snapshot()
        self.uids = list(snapshot.messages)
        self._uidvalidity = snapshot.uidvalidity
        self._last_uid = snapshot.uidnext - 1
        self._told_modseq = snapshot.modseq
        self._told_keywords = len(folder.keywords)
        self._unspoken: dict[int, int] = {}
        self._owes_expunges = False
        #: the message read last: many a client asks for it piece by piece
        self.last_read: tuple[tuple[int, Stamp], bytes] | None = None

    def snapshot(self) -> Snapshot:
        """The folder now. Raises Replaced."""
        now = self.folder.snapshot()
        if self.folder.gone or now.uidvalidity != self._uidvalidity:
            raise Replaced
        return now

    def pick(self, wanted: Ranges, *, by_uid: bool) -> list[tuple[int, Message]]:
        """Sequence number and message of those the set names and that are still there. Raises Malformed, Replaced."""
        if not by_uid and highest_named(wanted) > len(self.uids):
            raise Malformed("Invalid message sequence number")
        now = self.snapshot().messages
        if by_uid:
            uids = among(wanted, self.uids)
        else:
            uids = [self.uids[n - 1] for n in among(wanted, range(1, len(self.uids) + 1))]
        return [(self.sequence_of(uid), now[uid]) for uid in uids if uid in now]

    def sequence_of(self, uid: int) -> int:
        """The sequence number of a UID of this view."""
        return bisect_left(self.uids, uid) + 1

    def leave_unspoken(self, messages: Iterable[Message]) -> None:
        """These states are known to the client already: it made them, or has been told."""
        self._unspoken.update((message.uid, message.modseq) for message in messages)

    def news(self, *, expunges: bool, condstore: bool) -> Iterator[str]:
        """Untagged responses that bring the client up to date. Without ``expunges`` those wait (RFC 3501 §7.4.1)."""
        now = self.snapshot()
        if now.modseq == self._told_modseq and not self._owes_expunges:
            return
        yield from self._keyword_news()
        yield from self._expunge_news(now, expunges=expunges)
        changed = [now.messages[uid] for uid in self.uids if uid in now.messages]
        yield from self._arrival_news(now)
        for message in changed:
            if message.modseq > self._told_modseq and self._unspoken.get(message.uid) != message.modseq:
                yield self.flags_line(message, condstore=condstore)
        self._told_modseq = now.modseq
        self._unspoken.clear()

    def _keyword_news(self) -> Iterator[str]:
        if len(self.folder.keywords) != self._told_keywords:
            self._told_keywords = len(self.folder.keywords)
            yield "FLAGS " + folder_flags(self.folder)

    def _expunge_news(self, now: Snapshot, *, expunges: bool) -> Iterator[str]:
        gone = [at for at, uid in enumerate(self.uids) if uid not in now.messages]
        self._owes_expunges = bool(gone) and not expunges
        if expunges:
            for at in reversed(gone):
                del self.uids[at]
                yield f"{at + 1} EXPUNGE"

    def _arrival_news(self, now: Snapshot) -> Iterator[str]:
        arrived = [uid for uid in now.messages if uid > self._last_uid]
        self._last_uid = now.uidnext - 1
        if arrived:
            self.uids += arrived
            yield f"{len(self.uids)} EXISTS"
            yield "0 RECENT"

    def flags_line(self, message: Message, *, condstore: bool) -> str:
        """An untagged FETCH with the message's flags."""
        modseq = f" MODSEQ ({message.modseq})" if condstore else ""
        return f"{self.sequence_of(message.uid)} FETCH (UID {message.uid} FLAGS {written(message.flags)}{modseq})"


def folder_flags(folder: Folder) -> str:
    """Every flag in use in a folder, system flags included."""
    return written(["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft", *folder.keywords])
