"""Working time, across weekends, holidays and clock changes: when so much will have passed, how much has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ALWAYS = "24/7"
_DAY_MINUTES = 24 * 60
_RANGE = re.compile(r"(?:([A-Za-z]{3})(?:-([A-Za-z]{3}))? +)?(\d\d):(\d\d)-(\d\d):(\d\d)")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_COUNTRY = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,4}))?")
#: Longer than this nobody waits for an office to open: the calendar must be wrong.
_LONGEST_SEARCH = timedelta(days=3700)

#: minutes after midnight of the day on which it begins; the end may lie on the next day
Span = tuple[int, int]


class CalendarError(ValueError):
    """The calendar cannot be; the text says what is wrong, and the cure."""


@dataclass(frozen=True)
class Calendar:
    """The working hours of one office. Times given and returned are aware, UTC."""

    zone: ZoneInfo
    #: for Monday to Sunday, in order
    week: tuple[tuple[Span, ...], ...]
    #: countries whose public holidays are kept, as (country, subdivision or "")
    countries: tuple[tuple[str, str], ...] = ()
    closed: frozenset[date] = field(default_factory=frozenset)

    def due(self, start: datetime, working: timedelta) -> datetime:
        """The first moment by which so much working time has passed since ``start``.

        Raises CalendarError when that is more than ten years away.
        """
        left = working
        if left <= timedelta():
            return start.astimezone(UTC)
        for begin, end in self._open_from(start, start + working + _LONGEST_SEARCH):
            opened = max(begin, start.astimezone(UTC))
            if end - opened >= left:
                return opened + left
            left -= max(end - opened, timedelta())
        raise CalendarError("in ten years there is not that much working time; look at hours and holidays")

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """The working time between two moments; nothing when ``end`` is not after ``start``."""
        total = timedelta()
        for begin, close in self._open_from(start, end):
            overlap = min(close, end.astimezone(UTC)) - max(begin, start.astimezone(UTC))
            total += max(overlap, timedelta())
        return total

    def is_open(self, moment: datetime) -> bool:
        """Whether it is working time."""
        return any(begin <= moment < end for begin, end in self._open_from(moment, moment + timedelta(seconds=1)))

    def span(self, text: str) -> timedelta:
        """``30m``, ``8h`` or ``2d`` of working time; a day is as long as the longest day of the week."""
        found = _DURATION.fullmatch(text)
        if not found:
            raise CalendarError(f'{text[:40]!r} is no duration; write "30m", "8h" or "2d"')
        longest = max(sum(end - begin for begin, end in spans) for spans in self.week)
        minutes = {"m": 1, "h": 60, "d": longest}[found[2]]
        return timedelta(minutes=int(found[1]) * minutes)

    def _open_from(self, start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The times when it is open, in order and apart, of all days that touch ``start`` to ``until``."""
        # What began yesterday may last into today.
        day = start.astimezone(self.zone).date() - timedelta(days=1)
        last = until.astimezone(self.zone).date()
        floor: datetime | None = None
        while day <= last:
            for begin, end in self._spans(day):
                opened, closes = self._instant(day, begin), self._instant(day, end)
                opened = opened if floor is None else max(opened, floor)
                if opened < closes:
                    yield opened, closes
                    floor = closes
            day += timedelta(days=1)

    def _spans(self, day: date) -> Sequence[Span]:
        is_closed = day in self.closed or any(day in _holidays(*country, day.year) for country in self.countries)
        return () if is_closed else self.week[day.weekday()]

    def _instant(self, day: date, minutes: int) -> datetime:
        """The moment when the clock on the wall shows it; the first one of two."""
        local = datetime.combine(day, time()) + timedelta(minutes=minutes)
        first, second = local.replace(tzinfo=self.zone), local.replace(tzinfo=self.zone, fold=1)
        before, after = first.utcoffset() or timedelta(), second.utcoffset() or timedelta()
        if before >= after:
            return first.astimezone(UTC)
        # The wall clock jumps over this time: it is the moment of the jump.
        return self._jump((local - after).replace(tzinfo=UTC), (local - before).replace(tzinfo=UTC), before)

    def _jump(self, early: datetime, late: datetime, before: timedelta) -> datetime:
        """The moment between two at which the offset stops being ``before``, to the second."""
        while late - early > timedelta(seconds=1):
            middle = early + timedelta(seconds=int((late - early).total_seconds()) // 2)
            is_before = middle.astimezone(self.zone).utcoffset() == before
            early, late = (middle, late) if is_before else (early, middle)
        return late


#: Always open: what holds when a reply names no calendar.
ROUND_THE_CLOCK = Calendar(ZoneInfo("UTC"), (((0, _DAY_MINUTES),),) * 7)


def calendar(timezone: str, hours: str | Iterable[str], holidays: object = None) -> Calendar:
    """A calendar from its settings. Raises CalendarError.

    ``hours``: ``"Mon-Fri 09:00-12:00, 13:00-18:00, Sat 10:00-14:00"``, a list of such, or ``"24/7"``; an end before
    its begin is on the next day. ``holidays``: country (``"JP"``, ``"US-CA"``), date (``"2026-12-31"``), or a list.
    """
    countries, closed = _kept_holidays(holidays)
    return Calendar(zone_of(timezone), week_of(hours), countries, closed)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name. Raises CalendarError."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise CalendarError(f'{name[:60]!r} is no time zone; write one as "Asia/Tokyo"') from None


def week_of(hours: str | Iterable[str]) -> tuple[tuple[Span, ...], ...]:
    """The spans of Monday to Sunday. Raises CalendarError."""
    written = hours if isinstance(hours, str) else ", ".join(hours)
    if written.strip() == _ALWAYS:
        return ROUND_THE_CLOCK.week
    week: list[list[Span]] = [[] for _ in DAYS]
    days: tuple[int, ...] = ()
    for part in written.split(","):
        found = _RANGE.fullmatch(part.strip())
        days = _days(found[1], found[2] or found[1]) if found and found[1] else days
        if not found or not days:
            raise CalendarError(f'{part.strip()[:40]!r} is no span of time; write "Mon-Fri 09:00-18:00"')
        for day in days:
            week[day].append(_span(found))
    return tuple(tuple(sorted(spans)) for spans in week)


def _days(first: str, last: str) -> tuple[int, ...]:
    names = [name.capitalize() for name in (first, last)]
    if not set(names) <= set(DAYS):
        raise CalendarError(f"{first}-{last} is no day of the week; write Mon, Tue, Wed, Thu, Fri, Sat, Sun")
    begin, end = (DAYS.index(name) for name in names)
    return tuple(day % 7 for day in range(begin, end + 1 if begin <= end else end + 8))


def _span(found: re.Match[str]) -> Span:
    begin_hour, begin_minute, end_hour, end_minute = (int(found[group]) for group in (3, 4, 5, 6))
    begin, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    if begin_minute > 59 or end_minute > 59 or begin >= _DAY_MINUTES or end > _DAY_MINUTES or begin == end:
        raise CalendarError(f"{found[0]!r} is no span of time; hours go from 00:00 to 24:00")
    return begin, end if begin < end else end + _DAY_MINUTES


def _kept_holidays(holidays: object) -> tuple[tuple[tuple[str, str], ...], frozenset[date]]:
    listed = holidays if isinstance(holidays, list | tuple) else () if holidays is None else (holidays,)
    countries: list[tuple[str, str]] = []
    closed: list[date] = []
    for one in listed:
        if isinstance(one, date):
            closed.append(one)
        elif found := _COUNTRY.fullmatch(str(one)):
            countries.append(_country(found[1], found[2] or ""))
        else:
            closed.append(_date(str(one)))
    return tuple(countries), frozenset(closed)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        cure = 'write a country as "JP" or "US-CA", or a date as "2026-12-31"'
        raise CalendarError(f"{text[:40]!r} is neither a country nor a date; {cure}") from None


def _country(country: str, subdivision: str) -> tuple[str, str]:
    try:
        _holidays(country, subdivision, datetime.now(UTC).year)
    except NotImplementedError:
        name = f"{country}-{subdivision}" if subdivision else country
        raise CalendarError(f"the holidays of {name!r} are not known; list their dates") from None
    return country, subdivision


@lru_cache(256)
def _holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    # Imported only for who keeps a country's holidays.
    import holidays

    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
