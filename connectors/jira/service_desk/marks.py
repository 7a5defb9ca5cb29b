"""How requests of ours are known again: the service desk stores no label or property when it makes something."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from connectors.contract import Delivery
from connectors.jira.flavour import Flavour, quoted
from connectors.jira.marks import Marks
from connectors.jira.people import People
from connectors.jira.service_desk.desk import Desk
from connectors.jira.words import LABEL, MARKER_PREFIX, clean, entry, key_of, marker

_FIELD_CHARS: Final = 254
#: at the start of a line, since Jira writes the names of files behind the last one
_LINE: Final = re.compile(rf"^{MARKER_PREFIX}([0-9a-f]{{16,128}})\b", re.MULTILINE)


def line_of(key: str) -> str:
    """The last line of a text that has no better place for its key. Raises Rejected for what is no key."""
    marker(key)
    return MARKER_PREFIX + key


def field_text(delivery: Delivery) -> str:
    """What the field of the settings' ``key_field`` says."""
    return f"{line_of(delivery.key)} {clean(delivery.message_id)}"[:_FIELD_CHARS].strip()


class DeskMarks(Marks):
    """By the property, which is written in a call of its own; before that by ``key_field`` or the text's last line."""

    def __init__(self, desk: Desk, flavour: Flavour, people: People) -> None:
        self._desk = desk
        self._flavour = flavour
        self._people = people

    def fields(self) -> Sequence[str]:
        field = self._desk.key_field()
        return ("description", "creator", *([field.id] if field else []))

    def clause(self, key: str) -> str:
        phrase = quoted(f'"{line_of(key)}"')
        field = self._desk.key_field()
        where = f"cf[{field.id.removeprefix('customfield_')}]" if field else "text"
        return f"(labels = {quoted(marker(key))} OR {where} ~ {phrase})"

    def ours(self) -> str:
        field = self._desk.key_field()
        listed = f"labels = {quoted(LABEL)}"
        return f"({listed} OR cf[{field.id.removeprefix('customfield_')}] IS NOT EMPTY)" if field else listed

    def entry(self, issue: dict[str, Any]) -> dict[str, Any]:
        if found := entry(issue):
            return found
        fields = issue.get("fields") or {}
        field = self._desk.key_field()
        if field and isinstance(fields.get(field.id), str):
            lines, _, message_id = fields[field.id].partition(" ")
        else:
            lines, message_id = self._flavour.plain(fields.get("description")), ""
        keys = _LINE.findall(lines) if self._is_ours(fields.get("creator")) else []
        # What a mail quotes of another stands above our own line.
        return {"key": keys[-1], "messageId": message_id} if keys else {}

    def is_on(self, comment: dict[str, Any], key: str) -> bool:
        if entry(comment):
            return key_of(comment) == key
        return key in _LINE.findall(self._flavour.plain(comment.get("body"))) and self._is_ours(comment.get("author"))

    def _is_ours(self, user: Any) -> bool:
        return isinstance(user, dict) and user.get(self._flavour.user_key) == self._people.myself()
