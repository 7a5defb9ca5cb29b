"""What can go wrong at a mail server, sorted by who has to act: time, or a person."""

from __future__ import annotations

import re

#: characters of a server's words that an error repeats
MAX_WORDS = 200
#: response codes (RFC 5530, Gmail's and Dovecot's) that ask us to come back later
LATER = frozenset({"UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG", "THROTTLED", "WEBALERT"})
_CODE = re.compile(r"\[([A-Z][A-Z0-9-]*)[^\]]*\]")


class MailboxError(Exception):
    """Base of what a mailbox raises. ``str(error)`` is safe to log: no secret, no message text, one line."""


class Unreachable(MailboxError):
    """Not now: no connection, a lost one, no answer in time, or a server that asks us to come back later."""


class Interrupted(Unreachable):
    """We cut the connection ourselves by ``Mailbox.interrupt()``; nothing is wrong with the server."""


class Refused(MailboxError):
    """Never, until a person acts; the text names the settings key and the cure."""


class LoginRefused(Refused):
    """Our credentials were not accepted. They are not shown again at once, lest the account be locked (M-18)."""


class Declined(MailboxError):
    """The server answered NO or BAD; the connection is still good. Stays within this room."""

    @property
    def code(self) -> str:
        """The response code, such as TRYCREATE, or ""."""
        match = _CODE.search(str(self))
        return match[1] if match else ""

    @property
    def later(self) -> bool:
        """Whether the same command may succeed by waiting."""
        text = str(self).lower()
        return self.code in LATER or "too many simultaneous" in text or "try again later" in text


def read_only(mailbox: str, folder: str) -> Refused:
    """For a folder in which nothing can be marked."""
    return Refused(
        f"mailboxes.{mailbox}.folder: {folder!r} may only be looked at, so no mail could be marked as processed; "
        "grant the user the rights lrswte on it"
    )


def one_line(words: object, secret: str = "") -> str:
    """A server's words made fit for a log: decoded, no control characters, short, without ``secret``."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    if secret:
        text = text.replace(secret, "***")
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:MAX_WORDS]
