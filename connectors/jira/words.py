"""What a message says in Jira, before it takes a flavour's form: who wrote, the words, and what had to be left out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from connectors.contract import Delivery, Person, Rejected

#: names our entry among the properties of issues and comments
PROPERTY: Final = "e2c"
#: stands on every issue of ours, so that they can be listed
LABEL: Final = "mail-to-case"
MARKER_PREFIX: Final = "e2c-"
#: the first words of every message from a customer, and of every note of ours
FROM: Final = "From: "
NOTE: Final = "Note by mail-to-case: "
_SUMMARY_CHARS: Final = 255
#: the dense form is plainer, so it is taken for so much more text only
_WORTH_IT: Final = 1.5
_KEY = re.compile(r"[0-9a-f]{16,128}\Z")
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Page:
    """One text: its first line, the words, and what is to be said about them. Clean, but in no markup yet."""

    head: str
    text: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Room:
    """What a site takes of one text. ``wide`` counts an escaped character as all it is escaped to."""

    chars: int = 30_000
    wide: bool = False

    def holds(self, body: Any) -> bool:
        """Whether it fits: its JSON, spaces and all, in UTF-16 units, since nobody says which of them a site counts."""
        text = json.dumps(body, ensure_ascii=self.wide)
        return len(text.encode("utf-16-le")) // 2 <= self.chars


Render = Callable[[Page], Any]


@dataclass(frozen=True)
class Fitted:
    """A text in its flavour's form, and whether the end of it is missing."""

    body: Any
    is_cut: bool


def fit(render: Render, page: Page, room: Room, dense: Render | None = None) -> Fitted:
    """As much of the page as there is room for; what is cut is said. ``dense``: a form that holds many lines."""
    if len(page.text) <= room.chars:
        for form in filter(None, (render, dense)):
            whole = form(page)
            if room.holds(whole):
                return Fitted(whole, False)
    notice = f"cut here: the text has {len(page.text)} characters; the original message has all of it"
    noted = replace(page, notices=(*page.notices, notice))
    length, form = _most(render, noted, room), render
    if dense is not None and (more := _most(dense, noted, room)) > length * _WORTH_IT:
        length, form = more, dense
    return Fitted(form(replace(noted, text=page.text[:length])), True)


def _most(render: Render, page: Page, room: Room) -> int:
    """How many characters of the text there is room for."""
    low, high = 0, min(len(page.text), room.chars)
    while low < high:
        middle = (low + high + 1) // 2
        if room.holds(render(replace(page, text=page.text[:middle]))):
            low = middle
        else:
            high = middle - 1
    return low


def page_of(delivery: Delivery, notices: tuple[str, ...]) -> Page:
    """The message; the API's user is the author of everything, so the first line tells who really wrote."""
    said = [one_line(notice) for notice in notices]
    if delivery.follows:
        said.append(f"continues case {one_line(delivery.follows.number)}")
    if not delivery.requester.address:
        said.append("the mail names no sender")
    text = clean(delivery.text).strip("\n")
    return Page(FROM + _name(delivery.requester), text if text.strip() else "(no text)", tuple(said))


def summary_of(delivery: Delivery) -> str:
    """One line of at most 255 characters (UTF-16 units), never empty."""
    line = one_line(delivery.subject) or "(no subject)"
    return line.encode("utf-16-le")[: 2 * _SUMMARY_CHARS].decode("utf-16-le", "ignore")


def _name(person: Person) -> str:
    name, address = one_line(person.name)[:200], one_line(person.address)[:320]
    return f"{name} <{address}>" if name and address else address or name or "unknown"


def clean(text: str) -> str:
    """Without the characters that no issue can hold; tab and line feed stay."""
    return _UNSENDABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """As ``clean``, on one line."""
    return " ".join(clean(text).split())


def paragraphs(page: Page) -> list[str]:
    """The page as paragraphs, none of them empty; line feeds within them are breaks."""
    words = [part.strip("\n") for part in re.split(r"\n[ \t]*\n", page.text)]
    return [part for part in (page.head, *words, *(f"[{notice}]" for notice in page.notices)) if part.strip()]


def marker(key: str) -> str:
    """The label that a key is searched by. Raises Rejected for what is no key, so that nothing else gets into JQL."""
    if not _KEY.match(key):
        raise Rejected("the delivery's key is not in hexadecimal digits")
    return MARKER_PREFIX + key[:16]


def stamp(delivery: Delivery) -> dict[str, Any]:
    """The property that holds the whole key, since two keys may share the label's sixteen digits."""
    return {"key": PROPERTY, "value": {"key": delivery.key, "messageId": clean(delivery.message_id)[:1000]}}


def key_of(holder: dict[str, Any]) -> str:
    """The key on an issue or a comment, whichever way its properties are shown; "" if there is none of ours."""
    value = entry(holder).get("key")
    return value if isinstance(value, str) else ""


def entry(holder: dict[str, Any]) -> dict[str, Any]:
    """Our property's value on an issue (an object by name) or a comment (a list), or an empty one."""
    shown = holder.get("properties")
    if isinstance(shown, list):
        shown = {one.get("key"): one.get("value") for one in shown if isinstance(one, dict)}
    value = shown.get(PROPERTY) if isinstance(shown, dict) else None
    return value if isinstance(value, dict) else {}
