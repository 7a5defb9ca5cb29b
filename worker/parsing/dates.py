"""Dates of mails in every shape that programs give them (RFC 5322 section 3.3 and 4.3, ISO 8601, asctime, tongues)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from worker.parsing.text import listed

MAX_DATE_CHARS = 200
#: (year, month, day) and what else the field says
_Found: TypeAlias = tuple[tuple[int, int, int], str]
_MAX_ZONE = timedelta(hours=14)
_COMMENT = re.compile(r"\([^()]{0,80}\)")
_TIME = re.compile(
    r"(?<![\d:+-])(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d{1,9})?\s?([ap])?\.?(?:m\b)?(?![\d:])", re.IGNORECASE
)
_OFFSET = re.compile(r"\s{0,3}(?:GMT|UTC)?\s?([+-])\s?(\d{1,2}):?(\d{2})?(?!\d)", re.IGNORECASE)
_ZONE_NAME = re.compile(r"\s{0,3}([A-Za-z]{1,5})\b")
_DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.)?[\s,./-]{0,3}([^\W\d_]{3,12})\.?[\s,./-]{0,3}(\d{4}|\d{2,3})(?![\d:])"
)
_MONTH_DAY = re.compile(r"([^\W\d_]{3,12})\.?[\s,./-]{1,3}(\d{1,2})(?:st|nd|rd|th)?(?![\d:])")
_YEAR = re.compile(r"(?<![\d:+-])(\d{4})(?![\d:])")
_ISO = re.compile(r"(?<!\d)(\d{4})[-/.年]\s?(\d{1,2})[-/.月]\s?(\d{1,2})(?!\d)日?T?")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan jän gen ene янв",
            "feb fév fev févr helm фев",
            "mar mär mrz mrt maa мар",
            "apr avr abr huh апр",
            "may mai mag mei maj май мая",
            "jun juin giu kes июн",
            "jul juil lug hei июл",
            "aug aoû aou ago elo авг",
            "sep set syy сен",
            "oct okt out ott lok окт",
            "nov noi ноя",
            "dec dez déc dic des jou дек",
        ),
        1,
    )
    for name in names.split()
}
# Hours east of Greenwich; military letters but Z were so often written wrongly that RFC 5322 makes them unknown.
_HOURS_EAST = """
ut 0 | utc 0 | gmt 0 | z 0 | wet 0 | est -5 | edt -4 | cst -6 | cdt -5 | mst -7 | mdt -6 | pst -8 | pdt -7 | akst -9 |
hst -10 | cet 1 | cest 2 | mez 1 | mesz 2 | met 1 | mest 2 | west 1 | bst 1 | eet 2 | eest 3 | msk 3 | msd 4 | ist 5.5 |
ict 7 | hkt 8 | sgt 8 | jst 9 | kst 9 | aest 10 | aedt 11 | nzst 12 | nzdt 13 | brt -3 | art -3 | sast 2 | trt 3
"""
_ZONES = {name: float(hours) for name, hours in map(str.split, listed(_HOURS_EAST))}


def read_date(field: str, timed: bool = False) -> datetime | None:
    """The moment that a field means, aware and in UTC; without a zone it is taken for UTC. None when it means none.

    ``timed``: a date without a readable time of day is none.
    """
    text = _COMMENT.sub(" ", field[:MAX_DATE_CHARS]).strip()
    found = _iso(text) or _named(text) or _month_first(text) or _numbers(text)
    if found is None:
        return None
    date, rest = found
    time = _TIME.search(rest)
    if time is None and timed:
        return None
    hour, minute, second, offset = _time(time, rest)
    try:
        return datetime(*date, hour, minute, min(second, 59), tzinfo=UTC) - offset
    except (ValueError, OverflowError):
        return None


def _time(found: re.Match[str] | None, text: str) -> tuple[int, int, int, timedelta]:
    if found is None:
        return 0, 0, 0, timedelta()
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + 12 * (found[4].lower() == "p")
    return hour, int(found[2]), int(found[3] or 0), _zone(text[found.end() :])


def _zone(rest: str) -> timedelta:
    found = _OFFSET.match(rest)
    if found:
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        if offset > _MAX_ZONE:
            # Nowhere is that far from Greenwich.
            return timedelta()
        return -offset if found[1] == "-" else offset
    named = _ZONE_NAME.match(rest)
    return timedelta(hours=_ZONES.get(named[1].lower(), 0.0)) if named else timedelta()


def _iso(text: str) -> _Found | None:
    found = _ISO.search(text)
    if found is None:
        return None
    return _settled(int(found[1]), int(found[2]), int(found[3])), _without(found)


def _named(text: str) -> _Found | None:
    for found in _DAY_MONTH.finditer(text):
        month = _month(found[2])
        if month:
            return _settled(_full(found[3]), month, int(found[1])), _without(found)
    return None


def _month_first(text: str) -> _Found | None:
    year = _YEAR.search(text)
    for found in _MONTH_DAY.finditer(text):
        month = _month(found[1])
        if month and year:
            return _settled(int(year[1]), month, int(found[2])), text
    return None


def _numbers(text: str) -> _Found | None:
    """Day first with dots; with slashes the order that is possible, and of two possible ones the American."""
    found = _NUMBERS.search(text)
    if found is None:
        return None
    first, second = int(found[1]), int(found[3])
    month, day = (second, first) if found[2] == "." else (first, second)
    return _settled(_full(found[4]), month, day), _without(found)


def _without(found: re.Match[str]) -> str:
    """The field without its date, lest the time of day is looked for in it."""
    return f"{found.string[: found.start()]} {found.string[found.end() :]}"


def _month(name: str) -> int | None:
    lowered = name.lower()
    return _MONTHS.get(lowered[:4]) or _MONTHS.get(lowered[:3])


def _full(year: str) -> int:
    """RFC 5322 section 4.3: two digits below 50 are of this century; three are years since 1900."""
    number = int(year)
    if len(year) == 2:
        return number + (2000 if number < 50 else 1900)
    return number + 1900 if len(year) == 3 else number


def _settled(year: int, month: int, day: int) -> tuple[int, int, int]:
    """A month beyond December is the day: the two were swapped."""
    return (year, day, month) if month > 12 >= day else (year, month, day)
