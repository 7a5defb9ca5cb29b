"""Which mail waits: the UIDs without our mark, at the cost of the new mail and not of the folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from imapclient.datetime_util import format_criteria_date
from imapclient.imap_utf7 import encode

from worker.mailbox.answers import batches, fetched, internal_date, words
from worker.mailbox.profile import Processed, Profile
from worker.mailbox.session import Session
from worker.slot import Slot, Waiting

#: messages that one SEARCH may find: 11 bytes each, so the answer stays far below the longest line
SPAN = 40_000
#: messages per FETCH of sizes and dates
_BATCH = 500


class Listing:
    """Lists the selected folder of one session."""

    def __init__(self, session: Session, profile: Profile, processed: Processed, since: date | None) -> None:
        self._session, self._processed, self._profile = session, processed, profile
        self._since = (f"SINCE {format_criteria_date(since).decode()}",) if since else ()

    def unmarked(self, above_uid: int) -> tuple[int, ...]:
        """See ``Mailbox.unmarked``."""
        return tuple(self._search(above_uid, (*self._without_mark(), *self._since)))

    def stragglers(self) -> tuple[int, ...]:
        """See ``Mailbox.stragglers``."""
        kind = self._processed.kind
        if not self._profile.keywords or kind not in ("move", "delete", "label"):
            return ()
        # Expunging what is already marked as deleted can be made good; copying it again would double it.
        expungeable = kind == "delete" and self._profile.uidplus
        left = () if expungeable else ("UNDELETED",)
        return tuple(self._search(0, (f"KEYWORD {self._processed.keyword}", *left)))

    def _without_mark(self) -> Iterator[str]:
        yield "UNDELETED"
        if self._profile.keywords:
            yield f"UNKEYWORD {self._processed.keyword}"
        if self._processed.kind == "seen":
            yield "UNSEEN"
        if self._processed.kind == "label" and not self._profile.keywords:
            name = encode(self._processed.name).decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
            yield f'NOT X-GM-LABELS "{name}"'

    def _search(self, above_uid: int, criteria: Sequence[str]) -> Iterator[int]:
        first = above_uid + 1
        for last in (*self._boundaries(above_uid), 0):
            uids = self._session.search("UID", f"{first}:{last or '*'}", *criteria)
            # "n:*" names the last message even when its UID is below n.
            yield from (uid for uid in uids if uid >= first)
            first = last + 1

    def _boundaries(self, above_uid: int) -> list[int]:
        """UIDs that cut the folder into spans of at most SPAN messages each.

        They come from sequence numbers, but only as cuts: whatever expunges do meanwhile, every UID lies in one span.
        """
        exists = self._session.exists
        if exists <= SPAN or (above_uid and max(self._uids_at([exists - SPAN]), default=0) <= above_uid):
            return []
        cuts = self._uids_at(list(range(SPAN, exists, SPAN)))
        return sorted(uid for uid in cuts if uid > above_uid)

    def _uids_at(self, places: list[int]) -> set[int]:
        def ask(numbers: str) -> set[int]:
            _, data = self._session.wire.fetch(numbers, "(UID)")
            return {uid for answer in fetched(data) if isinstance(uid := answer[b"UID"], int)}

        return self._session.call(ask, ",".join(map(str, places)))

    def describe(self, folder: str, uids: Sequence[int]) -> tuple[Waiting, ...]:
        """See ``Mailbox.describe``."""
        return tuple(message for batch in batches(uids, _BATCH) for message in self._described(folder, batch))

    def _described(self, folder: str, batch: list[int]) -> Iterator[Waiting]:
        found = self._session.fetch(batch, "(UID RFC822.SIZE INTERNALDATE FLAGS)")
        for uid in batch:
            size = found.get(uid, {}).get(b"RFC822.SIZE")
            if isinstance(size, int):
                yield Waiting(
                    slot=Slot(self._session.name, folder, self._session.uidvalidity, uid),
                    size_bytes=size,
                    received_at=internal_date(found[uid].get(b"INTERNALDATE")),
                    flags=words(found[uid].get(b"FLAGS")),
                )
