"""One connection, logged in: the single door through which every IMAP command goes, and every failure comes back."""

from __future__ import annotations

import imaplib
import ssl
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from worker.mailbox.answers import fetched, searched, uid_set
from worker.mailbox.dial import Endpoint
from worker.mailbox.errors import Declined, Interrupted, MailboxError, Refused, Unreachable, one_line, read_only
from worker.mailbox.failures import is_answer, reason_of
from worker.mailbox.lifeline import Lifeline
from worker.mailbox.login import log_in
from worker.mailbox.tls import context_for, tls_failure
from worker.mailbox.wire import Client, Limits, Wire

if TYPE_CHECKING:
    from worker.mailbox.oauth import Bearer
    from worker.settings.model import MailboxSettings

T = TypeVar("T")
#: seconds that a polite LOGOUT may take
_GOODBYE_S = 2.0
#: seconds that getting a token may take, other mailboxes' turns before ours included
_TOKEN_S = 60.0
#: seconds for which a folder is believed to be the one that was selected
CONFIRM_S = 10.0


class Session:
    """A live connection. After Unreachable or Refused from ``call`` it is closed and of no further use."""

    def __init__(
        self, name: str, settings: MailboxSettings, bearer: Bearer | None = None, lifeline: Lifeline | None = None
    ) -> None:
        """Connect, secure, log in. Raises Unreachable, Refused; Interrupted once the lifeline is cut."""
        self.name, self.settings, self.bearer = name, settings, bearer
        self.lifeline = lifeline or Lifeline()
        self.closed = False
        self.uidvalidity = self.exists = 0
        #: an answer told of new mail; it tells so once, whatever command it answers
        self.arrived = False
        self._selected_at = time.monotonic()
        self._limits = Limits(settings.timeout_s)
        self._where = f"mailboxes.{name} ({settings.host}:{port_of(settings)})"
        self._client = self._connected()
        try:
            self._secured()
            self.capabilities = log_in(self)
        except MailboxError:
            self._drop()
            raise

    @property
    def client(self) -> Client:
        """The library, for ``call`` to be given its methods."""
        return self._client

    @property
    def wire(self) -> Wire:
        """The connection itself."""
        return self._client.wire

    def _connected(self) -> Client:
        settings = self.settings
        tls = None if settings.security == "plaintext" else context_for(self.name, settings.ca_file)
        where = (settings.host, port_of(settings), settings.security)
        endpoint = Endpoint(self.name, *where, tls, self.lifeline)
        try:
            return Client(endpoint, settings.timeout_s)
        except Exception as error:
            raise self._connect_failure(error) from None

    def _secured(self) -> None:
        """RFC 8314: no credentials before TLS, whatever the server or somebody in between says."""
        if self.wire.state != "NONAUTH":
            raise Refused(f"{self._where}: the server takes us for logged in before we are (PREAUTH); not trusted")
        if self.settings.security != "starttls":
            return
        cure = f"set mailboxes.{self.name}.security = 'tls' (port 993); the password was not sent"
        if not self.client.has_capability("STARTTLS"):
            raise Refused(f"{self._where}: the server does not offer STARTTLS, or somebody removed the offer; {cure}")
        try:
            self.attempt(self.client.starttls)
        except Declined as no:
            raise Refused(f"{self._where}: the server refuses STARTTLS ({no}); {cure}") from None

    def call(self, action: Callable[..., T], *arguments: object, limits: Limits | None = None) -> T:
        """Run one IMAP command that has to succeed; a NO or BAD is Unreachable, too. Else as ``attempt``."""
        try:
            return self.attempt(action, *arguments, limits=limits)
        except Declined as no:
            raise self.abandon(str(no)) from None

    def attempt(self, action: Callable[..., T], *arguments: object, limits: Limits | None = None) -> T:
        """Run one IMAP command: the one door to the library.

        Raises Declined when the server says NO or BAD (the connection lives), Unreachable when the connection is
        gone or cannot be trusted any more, Refused when TLS fails. No other exception comes out of here.
        """
        self._refuse_control_characters(arguments)
        if self.closed:
            raise Unreachable(f"{self._where}: not connected")
        self.wire.arm(limits or self._limits)
        # What an earlier command left behind must not pass for the answer to this one.
        self.wire.untagged_responses.clear()
        try:
            answer = action(*arguments)
            self._note()
        except Exception as error:
            raise self._failure(error) from None
        return answer

    def _uid(self, name: str, *arguments: str) -> list[Any]:
        kind, data = self.wire.uid(name, *arguments)
        if kind != "OK":
            raise imaplib.IMAP4.error(f"{name} failed: {one_line(data[0] or b'')}")
        return list(data)

    def search(self, *criteria: str) -> list[int]:
        """UIDs, ascending."""
        return self.call(lambda *words: searched(self._uid("SEARCH", *words)), *criteria)

    def fetch(self, uids: Iterable[int], items: str, limits: Limits | None = None) -> dict[int, dict[bytes, Any]]:
        """What the server says of these UIDs, and of no others; UIDs that are gone are absent."""
        wanted = set(uids)
        found: dict[int, dict[bytes, Any]] = {}
        answers = self.call(
            lambda *words: list(fetched(self._uid("FETCH", *words))), uid_set(wanted), items, limits=limits
        )
        for answer in answers:
            if answer[b"UID"] in wanted:
                found.setdefault(int(str(answer[b"UID"])), {}).update(answer)
        return found

    def store(self, uids: Iterable[int], flag: str) -> None:
        """Add one flag. Success proves nothing: servers answer OK and forget (read it back). Raises Declined, too."""
        self.attempt(self.client.add_flags, uid_set(uids), [flag], True)

    def confirm(self, folder: str) -> None:
        """Make sure that the folder is still the one we selected. Raises Unreachable if not.

        A server may let a session go on in a folder that was deleted and made anew meanwhile. Dovecot then moves the
        new folder's messages by the old one's UIDs, and even its STATUS speaks of the old one; what tells is an
        untagged NO to a NOOP and, on any server, selecting it again. That may be slow, so it is done now and then.
        """
        if not self.refresh():
            raise self.abandon(f"the server is in trouble with folder {folder!r}")
        if time.monotonic() - self._selected_at < CONFIRM_S:
            return
        try:
            self.attempt(self.client.select_folder, folder)
        except Declined as no:
            raise self.abandon(f"folder {folder!r} cannot be found any more: {no}") from None
        self._selected_at = time.monotonic()

    def refresh(self) -> bool:
        """NOOP: hear what is new. False if the server warns that it is in trouble."""
        self.call(self.wire.noop)
        return "NO" not in self.wire.untagged_responses

    def abandon(self, why: str) -> Unreachable:
        """Close the connection, whose answers mean nothing any more; the error to raise."""
        self._drop()
        return Unreachable(f"{self._where}: {why}")

    def _refuse_control_characters(self, values: Iterable[object]) -> None:
        for value in values:
            if isinstance(value, list | tuple):
                self._refuse_control_characters(value)
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            if any(char in text for char in "\r\n\0"):
                raise Refused(f"{self._where}: a line break or NUL inside an IMAP argument; nothing was sent")

    def _note(self) -> None:
        """Keep what any answer may tell: how many messages there are, and whether they are still the same ones."""
        told: dict[str, list[Any]] = self.wire.untagged_responses
        self.exists -= min(len(told.get("EXPUNGE", [])), self.exists)
        if "EXISTS" in told:
            exists = int(told["EXISTS"][-1])
            self.arrived = self.arrived or exists > self.exists
            self.exists = exists
        if self.uidvalidity and "UIDVALIDITY" in told and int(told["UIDVALIDITY"][-1]) != self.uidvalidity:
            raise imaplib.IMAP4.abort("the folder's UIDVALIDITY changed: its messages are not the same any more")

    def _failure(self, error: Exception) -> MailboxError:
        """The one table from whatever a library raised to what it means. Closes all but a declined session."""
        cut = isinstance(error.__context__, imaplib.IMAP4.abort | OSError)
        if is_answer(error) and not cut:
            return Declined(one_line(error, self._secret()))
        self._drop()
        if self.lifeline.is_cut:
            return self._interrupted()
        if isinstance(error, Refused):
            return error
        if isinstance(error, imaplib.IMAP4.readonly):
            return read_only(self.name, self.settings.folder)
        if isinstance(error, ssl.SSLError):
            return tls_failure(self.name, self._where, error)
        return Unreachable(f"{self._where}: {reason_of(error, self._secret())}")

    def _interrupted(self) -> Interrupted:
        return Interrupted(f"{self._where}: stopped on request")

    def _connect_failure(self, error: Exception) -> MailboxError:
        if self.lifeline.is_cut:
            return self._interrupted()
        if isinstance(error, Refused):
            return error
        if isinstance(error, ssl.SSLError):
            return tls_failure(self.name, self._where, error)
        return Unreachable(f"{self._where}: cannot connect: {reason_of(error, '')}")

    def _secret(self) -> str:
        if self.bearer:
            return self.bearer.shown
        return self.settings.password.get_secret_value() if self.settings.password else ""

    def waiting(self, work: Callable[[], T]) -> T:
        """Do something lengthy that is not said to the mail server, and come back at once when we are cut off."""
        try:
            return self.lifeline.during(work, _TOKEN_S)
        except MailboxError:
            raise
        except Exception as error:
            raise self._failure(error) from None

    def _drop(self) -> None:
        self.closed = True
        self.wire.shutdown()

    def close(self, polite: bool = True) -> None:
        """Never raises; a polite goodbye takes two seconds at most."""
        if self.closed:
            return
        try:
            if polite:
                self.attempt(self.wire.logout, limits=Limits(_GOODBYE_S))
        except MailboxError:
            pass
        finally:
            self._drop()


def port_of(settings: MailboxSettings) -> int:
    """The port, by default the one that belongs to the kind of security (RFC 8314)."""
    return settings.port or (993 if settings.security == "tls" else 143)
