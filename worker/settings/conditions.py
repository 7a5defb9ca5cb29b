"""The forms of a route's conditions beside addresses and texts: sizes, files, domains, languages, hours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from worker.settings.addresses import domain_key
from worker.settings.patterns import REGEX, address_rule, compiled, text_test

#: of the languages that the detector knows (worker/routes/tongues.py); a test compares them
_CODES = (
    "ar, bg, ca, cs, da, de, el, en, es, et, fi, fr, he, hr, hu, id, it, ja, ko, lt, lv, nl, no, pl, pt, ro, ru, sk, "
    "sl, sr, sv, th, tr, uk, vi, zh"
)
LANGUAGES = frozenset(_CODES.split(", "))
_UNITS = {"": 1, "b": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}
_AMOUNT = r"\s*([0-9]{1,12}(?:\.[0-9]{1,3})?)\s*([kmg]?b?)\s*"
_SIZE = re.compile(rf"(?:([<>]=?){_AMOUNT}|{_AMOUNT}-{_AMOUNT})", re.IGNORECASE)
_TYPE = re.compile(r"[\w.+-]{1,100}/(?:[\w.+-]{1,100}|\*)|[\w.+-]{1,100}/\*")
_DOMAIN = re.compile(r"[^\s@*,<>()]+")
_EVERYTHING = 1 << 62
TYPE = "type:"


@dataclass(frozen=True)
class SizeRange:
    """From ``least`` to ``most`` bytes, both included."""

    least: int
    most: int

    def holds(self, size_bytes: int) -> bool:
        """Whether a size lies within."""
        return self.least <= size_bytes <= self.most

    def covers(self, other: SizeRange) -> bool:
        """Whether each size of the other lies within."""
        return self.least <= other.least and other.most <= self.most


def size_range(written: str) -> SizeRange:
    """``>5MB``, ``<=100kB`` or ``1MB-5MB``; 1 kB is 1,024 bytes. Raises ValueError."""
    found = _SIZE.fullmatch(written.strip())
    if not found:
        raise ValueError("no size")
    if found[1] is None:
        least, most = _amount(found[4], found[5]), _amount(found[6], found[7])
    else:
        bound = _amount(found[2], found[3])
        least, most = {
            "<": (0, bound - 1),
            "<=": (0, bound),
            ">": (bound + 1, _EVERYTHING),
            ">=": (bound, _EVERYTHING),
        }[found[1]]
    if least > most:
        raise ValueError("no mail has that size")
    return SizeRange(least, most)


def _amount(number: str, unit: str) -> int:
    plain = unit.lower()
    return int(float(number) * _UNITS[plain if plain in _UNITS else f"{plain}b"])


#: of a file's name and its content type
FileTest = Callable[[str, str], bool]


def file_test(written: str) -> FileTest:
    """``type:image/*``, ``*.pdf``, ``re:PATTERN`` or a text that the name contains. Raises ValueError."""
    text = written.strip()
    if text.lower().startswith(TYPE):
        return _type_test(text[len(TYPE) :].strip().lower())
    if "*" in text and not text.startswith(REGEX):
        # Only the star is a wildcard; the rest of a name stands for itself.
        pattern = compiled(".*".join(map(re.escape, text.split("*"))))
        return lambda name, _: pattern.fullmatch(name) is not None
    contains = text_test(text)
    return lambda name, _: contains(name)


def _type_test(wanted: str) -> FileTest:
    if not _TYPE.fullmatch(wanted):
        raise ValueError("no content type")
    family, _, kind = wanted.partition("/")
    if kind == "*":
        return lambda _, content_type: content_type.lower().partition("/")[0] == family
    return lambda _, content_type: content_type.lower() == wanted


@dataclass(frozen=True)
class Domains:
    """Domains in A-labels; with a leading dot, all below it."""

    exact: frozenset[str]
    below: frozenset[str]

    def holds(self, domain: str) -> bool:
        """Whether a domain in A-labels is one of them."""
        return domain in self.exact or any(domain == top or domain.endswith(f".{top}") for top in self.below)

    def covers(self, other: Domains) -> bool:
        """Whether each domain of the other is one of these."""
        inside = all(any(top == mine or top.endswith(f".{mine}") for mine in self.below) for top in other.below)
        return inside and all(self.holds(domain) for domain in other.exact)


def domains(written: str) -> Domains:
    """``example.com, *.example.org``; the star takes the domain itself too. Raises ValueError."""
    exact: set[str] = set()
    below: set[str] = set()
    for one in listed(written):
        name = one.removeprefix("*.")
        if not _DOMAIN.fullmatch(name):
            raise ValueError(f"{one[:40]!r} is no domain")
        (below if one.startswith("*.") else exact).add(domain_key(name))
    return Domains(frozenset(exact), frozenset(below))


def languages(written: str) -> frozenset[str]:
    """``ja, zh``. Raises ValueError for one that the detector does not know."""
    codes = frozenset(one.lower() for one in listed(written))
    if unknown := sorted(codes - LANGUAGES):
        raise ValueError(f"no language we can tell: {', '.join(unknown)[:40]}")
    return codes


def listed(written: str) -> list[str]:
    """The entries between commas. Raises ValueError when there is none."""
    entries = [one.strip() for one in written.split(",") if one.strip()]
    if not entries:
        raise ValueError("empty")
    return entries


@dataclass(frozen=True)
class Hours:
    """In the working hours of a calendar, or out of them."""

    calendar: str
    inside: bool


def hours(written: str) -> Hours:
    """``calendar:tokyo`` or ``outside:tokyo``. Raises ValueError."""
    kind, _, name = written.strip().partition(":")
    if kind not in ("calendar", "outside") or not name.strip():
        raise ValueError("neither calendar:NAME nor outside:NAME")
    return Hours(name.strip(), kind == "calendar")


def could_be_from(sender: str, of: Domains) -> bool:
    """Whether an address that the sender form matches can have such a domain; True when it cannot be told."""
    rule = address_rule(sender)
    if rule.key.startswith(REGEX) or rule.key == "*":
        return True
    return of.holds(rule.key.rpartition("@")[2])
