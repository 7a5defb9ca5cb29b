"""Looking at a folder without working on it: mail since a day, whatever its marks; mail with a certain field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from worker.mailbox.box import Mailbox
from worker.mailbox.listing import Listing


def received_since(mailbox: Mailbox, since: date | None) -> tuple[int, ...]:
    """UIDs of all mail that is not deleted, marked or not; ascending. Raises as ``Mailbox`` does."""
    return tuple(_search(mailbox, since))


def with_field(mailbox: Mailbox, name: str, value: str, since: date) -> tuple[int, ...]:
    """UIDs of the mail since that day with such a header field; ``name`` and ``value``: letters, digits and ``-``."""
    if not all(text.replace("-", "").isascii() and text.replace("-", "").isalnum() for text in (name, value)):
        raise ValueError("a field's name and value may hold letters, digits and - here")
    return tuple(_search(mailbox, since, f"HEADER {name} {value}"))


def _search(mailbox: Mailbox, since: date | None, *criteria: str) -> Iterator[int]:
    session, profile = mailbox._live()
    listing = Listing(session, profile, mailbox.processed, since)
    yield from listing._search(0, ("UNDELETED", *criteria, *listing._since))
