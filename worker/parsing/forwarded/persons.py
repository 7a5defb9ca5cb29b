"""A person as a mail program copied it: one valid address or nobody."""

from __future__ import annotations

import re2

from worker.parsing.text import visible

_MAX_NAME_CHARS = 200
_MAX_LOCAL_CHARS = 64
_MAX_ADDRESS_CHARS = 254
_BARE = re2.compile(
    r"^[\pL\pN.!#$%&'*+/=?^_`{|}~-]+@[\pL\pN](?:[\pL\pN-]*[\pL\pN])?(?:\.[\pL\pN](?:[\pL\pN-]*[\pL\pN])?)+$"
)
_BRACKETED = re2.compile(r"(?i)[<\[(＜]\s*(?:mailto:)?([^\s<>\[\]()＜＞]+@[^\s<>\[\]()＜＞]+)\s*[>\])＞]?")
_ANY_ADDRESS = re2.compile(r"(?i)[^\s<>\[\]()＜＞,;:\"']+@[^\s<>\[\]()＜＞,;:\"']+")


def mailbox(value: str) -> tuple[str, str] | None:
    """(name, address) of a From as copied by a mail program, or None unless it holds exactly one valid address."""
    value = visible(value[:1000]).strip(" *\t")
    addresses = {match.lower(): match for match in _BRACKETED.findall(value)}
    if not addresses:
        bare = value.strip("\"'<>[]() ")
        return ("", bare) if is_address(bare) else None
    if len(addresses) > 1:
        return None
    address = next(iter(addresses.values()))
    name, _, rest = value.partition(address)
    if not is_address(address) or _names_another(rest, address):
        return None
    return display_name(name.removesuffix("mailto:")), address


def _names_another(text: str, address: str) -> bool:
    """Whether a further address stands behind, as in "on behalf of"."""
    return any(
        found.lower() not in (address.lower(), f"mailto:{address.lower()}") for found in _ANY_ADDRESS.findall(text)
    )


def display_name(text: str) -> str:
    """A display name without its quotes and brackets; "" when it is an address, which would be a lie or an echo."""
    name = text.strip(" \t*<[(＜\"'“”„‘’,;:")
    return "" if "@" in name else name[:_MAX_NAME_CHARS]


def is_address(text: str) -> bool:
    """Whether it is one address of RFC 5321 section 4.1.2 (dot-string), letters of any script (RFC 6531)."""
    local = text.partition("@")[0]
    if len(text) > _MAX_ADDRESS_CHARS or len(local) > _MAX_LOCAL_CHARS or ".." in f".{local}.":
        return False
    return bool(_BARE.match(text))
