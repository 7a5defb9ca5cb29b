"""Encoded words and raw 8-bit octets in header fields, as they are found and not as RFC 2047 wishes them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from worker.parsing import charset
from worker.parsing.text import one_line

#: octets of encoded words in one field that are decoded; the rest stays as written
MAX_DECODE_BYTES = 8 * 1024
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(sorted(set(range(256)) - set(_ALPHABET)))


@dataclass(frozen=True, slots=True)
class _Word:
    label: str
    base64: bool
    payload: str


def decode_field(raw: bytes, hint: str = "") -> str:
    """A field's value as one line of text; ``hint`` is the charset of the body, for raw 8-bit octets."""
    text = from_octets(raw, hint)
    if "=?" not in text and text.isprintable():
        return text
    return one_line(decode_words(text))


def from_octets(raw: bytes, hint: str = "") -> str:
    """A field's octets as text, encoded words untouched: ASCII, UTF-8 (RFC 6532), raw ISO-2022-JP or the hint."""
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii")
    return charset.guess(raw, hint)


def decode_words(text: str) -> str:
    """The text with its encoded words decoded; adjacent words of one charset are joined before they are decoded."""
    if "=?" not in text:
        return text
    out: list[str] = []
    run: list[_Word] = []
    for piece in _pieces(text):
        if isinstance(piece, _Word):
            run.append(piece)
        elif not (run and piece.isspace()):
            out += [_decode_run(run), piece]
            run = []
    out.append(_decode_run(run))
    return "".join(out)


def reencode_words(text: str) -> str:
    """The text with each run of encoded words rewritten as one well-formed UTF-8 word, for a strict reader."""
    if "=?" not in text:
        return text
    out: list[str] = []
    run: list[_Word] = []
    for piece in _pieces(text):
        if isinstance(piece, _Word):
            run.append(piece)
        elif not (run and piece.isspace()):
            out += [_encoded(run), _apart(piece, bool(run))]
            run = []
    out.append(_encoded(run))
    return "".join(out)


def _apart(piece: str, after_word: bool) -> str:
    """RFC 2047 wants space after a word; mailers forget it before the angle bracket."""
    return " " + piece if after_word and piece[:1] not in (" ", "\t", '"', ")", ",") else piece


def _encoded(run: list[_Word]) -> str:
    if not run:
        return ""
    octets = one_line(_decode_run(run)).encode("utf-8", "replace")
    return f"=?utf-8?b?{base64.b64encode(octets).decode('ascii')}?=" if octets else ""


def _pieces(text: str) -> list[_Word | str]:
    """Words and the text between them, in order; one pass, whatever the text."""
    pieces: list[_Word | str] = []
    position = start = 0
    while (start := text.find("=?", start)) >= 0 and start < MAX_DECODE_BYTES:
        end = text.find("?=", text.find("?", text.find("?", start + 2) + 1) + 1)
        if end < 0:
            break
        word = _word(text[start + 2 : end])
        if word is None:
            start += 2
            continue
        if start > position:
            pieces.append(text[position:start])
        pieces.append(word)
        position = start = end + 2
    if position < len(text):
        pieces.append(text[position:])
    return pieces


def _word(inner: str) -> _Word | None:
    label, _, rest = inner.partition("?")
    encoding, mark, payload = rest.partition("?")
    well_formed = mark and encoding in ("b", "B", "q", "Q") and "=?" not in payload
    if not well_formed or not 0 < len(label) <= 60 or not label.isascii() or " " in label:
        return None
    return _Word(label.partition("*")[0].lower(), encoding in "bB", payload)


def _decode_run(run: list[_Word]) -> str:
    """The text of adjacent words: octets of one charset belong together, since words are cut within characters."""
    out: list[str] = []
    position = 0
    while position < len(run):
        label = run[position].label
        end = position
        while end < len(run) and run[end].label == label:
            end += 1
        out.append(_text_of(run[position:end], label))
        position = end
    return "".join(out)


def _text_of(words: list[_Word], label: str) -> str:
    text, _ = charset.decode(b"".join(_octets(words)), label)
    return text


def _octets(words: list[_Word]) -> list[bytes]:
    """The octets of words; base64 that was cut within a group of four goes on in the next word."""
    octets: list[bytes] = []
    carry = ""
    for word in words:
        if not word.base64:
            octets += [_base64(carry), _quoted(word)]
            carry = ""
            continue
        carry += "".join(word.payload.split())
        if carry.endswith("=") or len(carry) % 4 == 0:
            octets.append(_base64(carry))
            carry = ""
    return [*octets, _base64(carry)]


def _base64(payload: str) -> bytes:
    octets = payload.encode("ascii", "ignore")
    try:
        return binascii.a2b_base64(octets + b"=" * (-len(octets) % 4))
    except binascii.Error:
        kept = octets.translate(None, _NOT_BASE64)
        # A lone last octet carries no byte.
        return binascii.a2b_base64(kept[: len(kept) - (len(kept) % 4 == 1)] + b"==")


def _quoted(word: _Word) -> bytes:
    """Q encoding; raw 8-bit characters in it are taken to be of the word's own charset."""
    codec = charset.codec_of(word.label) or "utf-8"
    octets = word.payload.encode("ascii" if word.payload.isascii() else codec, "replace")
    return binascii.a2b_qp(octets, header=True)
