"""How a command fails: its words (BAD), or our refusal (NO)."""

from __future__ import annotations


class CommandError(Exception):
    """Ends one command with ``kind`` and the text, which may open with a response code in brackets."""

    kind = "NO"


class Malformed(CommandError):
    """The command is not IMAP as we speak it; nothing was done."""

    kind = "BAD"


class Refused(CommandError):
    """The command is well formed and cannot be carried out; the text says why."""


class Gone(Exception):
    """The connection ended, or has to end now."""
