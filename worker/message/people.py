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
_TWO_SIGNS = re.compile(r"@[^\s<>,;:\"@]{0,255}@")
_MESSAGE_ID = re.compile(r"<([^\s<>@]{1,400}@[^\s<>@]{1,255})>")
MAX_IDS = 200
_LATIN = re.compile("[a-z]")
_LOOKALIKE = re.compile("[\u0370-\u052f\u0531-\u0587]")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069]")


def persons(pairs: tuple[tuple[str, str], ...]) -> tuple[Person, ...]:
    """At most MAX_PERSONS, names decoded and cleaned."""
    return tuple(Person(_name(name), visible(address)) for name, address in pairs[:MAX_PERSONS])


def second_look(field: str) -> tuple[Person, ...]:
    """The person of a field that follows no grammar: only when it holds exactly one address, else nobody.

    Two addresses would be a guess, and guessing lets a stranger choose who he is (M25, H56).
    """
    found = {match.lower(): match for match in _ADDRESS.findall(field)}
    if len(found) != 1 or _TWO_SIGNS.search(field):
        return ()
    address = next(iter(found.values())).strip(".'")
    return (Person(_name(field.partition(address)[0].strip(" \t<(\"'")), visible(address)),)


def everybody(field: str) -> tuple[Person, ...]:
    """Every address of a field that follows no grammar: nobody's identity hangs on whom a mail was sent to."""
    if _TWO_SIGNS.search(field):
        return ()
    addresses = dict.fromkeys(match.strip(".'") for match in _ADDRESS.findall(field))
    return tuple(Person("", visible(address)) for address in addresses)[:MAX_PERSONS]


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
    notes += _suspicions(written.get("from", ""), author)
    if not author:
        author = second_look(written.get("from", "")) or reply_to or second_look(written.get("sender", ""))
        notes.append("From names no single author" if author else "no author could be read")
    to, cc = written.get("to", ""), written.get("cc", "")
    return Cast(
        author=author[0] if author else NOBODY,
        reply_to=reply_to,
        to=persons(skeleton.to) or second_look(to) or everybody(to),
        cc=persons(skeleton.cc) or second_look(cc) or everybody(cc),
    )


def _suspicions(field: str, author: tuple[Person, ...]) -> list[str]:
    """What a From field pretends (H56, H57): told to people, and never believed."""
    if not author:
        return []
    address, told = author[0].address.lower(), []
    other = next((found for found in _ADDRESS.findall(author[0].name) if found.lower() != address), None)
    if len(author) > 1:
        told.append("From names several authors; the first is taken")
    if other:
        told.append(f"the author's name is another address: {other[:100]}")
    if not address.isascii() and _mixed_scripts(address.rpartition("@")[2]):
        told.append("the author's domain mixes letters of several scripts")
    if address.count("@") > 1 or "=?" in address:
        told.append("the author's address is malformed")
    if _INVISIBLE.search(field):
        told.append("From holds characters that are invisible or turn the reading direction")
    return told


def _mixed_scripts(domain: str) -> bool:
    """Whether a label holds Latin letters among others that look like them."""
    labels = (label for label in domain.split(".") if not label.isascii())
    return any(_LATIN.search(label) and _LOOKALIKE.search(label) for label in labels)
