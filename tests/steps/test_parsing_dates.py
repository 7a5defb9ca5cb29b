"""Dates in the shapes that programs give them, and what stands in when there is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.letters import read
from worker.parsing.dates import read_date

TEN = "2026-11-21T10:00:00+00:00"
ONE = "2026-11-21T01:00:00+00:00"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Sat, 21 Nov 2026 10:00:00 +0000", TEN),
        ("Sat, 21 Nov 2026 10:00:00", TEN),
        ("21 Nov 26 10:00", TEN),
        ("Sat,21 Nov 2026 10:00:00+0900", ONE),
        ("Sat, 21 Nov 2026 10:00:00 GMT+09:00", ONE),
        ("Sat, 21 Nov 2026 10:00:00 JST", ONE),
        ("Sat, 21 Nov 2026 10:00:00 +0900 (JST)", ONE),
        ("Sat Nov 21 10:00:00 2026", TEN),
        ("Sat Nov 21 10:00:00 JST 2026", ONE),
        ("Sat, Nov 21, 2026 at 10:00 AM", TEN),
        ("21-Nov-2026 10.00.00 GMT", TEN),
        ("2026-11-21T10:00:00Z", TEN),
        ("2026-11-21 10:00:00.123", TEN),
        ("2026-21-11 10:00", TEN),
        ("2026年11月21日 10:00", TEN),
        ("11/21/2026 10:00", TEN),
        ("21/11/2026 10:00", TEN),
        ("21.11.2026 10:00", TEN),
        ("Sa, 21 November 2026 11:00 MEZ", TEN),
        ("sam., 21 nov. 2026 10:00 GMT", TEN),
        ("Sat, 21 Nov 2026 10:00:00 +9900", TEN),
        ("Sat, 21 Nov 2026 10:00:00 XYZ", TEN),
        ("Sat, 21 Sept 2026 10:00:00 +0000", "2026-09-21T10:00:00+00:00"),
        ("Sat, 21 Nov 103 10:00:00 GMT", "2003-11-21T10:00:00+00:00"),
        ("Sat, 21 Nov 99 10:00:00 GMT", "1999-11-21T10:00:00+00:00"),
        ("Sat, 21 Nov 2026 10:00:60 GMT", "2026-11-21T10:00:59+00:00"),
    ],
)
def test_a_date_is_read(written, meant):
    found = read_date(written)
    assert found is not None
    assert found.isoformat() == meant


@pytest.mark.parametrize(
    "written", ["", "x", "now", "1 Jan 99999 +99999999", "31 Feb 2026 10:00", "Sat, 21 Nov 2026 25:00", "21 Foo 2026"]
)
def test_what_is_no_date_is_none(written):
    """H16."""
    assert read_date(written) is None


@given(st.text(max_size=120) | st.from_regex(r"\d{1,4}[-/. ]\w{1,9}[-/. ]\d{1,6} \d{1,3}:\d{1,3}:?\d{0,3} [+-]\d{1,6}"))
def test_any_text_is_a_date_or_none(text):
    found = read_date(text)
    assert found is None or found.tzinfo is UTC


RECEIVED = (
    b"Received: from a by b; Fri, 20 Nov 2026 09:00:00 +0000\r\n"
    b"Received: from c by a; Thu, 19 Nov 2026 09:00:00 +0000\r\n"
)


@pytest.mark.parametrize(
    "date", [b"", b"Date: x\r\n", b"Date: Sat, 21 Nov 2099 10:00:00 +0000\r\n", b"Date: 1 Jan 1970 00:00 Z\r\n"]
)
def test_without_a_sensible_date_the_last_server_tells(date):
    message = read(RECEIVED + date + b"From: a@b.example\r\n\r\nx")
    assert message.sent_at == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert any("Date field" in defect for defect in message.defects)


def test_the_first_date_that_makes_sense_is_taken():
    message = read(b"From: a@b.example\r\nDate: Sat, 21 Nov 20\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\nx")
    assert message.sent_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
