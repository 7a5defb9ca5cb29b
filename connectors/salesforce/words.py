"""Words of a mail made fit for Salesforce: no character that it refuses, no more of them than a field holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from connectors.contract import Person

_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,63}\Z")
_WORD_JOINER = "\u2060"


def clean(text: str) -> str:
    """Without what no field can hold, and without what a composite would fill in.

    Salesforce replaces "@{name.field}" in any text of a later subrequest by a field of an earlier one, and knows
    no way to quote it; an unseen character between the two signs keeps it the text that it is.
    """
    sendable = _UNSENDABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return sendable.replace("@{", f"@{_WORD_JOINER}{{")


def units(text: str) -> int:
    """Length as Salesforce counts it: a character beyond the basic plane counts twice."""
    return len(text) + sum(one > "\uffff" for one in text)


def cut(text: str, room: int) -> str:
    """As much of the beginning as fits."""
    if len(text) * 2 <= room or units(text) <= room:
        return text
    return text.encode("utf-16-le")[: max(room, 0) * 2].decode("utf-16-le", "ignore")


def cut_bytes(text: str, room_bytes: int) -> str:
    """As ``cut``, for a field that counts the bytes of UTF-8."""
    return text.encode()[: max(room_bytes, 0)].decode("utf-8", "ignore")


def with_notices(text: str, notices: Sequence[str], room: int) -> str:
    """The text and what we have to say of it below; when both do not fit, the text is cut."""
    said = "\n\n".join(f"[{clean(one)}]" for one in notices)
    body = cut(text, room - (units(said) + 2 if said else 0))
    return "\n\n".join(filter(None, (body, said)))


def is_address(text: str) -> bool:
    """Whether Salesforce's e-mail fields take it; anything else makes it refuse the whole record."""
    return len(text) <= 254 and bool(_ADDRESS.match(text)) and ".." not in text and ".@" not in text and text[0] != "."


def addresses(people: Iterable[Person], room: int) -> str:
    """Those that Salesforce takes, as many as fit, divided by semicolons."""
    line = ""
    for person in people:
        longer = f"{line}; {person.address}" if line else person.address
        if is_address(person.address) and len(longer) <= room:
            line = longer
    return line


def one_line(text: str, room: int) -> str:
    """Cleaned, on one line, cut."""
    return cut(" ".join(clean(text).split()), room)
