"""What a library raised: an answer of the server, or the end of the connection, and in which words to tell it."""

from __future__ import annotations

import imaplib

from imapclient.exceptions import LoginError

from worker.mailbox.errors import one_line


def is_answer(error: Exception) -> bool:
    """A NO or BAD. imaplib's other errors are subclasses of this class, but for its complaint about states."""
    return type(error) in (imaplib.IMAP4.error, LoginError) and "illegal in state" not in str(error)


def reason_of(error: Exception, secret: str) -> str:
    """Why a connection was given up, without repeating an answer that may hold a part of a mail."""
    if isinstance(error, TimeoutError):
        return one_line(error) if "answer" in str(error) else "no answer in time"
    text = one_line(error, secret)
    if not isinstance(error, imaplib.IMAP4.abort | OSError) or "unexpected" in text or "unterminated" in text:
        return f"an answer that makes no sense ({type(error).__name__})"
    return text
