"""Field values filled in from a mail: names in braces, each put in once, as plain short text; no code, one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from worker.message import InboundMessage
from worker.settings.addresses import split_detail
from worker.settings.patterns import pattern_in
from worker.settings.route import Route
from worker.settings.templates import CAPTURING, pieces

_MOST_CHARS = 200
_TAG = re.compile(r"\[\s{0,4}([^\[\]\s][^\[\]]{0,39})\]")


def filled(templates: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Every template with its values; one that comes to nothing is left out, so that a CRM's default stays."""
    made = {name: _filled(template, values).strip() for name, template in templates.items()}
    return {name: text for name, text in made.items() if text or not templates[name]}


def _filled(template: str, values: Mapping[str, str]) -> str:
    return "".join(values.get(text, "") if is_name else text for text, is_name in pieces(template))


def values_of(route: Route, message: InboundMessage, recipient: str, known: Mapping[str, str]) -> dict[str, str]:
    """What the templates of a route may name. ``known``: mailbox, language and the like."""
    author = message.author
    values = {
        "subject": message.subject,
        "tag": _tag(message.subject),
        "sender": author.address,
        "sender.name": author.name,
        **_parts("sender", author.address),
        "address": recipient,
        **_parts("address", recipient),
        **known,
    }
    for key, groups in _captures(route, message, recipient):
        for name, text in groups.items():
            values.setdefault(name, text)
            values[f"{key}.{name}"] = text
    return {name: clean(text) for name, text in values.items()}


def clean(text: str) -> str:
    """One line of printable characters, cut: nothing in it can end a line or steer a terminal (H24, H25)."""
    printable = "".join(char if char.isprintable() else " " for char in text[: 4 * _MOST_CHARS])
    return " ".join(printable.split())[:_MOST_CHARS]


def _tag(subject: str) -> str:
    found = _TAG.search(subject[:1000])
    return found[1].strip() if found else ""


def _parts(name: str, address: str) -> dict[str, str]:
    whole, detail = split_detail(address)
    local, _, domain = whole.rpartition("@")
    return {f"{name}.local": local, f"{name}.domain": domain, f"{name}.detail": detail}


def _captures(route: Route, message: InboundMessage, recipient: str) -> Iterator[tuple[str, dict[str, str]]]:
    """By condition, what its pattern's groups hold, by number and by name."""
    texts = {"subject": message.subject, "address": recipient, "sender": message.author.address}
    for key in CAPTURING:
        written = getattr(route, key)
        found = _found(pattern_in(written), key, texts[key]) if written else None
        if found:
            numbered = {str(number): text or "" for number, text in enumerate(found.groups(), 1)}
            yield key, {**numbered, **{name: text or "" for name, text in found.groupdict().items()}}


def _found(pattern: Any, key: str, text: str) -> Any:
    if pattern is None:
        return None
    if key == "subject":
        return pattern.search(text)
    # An address matches as a whole, with its detail or without.
    return pattern.fullmatch(text) or pattern.fullmatch(split_detail(text)[0])
