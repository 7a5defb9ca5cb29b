"""Content-Type and Content-Disposition with their parameters (RFC 2045, RFC 2183, RFC 2231), as mailers write them."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from worker.parsing import charset
from worker.parsing.text import one_line
from worker.parsing.words import decode_words

MAX_PARAMS = 50
# A name is only looked for where one can begin: a long run without "=" is read once and not from each of its letters.
_PARAM = re.compile(r'(?<![^\s=;"])([^\s=;"]++)\s*+=\s*+("(?:[^"\\]++|\\.)*+"|[^;]*+)')
_ESCAPED = re.compile(r"\\(.)")
_CONTINUED = re.compile(r"^(?P<name>[^*]+)(?:\*(?P<index>\d{1,9}))?(?P<encoded>\*)?$")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def split_params(value: str) -> tuple[str, dict[str, str]]:
    """The value before the first semicolon in lower case, and the parameters by lower-case name, decoded."""
    head, semicolon, rest = value.partition(";")
    if not semicolon:
        return head.strip().lower(), {}
    return head.strip().lower(), _joined(_raw_params(rest))


def media_type(value: str, default: str) -> tuple[str, dict[str, str]]:
    """``type/subtype`` and parameters; ``default`` when there is no readable type (RFC 2045 section 5.2)."""
    found = _TOKEN.match(value.lstrip())
    if found is None:
        return default, split_params(value)[1]
    # The semicolon after the type is sometimes forgotten.
    return found[0].lower(), _joined(_raw_params(value.lstrip()[found.end() :]))


def _raw_params(rest: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for match in _PARAM.finditer(rest):
        found.append((match[1].lower(), _unquoted(match[2])))
        if len(found) >= MAX_PARAMS:
            break
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return _ESCAPED.sub(r"\1", value[1:-1])
    return value.strip().strip('"')


def _joined(raw: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters with RFC 2231 continuations put together; an encoded form wins over a plain one."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for key, value in raw:
        match = _CONTINUED.match(key)
        if match is None or not (match["index"] or match["encoded"]):
            plain.setdefault(key, one_line(decode_words(value)))
        else:
            index = int(match["index"] or 0)
            pieces.setdefault(match["name"], {}).setdefault(index, (bool(match["encoded"]), value))
    return plain | {name: _continued(parts) for name, parts in pieces.items()}


def _continued(parts: dict[int, tuple[bool, str]]) -> str:
    """One value from its numbered pieces, in order; a gap ends it (RFC 2231 section 3)."""
    label, octets = "", b""
    for count, index in enumerate(sorted(parts)):
        if index != count:
            break
        encoded, value = parts[index]
        if encoded and index == 0 and value.count("'") >= 2:
            label, _, value = value.split("'", 2)
        octets += unquote_to_bytes(value) if encoded else value.encode("utf-8", "replace")
    text = charset.decode(octets, label)[0] if label else charset.guess(octets)
    return one_line(decode_words(text))
