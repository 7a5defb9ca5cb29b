"""Folder names: modified UTF-7 (RFC 3501 §5.1.3), and the directory each stands for."""

from __future__ import annotations

import binascii
import os
import re
from pathlib import Path

from worker.demo.imap.errors import Refused

INBOX = "INBOX"
MAX_DEPTH = 12
MAX_PART_BYTES = 200

_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_PLAIN_RUN = re.compile(r"[\x20-\x7e]+|[^\x20-\x7e]+")


def encode(name: str) -> bytes:
    """Unicode to modified UTF-7. Raises UnicodeEncodeError on lone surrogates."""
    return b"".join(_encode_run(run) for run in _PLAIN_RUN.findall(name))


def _encode_run(run: str) -> bytes:
    if run[0] in map(chr, range(0x20, 0x7F)):
        return run.replace("&", "&-").encode("ascii")
    coded = binascii.b2a_base64(run.encode("utf-16-be"), newline=False)
    return b"&" + coded.rstrip(b"=").replace(b"/", b",") + b"-"


def decode(raw: bytes) -> str:
    """Modified UTF-7 to Unicode. Raises Refused when the bytes are not that."""
    try:
        pieces = _SHIFTED.split(raw)
        plain = [piece.decode("ascii") for piece in pieces[::2]]
        coded = [_decode_run(piece) for piece in pieces[1::2]]
    except ValueError as error:
        raise Refused("[CANNOT] A folder name is in modified UTF-7") from error
    if any("&" in piece for piece in plain):
        raise Refused("[CANNOT] A folder name is in modified UTF-7")
    return "".join(a + b for a, b in zip(plain, [*coded, ""], strict=True))


def _decode_run(coded: bytes) -> str:
    if not coded:
        return "&"
    padded = coded.replace(b",", b"/") + b"=" * (-len(coded) % 4)
    return binascii.a2b_base64(padded).decode("utf-16-be")


def folder_name(raw: bytes) -> str:
    """The folder a client names; INBOX in any case is INBOX. Raises Refused for a name that cannot be a folder."""
    name = decode(raw)
    if name.upper() == INBOX:
        return INBOX
    parts = name.split("/")
    if len(parts) > MAX_DEPTH or parts[0].upper() == INBOX or not all(map(_is_directory_name, parts)):
        raise Refused("[CANNOT] Not a folder name here")
    return name


def _is_directory_name(part: str) -> bool:
    """A part may not be empty, hidden (so neither . nor ..), too long for a disk, or hold control characters."""
    hidden = part.startswith(".")
    fits = 0 < len(part.encode("utf-8", "replace")) <= MAX_PART_BYTES
    return fits and not hidden and part.isprintable() and part == part.strip()


def directory(root: Path, name: str) -> Path:
    """Where the folder's files lie."""
    return root if name == INBOX else root.joinpath(*name.split("/"))


def below(root: Path) -> list[str]:
    """Every folder's name, INBOX first, then by name; directories that cannot be folders are left out."""
    found = []
    for base, children, _ in os.walk(root):
        above = "" if Path(base) == root else Path(base).relative_to(root).as_posix() + "/"
        children[:] = [child for child in children if _is_folder(above + child)]
        found += [above + child for child in children]
    return [INBOX, *sorted(found)]


def _is_folder(name: str) -> bool:
    try:
        return folder_name(encode(name)) == name
    except (Refused, UnicodeEncodeError):
        return False


def matches(pattern: str, name: str) -> bool:
    """LIST's wildcards: ``*`` is anything, ``%`` anything within one level. Time grows with the product of lengths."""
    if name == INBOX and pattern.upper() == INBOX:
        return True
    reached = _past_wildcards(pattern, {0})
    for char in name:
        stepped = {at + (pattern[at] not in "*%") for at in reached if _accepts(pattern, at, char)}
        reached = _past_wildcards(pattern, stepped)
    return len(pattern) in reached


def _accepts(pattern: str, at: int, char: str) -> bool:
    if at == len(pattern):
        return False
    return pattern[at] == "*" or (pattern[at] == "%" and char != "/") or pattern[at] == char


def _past_wildcards(pattern: str, reached: set[int]) -> set[int]:
    """A wildcard may stand for nothing, so whoever is at one is also past it."""
    found = set(reached)
    for at in reached:
        while at < len(pattern) and pattern[at] in "*%":
            at += 1  # noqa: PLW2901
            found.add(at)
    return found
