"""Mailbox: an account and folder that we poll; where mail waits until its case is proven."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from worker.mailbox.errors import Interrupted, MailboxError, Unreachable
from worker.mailbox.ladder import Patience
from worker.mailbox.lifeline import Lifeline
from worker.mailbox.listing import Listing
from worker.mailbox.marking import Acknowledged, Marker
from worker.mailbox.oauth import Bearer, Keyring
from worker.mailbox.profile import Processed, Profile, select
from worker.mailbox.reading import LIMIT_BYTES, Reader
from worker.mailbox.session import Session
from worker.message import Source
from worker.settings.model import MailboxSettings
from worker.slot import Waiting

#: a search of the whole folder finds what asking for new mail cannot see: an old message whose mark was taken away
SWEEP_S = 3600.0
_NEVER = -math.inf


class Mailbox:
    """One account and folder. One thread at a time, but for ``interrupt`` and ``refrain``.

    Every method but these and ``close`` raises Unreachable (reconnect later, by ``open``) or Refused (a person
    must act), and nothing else. After either, the connection is gone and ``open`` makes a new one.
    """

    def __init__(self, name: str, settings: MailboxSettings, spool: Path, keyring: Keyring | None = None) -> None:
        """``spool``: folder for messages too large for memory, made when needed. Raises ValueError (``processed``).

        ``keyring``: where bearer tokens come from, shared by all mailboxes; without it, none that has to be kept.
        """
        self.name = name
        self.folder = settings.folder
        self.processed = Processed.parse(settings.processed)
        #: while True, the server may speak at any time; ``Watch`` listens
        self.idling = False
        self._settings, self._spool = settings, spool
        self._keyring = keyring or Keyring()
        self._patience = Patience()
        self._lifeline = Lifeline()
        self._connecting = self._refrains = False
        self._session: Session | None = None
        self._profile: Profile | None = None
        self._marker: Marker | None = None
        self._suspects: set[int] = set()
        #: monotonic times of the last whole searches on this connection
        self._swept_at = self._combed_at = _NEVER
        self._early_news = False
        self._bytes_in = self._bytes_out = 0

    def open(self) -> Profile:
        """Connect, log in, select; on a live connection ask for news instead (NOOP). Safe to call at any time."""
        if self._session and not self._session.closed:
            try:
                self.end_idle()
                if self._session.refresh():
                    return self._refreshed()
            except Interrupted:
                raise
            except MailboxError:
                # A server may hang up on an idle connection at any time: that is no fault yet.
                self.close()
        return self._connect()

    def _connect(self) -> Profile:
        self.close()
        self._connecting = True
        try:
            with self._patience.trying():
                return self._connected()
        finally:
            self._connecting = False

    def _connected(self) -> Profile:
        if self._lifeline.is_cut or self._refrains:
            raise Interrupted(f"mailboxes.{self.name}: stopped on request")
        self._session = Session(self.name, self._settings, self.bearer(), self._lifeline)
        try:
            self._profile = select(self._session, self.folder, self.processed)
            self._marker = Marker(self._session, self.folder, self._profile, self.processed)
            self._swept_at = self._combed_at = _NEVER
        except MailboxError:
            self.close()
            raise
        return self._profile

    @property
    def refused_for_s(self) -> float:
        """Seconds for which ``open`` repeats the last LoginRefused without asking the server again; else 0 (M-18)."""
        return self._patience.waits_s

    def bearer(self) -> Bearer | None:
        """Where our bearer token comes from, if we have one. Raises Refused when its variables are empty."""
        return self._keyring.bearer(self.name, self._settings)

    def _refreshed(self) -> Profile:
        session, profile = self._live()
        self._profile = dataclasses.replace(profile, exists=session.exists)
        return self._profile

    def _live(self) -> tuple[Session, Profile]:
        if self._session is None or self._profile is None:
            raise Unreachable(f"mailboxes.{self.name}: not connected")
        return self._session, self._profile

    @property
    def uidvalidity(self) -> int:
        """Of the selected folder; 0 before the first ``open``. UIDs seen under another value mean nothing now."""
        return self._profile.uidvalidity if self._profile else 0

    def unmarked(self, above_uid: int = 0) -> tuple[int, ...]:
        """UIDs above ``above_uid`` that are not marked processed and not received before ``since``; ascending.

        Above 0, the cost is that of the new mail; with 0, the whole folder is searched, a span at a time.
        """
        session, profile = self._live()
        session.arrived = False
        uids = Listing(session, profile, self.processed, self._settings.since).unmarked(above_uid)
        if not above_uid:
            self._swept_at = time.monotonic()
        return uids

    @property
    def swept(self) -> bool:
        """Whether ``unmarked(0)`` ran on this connection within the last hour: asking for new mail is enough."""
        return time.monotonic() - self._swept_at < SWEEP_S

    @property
    def pushes(self) -> bool:
        """Whether ``begin_idle`` makes sense: the settings want it and the server can do it."""
        return self._settings.push and self._profile is not None and self._profile.idle

    def stragglers(self) -> tuple[int, ...]:
        """UIDs that carry our keyword but should have left the folder: ``acknowledge`` them again.

        The folder is searched for them as often as it is swept; in between, those that ``acknowledge`` knows of count.
        """
        session, profile = self._live()
        marker = self._marking()
        if time.monotonic() - self._combed_at >= SWEEP_S:
            marker.staying |= set(Listing(session, profile, self.processed, None).stragglers())
            self._combed_at = time.monotonic()
        return tuple(sorted(marker.staying))

    def describe(self, uids: Sequence[int]) -> tuple[Waiting, ...]:
        """Size, arrival and flags, in the order of ``uids``; those that are gone are absent."""
        session, profile = self._live()
        return Listing(session, profile, self.processed, None).describe(self.folder, uids)

    def read(
        self, waiting: Sequence[Waiting], limit_bytes: int = LIMIT_BYTES
    ) -> Iterator[tuple[Waiting, Source | None]]:
        """Whole messages, unchanged and without setting \\Seen, in the given order.

        None: the message is gone; or, when the returned ``size_bytes`` exceeds ``limit_bytes``, the server announced
        too small a size and reading stopped there. A ``Path`` as content is a file that the caller removes.
        """
        session, _ = self._live()
        yield from Reader(session, self._spool, self._suspects).read(waiting, limit_bytes)

    def mentions(self, address: str) -> tuple[int, int]:
        """How many messages of the folder are from the address, and how many to it; nothing is read or marked.

        As the server counts (RFC 9051 section 6.4.4): it finds the text anywhere in those fields. ASCII only.
        """
        session, _ = self._live()
        wanted = '"{}"'.format(address.replace("\\", "\\\\").replace('"', '\\"'))
        return len(session.search("FROM", wanted)), len(session.search("OR", "TO", wanted, "CC", wanted))

    def acknowledge(self, uids: Sequence[int]) -> Acknowledged:
        """Mark messages as processed and prove it by reading back. Safe to repeat."""
        return self._marking().acknowledge(uids)

    def hold(self, uids: Sequence[int]) -> None:
        """Show people, in any mail program, that these wait for a person (\\Flagged)."""
        self._marking().hold(uids)

    def release(self, uids: Sequence[int]) -> None:
        """Take back ``hold``; what was not held is left as it is, but for the flag where keywords are not kept."""
        self._marking().release(uids)

    def _marking(self) -> Marker:
        if self._marker is None:
            raise Unreachable(f"mailboxes.{self.name}: not connected")
        return self._marker

    def begin_idle(self) -> None:
        """Ask the server to tell us of new mail (RFC 2177). Where it cannot, ``idling`` stays False."""
        session, profile = self._live()
        if profile.idle and not self.idling:
            # What arrived since the folder was listed, the server has told already, and will not tell again.
            self._early_news = session.call(session.wire.start_idle) or session.arrived
            self.idling = True

    def end_idle(self) -> None:
        """Stop idling, if we are; needed before any other command but ``open``, which does it itself."""
        if self.idling:
            self.idling = False
            session, _ = self._live()
            session.call(session.wire.finish_idle)

    @property
    def has_news(self) -> bool:
        """Whether the server has spoken while idling, in bytes that a selector on ``fileno`` would not see."""
        return self.idling and (self._early_news or self._live()[0].wire.pending())

    def fileno(self) -> int:
        """The socket's descriptor, for a selector; raises Unreachable when there is none."""
        session, _ = self._live()
        if session.closed:
            raise Unreachable(f"mailboxes.{self.name}: not connected")
        return session.wire.sock.fileno()

    @property
    def bytes_in(self) -> int:
        """Bytes received so far, over all connections (within TLS)."""
        return self._bytes_in + (self._session.wire.bytes_in if self._session else 0)

    @property
    def bytes_out(self) -> int:
        """Bytes sent so far, over all connections (within TLS)."""
        return self._bytes_out + (self._session.wire.bytes_out if self._session else 0)

    def interrupt(self) -> None:
        """From any thread, for good: whatever is under way ends at once, and all later too, with Interrupted."""
        self._lifeline.cut()

    def refrain(self) -> None:
        """From any thread, for good: no connection is made any more. One being made is given up; a live one goes on."""
        self._refrains = True
        if self._connecting:
            self._lifeline.cut()

    def close(self) -> None:
        """Log out and disconnect; never raises, and may be called twice."""
        session, self._session = self._session, None
        if session:
            session.close(polite=not self.idling)
            self._bytes_in += session.wire.bytes_in
            self._bytes_out += session.wire.bytes_out
        self.idling = False
