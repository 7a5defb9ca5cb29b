"""Who wrote to whom: persons from the skeleton, with a careful second look where the field breaks the grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.contract import Person
from worker.parsing.text import visible
from worker.parsing.words import decode_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.message.skeleton import Skeleton

NOBODY = Person("", "")
MAX_PERSONS = 500
_ADDRESS = re.compile(r"[^\s<>\"(),:;@\[\]\\]{1,256}@[^\s<>\"(),:;@\[\]\\]{1,255}")
_MESSAGE_ID = re.compile(r"<([^\s<>@]{1,400}@[^\s<>@]{1,255})>")
MAX_IDS = 200


def persons(pairs: tuple[tuple[str, str], ...]) -> tuple[Person, ...]:
    """At most MAX_PERSONS, names decoded and cleaned."""
    return tuple(Person(_name(name), visible(address)) for name, address in pairs[:MAX_PERSONS])


def second_look(field: str) -> tuple[Person, ...]:
    """The person of a field that follows no grammar: only when it holds exactly one address, else nobody.

    Two addresses would be a guess, and guessing lets a stranger choose who he is (M25, H56).
    """
    found = {match.lower(): match for match in _ADDRESS.findall(field)}
    if len(found) != 1:
        return ()
    address = next(iter(found.values())).strip(".'")
    return (Person(_name(field.partition(address)[0].strip(" \t<(\"'")), visible(address)),)


def message_ids(field: str) -> tuple[str, ...]:
    """Every ``<local@domain>`` in order, once, without brackets; placeholders such as ``<>`` are none (H44)."""
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(field)))[-MAX_IDS:]


def _name(name: str) -> str:
    """A display name; encoded words within quotes are against RFC 2047 and everywhere."""
    return visible(decode_words(name)).strip("\"' ")[:500]


@dataclass(frozen=True, slots=True)
class Cast:
    """The persons of a mail."""

    author: Person
    reply_to: tuple[Person, ...]
    to: tuple[Person, ...]
    cc: tuple[Person, ...]


def cast(skeleton: Skeleton, written: Mapping[str, str], notes: list[str]) -> Cast:
    """The persons as mail-parser read them, or by a second look at the ``written`` field (by lower-case name).

    Without a usable From the author is the first of Reply-To, then Sender.
    """
    reply_to = persons(skeleton.reply_to) or second_look(written.get("reply-to", ""))
    author = persons(skeleton.author)
    if not author:
        author = second_look(written.get("from", "")) or reply_to or second_look(written.get("sender", ""))
        notes.append("From names no single author" if author else "no author could be read")
    return Cast(
        author=author[0] if author else NOBODY,
        reply_to=reply_to,
        to=persons(skeleton.to) or second_look(written.get("to", "")),
        cc=persons(skeleton.cc) or second_look(written.get("cc", "")),
    )
