"""The RTF body of a winmail.dat: decompressed (MS-OXRTFCP), read as text, or its HTML taken out (MS-OXRTFEX)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_RTF_BYTES = 4 * 1024 * 1024
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_WINDOW = 4096
_MAX_GROUPS = 1000
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_SKIPPED = frozenset(
    {
        b"fonttbl",
        b"colortbl",
        b"stylesheet",
        b"info",
        b"pict",
        b"object",
        b"header",
        b"footer",
        b"generator",
        b"listtable",
    }
)
_BREAKS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"row": "\n", b"cell": "\t", b"emdash": "—", b"endash": "–"}
_SIGNS = {b"~": "\u00a0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"\n": "\n", b"\r": "\n"}
_QUOTES = {b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•"}
_CODE_PAGES = {932, 936, 949, 950, 874, *range(1250, 1259), 437, 850}


def decompressed(octets: bytes) -> bytes:
    """RTF out of its compressed form (LZFu, MELA); b"" when it is neither."""
    if len(octets) < 16:
        return b""
    kind, size = octets[8:12], min(int.from_bytes(octets[4:8], "little"), MAX_RTF_BYTES)
    if kind == b"MELA":
        return octets[16 : 16 + size]
    return _expanded(octets, size) if kind == b"LZFu" else b""


def _expanded(octets: bytes, size: int) -> bytes:
    """Runs of eight: literal octets, or references into a ring of the last 4,096 (MS-OXRTFCP 3.1.2)."""
    out = bytearray(_DICTIONARY)
    start, position = len(_DICTIONARY), 16
    while position < len(octets) and len(out) - start < size:
        control = octets[position]
        position += 1
        for bit in range(8):
            if not control >> bit & 1:
                out += octets[position : position + 1]
                position += 1
            elif not _copy(out, octets[position : position + 2]):
                return bytes(out[start:])
            else:
                position += 2
    return bytes(out[start : start + size])


def _copy(out: bytearray, reference: bytes) -> bool:
    """Append what a reference names; False at the end mark, which refers to the place that is written next."""
    pointer = int.from_bytes(reference, "big")
    offset, length = pointer >> 4, (pointer & 15) + 2
    back = (len(out) - offset) % _WINDOW
    if len(reference) < 2 or back == 0 or back > len(out):
        return False
    for _ in range(length):
        out.append(out[-back])
    return True


@dataclass(slots=True)
class _State:
    """What a group inherits: whether it is skipped, whether it is markup of the HTML, how long a \\u substitute is."""

    skipped: bool = False
    #: within \\htmlrtf: RTF that only stands in for the HTML
    stand_in: bool = False
    substitutes: int = 1


@dataclass(slots=True)
class _Reader:
    codec: str = "cp1252"
    out: list[str] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    states: list[_State] = field(default_factory=lambda: [_State()])
    #: characters that follow a \\u and only stand in for it
    pending: int = 0
    encapsulated: bool = False
    starred: bool = False

    @property
    def state(self) -> _State:
        return self.states[-1]

    def flush(self) -> None:
        if self.raw:
            self.out.append(bytes(self.raw).decode(self.codec, "replace"))
            self.raw.clear()

    def write(self, text: str) -> None:
        if not (self.state.skipped or self.state.stand_in):
            self.flush()
            self.out.append(text)

    def octets(self, octets: bytes) -> None:
        dropped = min(self.pending, len(octets))
        self.pending -= dropped
        if not (self.state.skipped or self.state.stand_in):
            self.raw += octets[dropped:]

    def brace(self, brace: bytes) -> None:
        if brace == b"{" and len(self.states) < _MAX_GROUPS:
            state = self.state
            self.states.append(_State(state.skipped, state.stand_in, state.substitutes))
        elif brace == b"}" and len(self.states) > 1:
            self.states.pop()

    def word(self, word: bytes, value: int | None) -> None:
        starred, self.starred = self.starred, False
        if word == b"u" and value is not None:
            self.write(chr(value % 65536))
            self.pending = self.state.substitutes
        elif word in _BREAKS or word in _QUOTES:
            self.write(_BREAKS.get(word) or _QUOTES[word])
        elif word in _SKIPPED or (starred and word != b"htmltag"):
            self.state.skipped = True
        else:
            self._setting(word, value)

    def _setting(self, word: bytes, value: int | None) -> None:
        if word == b"htmlrtf":
            self.state.stand_in = value != 0
        elif word == b"fromhtml":
            self.encapsulated = True
        elif word == b"uc" and value is not None:
            self.state.substitutes = min(max(value, 0), 8)
        elif word == b"ansicpg" and value in _CODE_PAGES:
            self.flush()
            self.codec = f"cp{value}"


def read_rtf(rtf: bytes) -> tuple[str, str]:
    """(text, HTML): the HTML when the RTF only carries it, else the text."""
    reader = _Reader()
    for token in _TOKEN.finditer(rtf[:MAX_RTF_BYTES]):
        word, value, octet, sign, brace, plain = token.groups()
        if word:
            reader.word(word, int(value) if value else None)
        elif octet:
            reader.octets(bytes.fromhex(octet.decode("ascii")))
        elif sign == b"*":
            reader.starred = True
        elif sign:
            reader.write(_SIGNS.get(sign, ""))
        elif brace:
            reader.brace(brace)
        elif plain:
            reader.octets(plain)
    reader.flush()
    found = "".join(reader.out).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return ("", found) if reader.encapsulated else (found, "")
