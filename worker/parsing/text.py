"""Text that may leave the house: valid Unicode, no control characters, bounded."""

from __future__ import annotations

import re

# C0 without tab and line feed, DEL, C1, surrogates and noncharacters: none of them may reach a CRM or a database.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]+")
_ASCII_CONTROLS = bytes([*range(9), *range(11, 32), 127])
# C1 controls and noncharacters as they look in UTF-8.
_WIDE_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]|\xef(?:\xb7[\x90-\xaf]|\xbf[\xbe\xbf])")
_LINE_ENDS = re.compile("[\t\n\x0b-\r\x1c-\x1e\x85\u2028\u2029]+")
# Characters that reorder or hide others: harmless in a body, a lie in a file name (fdp.exe).
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]+")


def clean(text: str) -> str:
    """The text with ``\\n`` line ends and without control characters other than tab and line feed."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        # By way of UTF-8, since octets are filtered ten times as fast as characters.
        octets = text.encode("utf-8").translate(None, _ASCII_CONTROLS)
    except UnicodeEncodeError:
        return _CONTROLS.sub("", text)
    if b"\xc2" in octets or b"\xef" in octets:
        octets = _WIDE_CONTROLS.sub(b"", octets)
    return octets.decode("utf-8")


def one_line(text: str) -> str:
    """The text on one line: line ends and tabs become a space, other control characters go (RFC 5322 section 2.2)."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return _CONTROLS.sub("", _LINE_ENDS.sub(" ", text)).strip()


def visible(text: str) -> str:
    """The text on one line without characters that are invisible or turn the reading direction."""
    line = one_line(text)
    return line if line.isascii() else _INVISIBLE.sub("", line).strip()


def listed(table: str) -> tuple[str, ...]:
    """The entries of a table that is written with ``|`` between them and may run over lines."""
    return tuple(entry for cell in table.split("|") if (entry := " ".join(cell.split())))
