"""What goes wrong with the database, in an operator's words: what, where it is set, and the cure."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

SOURCE = "worker.database (or DATABASE_URL)"

#: (words of the driver's message, what to tell the operator); the first that matches wins.
_CURES = (
    ("database is locked", "another process holds the file locked: stop it, or wait for it"),
    ("disk is full", "the disk is full: make room; nothing is sent until there is"),
    ("no space left", "the database server's disk is full: make room; nothing is sent until there is"),
    ("could not extend file", "the database server's disk is full: make room; nothing is sent until there is"),
    ("readonly database", "the file may not be written to: change its permissions or the folder's"),
    ("read-only", "the database is read-only: name the primary server, or lift the restriction"),
    ("unable to open database file", "the file cannot be opened: create its folder, or allow writing in it"),
    ("disk i/o error", "the disk cannot be read or written: see the system's log"),
    ("malformed", "the file is damaged: restart the worker, which moves it aside and begins a new one"),
    ("not a database", "the file is damaged: restart the worker, which moves it aside and begins a new one"),
    (
        "ssl was required",
        "the server has no TLS: give it a certificate, or append ?sslmode=disable on a private network",
    ),
    ("password authentication failed", "the user name or password is wrong: correct the URL"),
    ("no password supplied", "the URL holds no password: add it"),
    ("does not exist", "the database, user or table does not exist: create it, or correct the URL"),
    ("permission denied", "the user may not do that: grant it the right to create and change tables"),
    ("too many", "the server takes no more connections: a worker needs 3; raise its limit or stop other clients"),
    ("remaining connection slots", "the server takes no more connections: a worker needs 3; raise its limit"),
    ("could not translate host", "the host is unknown: correct the URL"),
    ("resolve", "the host is unknown: correct the URL"),
    ("connect", "the server cannot be reached: start it, or correct host and port"),
)
_MAX_CHARS = 300


class LedgerError(Exception):
    """The ledger cannot be used. The text names the setting and the cure; it holds no password."""


def explained(error: BaseException) -> BaseException:
    """A LedgerError in place of what the database library raised; anything else as it is."""
    if not isinstance(error, SQLAlchemyError):
        return error
    return LedgerError(f"{SOURCE}: {told(error)}")


def told(error: SQLAlchemyError) -> str:
    """The cure that fits the driver's words, and those words."""
    if isinstance(error, NoSuchModuleError):
        return "this kind of database is not supported: use sqlite:///FILE or postgresql://…"
    if isinstance(error, PoolTimeout):
        return "no connection became free within 30 s: the database answers too slowly"
    words = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())[:_MAX_CHARS]
    cure = next((cure for mark, cure in _CURES if mark in words.lower()), "the database refused")
    return f"{cure} ({words})"
