"""Working time across weekends, holidays, and hours that the clock skips or strikes twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.calendars import ROUND_THE_CLOCK, CalendarError, calendar

TOKYO = calendar("Asia/Tokyo", "Mon-Fri 09:00-18:00", "JP")
BERLIN = calendar("Europe/Berlin", "Mon-Fri 09:00-12:00, 13:00-18:00, Sat 10:00-14:00", ["DE", date(2026, 12, 31)])
NEW_YORK = calendar("America/New_York", "24/7")
NIGHT = calendar("America/New_York", ["Mon-Sun 22:00-03:00", "12:00-13:00"])
GAP = calendar("America/New_York", "Mon-Sun 02:00-03:00, 03:30-04:00")
MIDNIGHT_GAP = calendar("Africa/Cairo", "Mon-Sun 00:00-24:00")
HALF_HOUR = calendar("Australia/Lord_Howe", "Mon-Sun 01:15-02:45")
ALL = (TOKYO, BERLIN, NEW_YORK, NIGHT, GAP, MIDNIGHT_GAP, HALF_HOUR, ROUND_THE_CLOCK)


def local(zone: str, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold)  # type: ignore[misc, arg-type]


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("start", "working", "due"),
    [
        # Friday evening to Monday
        ((2026, 11, 20, 17, 0), 2, (2026, 11, 24, 10, 0)),
        # Monday 23 November is a holiday in Japan, so Saturday's mail begins to count on Tuesday
        ((2026, 11, 21, 12, 0), 8, (2026, 11, 24, 17, 0)),
        ((2026, 11, 24, 8, 0), 9, (2026, 11, 24, 18, 0)),
        ((2026, 11, 24, 8, 0), 9.5, (2026, 11, 25, 9, 30)),
        # New Year: 1 January is kept, the 2nd is a Saturday
        ((2026, 12, 31, 17, 0), 2, (2027, 1, 4, 10, 0)),
        # the substitute holidays of May 2026 (3, 4, 5 and 6 May)
        ((2026, 5, 1, 17, 30), 1, (2026, 5, 7, 9, 30)),
    ],
)
def test_weekends_and_holidays(start: tuple[int, ...], working: float, due: tuple[int, ...]) -> None:
    assert TOKYO.due(local("Asia/Tokyo", *start), hours(working)) == local("Asia/Tokyo", *due)
    assert TOKYO.worked(local("Asia/Tokyo", *start), local("Asia/Tokyo", *due)) == hours(working)


def test_lunch_saturday_and_a_listed_date() -> None:
    zone = "Europe/Berlin"
    assert BERLIN.due(local(zone, 2026, 11, 20, 11, 30), hours(1)) == local(zone, 2026, 11, 20, 13, 30)
    assert BERLIN.due(local(zone, 2026, 11, 20, 18, 0), hours(3)) == local(zone, 2026, 11, 21, 13, 0)
    assert BERLIN.due(local(zone, 2026, 12, 30, 17, 0), hours(2)) == local(zone, 2027, 1, 2, 11, 0)


def test_the_hour_that_the_clock_skips_is_no_working_time() -> None:
    """New York, 8 March 2026: after 01:59:59 comes 03:00:00."""
    zone = "America/New_York"
    day = (local(zone, 2026, 3, 8), local(zone, 2026, 3, 9))
    assert NEW_YORK.worked(*day) == hours(23)
    assert GAP.worked(*day) == hours(0.5)
    assert NIGHT.worked(local(zone, 2026, 3, 7, 21, 0), local(zone, 2026, 3, 8, 6, 0)) == hours(4)
    assert GAP.due(local(zone, 2026, 3, 8, 1, 0), hours(0.25)) == local(zone, 2026, 3, 8, 3, 45)


def test_the_hour_that_strikes_twice_counts_twice() -> None:
    """New York, 1 November 2026: 01:00 to 02:00 comes two times."""
    zone = "America/New_York"
    assert NEW_YORK.worked(local(zone, 2026, 11, 1), local(zone, 2026, 11, 2)) == hours(25)
    assert NIGHT.worked(local(zone, 2026, 10, 31, 21, 0), local(zone, 2026, 11, 1, 6, 0)) == hours(6)
    second = local(zone, 2026, 11, 1, 1, 30, fold=1).astimezone(UTC)
    assert NIGHT.due(local(zone, 2026, 10, 31, 22, 0), hours(4.5)) == second
    assert NIGHT.due(local(zone, 2026, 10, 31, 22, 0), hours(3.5)) == second - hours(1)


def test_a_clock_change_over_a_weekend() -> None:
    """Berlin, 29 March 2026: Friday 17:00 and two hours of work is Monday 10:00 all the same."""
    calendar_ = calendar("Europe/Berlin", "Mon-Fri 09:00-18:00")
    start, due = local("Europe/Berlin", 2026, 3, 27, 17), local("Europe/Berlin", 2026, 3, 30, 10)
    assert calendar_.due(start, hours(2)) == due
    assert due.astimezone(UTC) - start.astimezone(UTC) == hours(64)


moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ALL), moments, st.integers(0, 60 * 24 * 12).map(lambda m: timedelta(minutes=m)))
def test_due_and_worked_are_each_others_inverse(one: object, start: datetime, working: timedelta) -> None:
    assert isinstance(one, type(TOKYO))
    due = one.due(start, working)
    assert due >= start
    assert due.tzinfo is UTC
    assert one.worked(start, due) == working
    assert working == timedelta() or one.worked(start, due - timedelta(microseconds=1)) < working


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ALL), st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_working_time_adds_up_and_never_runs_backwards(one: object, times: list[datetime]) -> None:
    assert isinstance(one, type(TOKYO))
    first, second, third = times[0], *(min(later, times[0] + timedelta(days=90)) for later in times[1:])
    assert one.worked(first, second) + one.worked(second, third) == one.worked(first, third)
    assert timedelta() <= one.worked(first, third) <= third - first
    assert one.worked(third, first) == timedelta() or first == third
    assert one.due(first, hours(5)) <= one.due(second, hours(5))
    assert one.due(first, hours(5)) <= one.due(first, hours(6))


def test_always_open() -> None:
    start = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    assert ROUND_THE_CLOCK.due(start, hours(30)) == start + hours(30)
    assert ROUND_THE_CLOCK.is_open(start)


def test_open_and_closed() -> None:
    assert TOKYO.is_open(local("Asia/Tokyo", 2026, 11, 24, 9, 0))
    assert not TOKYO.is_open(local("Asia/Tokyo", 2026, 11, 24, 18, 0))
    assert NIGHT.is_open(local("America/New_York", 2026, 11, 24, 2, 59))


def test_a_working_day_is_as_long_as_the_office_is_open() -> None:
    assert TOKYO.span("2d") == hours(18)
    assert ROUND_THE_CLOCK.span("2d") == hours(48)
    assert TOKYO.span("90m") == hours(1.5)
    assert TOKYO.span("8h") == hours(8)
    with pytest.raises(CalendarError, match="8h"):
        TOKYO.span("8 hours")


def test_a_calendar_that_never_opens_is_said_to_be_wrong() -> None:
    never = calendar("UTC", "Mon 09:00-09:01")
    with pytest.raises(CalendarError, match="ten years"):
        never.due(datetime(2026, 1, 1, tzinfo=UTC), hours(50))


@pytest.mark.parametrize(
    ("zone", "hours_", "holidays", "words"),
    [
        ("Asia/Tokio", "24/7", None, "Asia/Tokyo"),
        ("../etc/passwd", "24/7", None, "no time zone"),
        ("", "24/7", None, "no time zone"),
        ("UTC", "9 to 5", None, "Mon-Fri 09:00-18:00"),
        ("UTC", "09:00-18:00", None, "Mon-Fri 09:00-18:00"),
        ("UTC", "Mon-Fry 09:00-18:00", None, "Sun"),
        ("UTC", "Mon 09:60-18:00", None, "24:00"),
        ("UTC", "Mon 09:00-09:00", None, "24:00"),
        ("UTC", "Mon 09:00-25:00", None, "24:00"),
        ("UTC", "", None, "Mon-Fri"),
        ("UTC", "24/7", "XX", "list their dates"),
        ("UTC", "24/7", "US-XX", "list their dates"),
        ("UTC", "24/7", ["2026-13-01"], "neither"),
        ("UTC", "24/7", 5, "neither"),
    ],
)
def test_what_is_no_calendar_is_named_with_its_cure(zone: str, hours_: str, holidays: object, words: str) -> None:
    with pytest.raises(CalendarError, match=words.replace("/", ".")):
        calendar(zone, hours_, holidays)
