"""[[escalations]] as an operator writes them: every mistake is named, and so is a connector that cannot do it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from worker.escalations import findings, rules_of
from worker.settings import Settings, SettingsError, load

BASE = """
[mailboxes.test]
embedded = "mail"
[connectors.crm]
type = "desk"
path = "desk"
[connectors.away]
type = "forward"
to = "cases@crm.example"
smtp = "smtp://127.0.0.1"
[[routes]]
address = "billing@example.com"
connector = "crm"
"""
TOKYO = '[calendars.tokyo]\ntimezone = "Asia/Tokyo"\nhours = "Mon-Fri 09:00-18:00"\n'
BERLIN = '[calendars.berlin]\ntimezone = "Europe/Berlin"\nhours = "Mon-Fri 09:00-17:00"\n'
PINNED = (
    'after = "4h"\nwhen = { connector = "crm", priority = "High" }\nset = { owner = "Tier 2", priority = "Urgent" }\n'
)


def loaded(folder: Path, escalation: str, calendars: str = "") -> Settings:
    file = folder / "settings.toml"
    file.write_text(f"{BASE}{calendars}[[escalations]]\n{escalation}")
    return load(file, {})


def test_the_pinned_form_loads(tmp_path: Path) -> None:
    (rule,) = rules_of(loaded(tmp_path, PINNED))
    assert (rule.name, rule.working, rule.escalation.since) == ("escalations[1]", timedelta(hours=4), "opened")
    assert rule.calendar.zone.key == "UTC"


def test_the_only_calendar_is_the_one(tmp_path: Path) -> None:
    (rule,) = rules_of(loaded(tmp_path, PINNED.replace("4h", "2d"), TOKYO))
    assert (rule.calendar.zone.key, rule.working) == ("Asia/Tokyo", timedelta(hours=18))


def test_a_calendar_that_is_named(tmp_path: Path) -> None:
    (rule,) = rules_of(loaded(tmp_path, f'calendar = "berlin"\n{PINNED}', TOKYO + BERLIN))
    assert rule.calendar.zone.key == "Europe/Berlin"


@pytest.mark.parametrize(
    ("escalation", "words"),
    [
        (PINNED.replace("4h", "soon"), ("escalations[1].after",)),
        (PINNED.replace('"crm"', '"cmr"'), ("escalations[1].when.connector", "unknown connector 'cmr'", "crm")),
        (PINNED.replace('"crm"', '"away"'), ("escalations[1].when.connector", "'away'", "cannot be changed from here")),
        (PINNED + 'calendar = "berlin"\n', ("escalations[1].calendar", "unknown calendar 'berlin'")),
        (PINNED + 'since = "yesterday"\n', ("escalations[1].since", "last customer mail")),
        ('after = "4h"\n', ("escalations[1].set", "nothing to do")),
        (
            'after = "4h"\nnote = "x"\nwhen = { route = "bill@example.com" }\n',
            ("escalations[1].when.route", "billing@"),
        ),
        ('after = "4h"\nnote = "x"\nwhen = { colour = "red" }\n', ("escalations[1].when.colour",)),
    ],
)
def test_every_mistake_is_named_with_its_cure(tmp_path: Path, escalation: str, words: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, escalation)
    told = "\n".join(map(str, caught.value.problems))
    assert [word for word in words if word not in told] == []


def test_which_of_several_calendars_must_be_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there are several calendars"):
        loaded(tmp_path, PINNED, TOKYO + BERLIN)


def test_without_a_connector_it_is_about_all_that_can(tmp_path: Path) -> None:
    assert rules_of(loaded(tmp_path, 'after = "4h"\nnote = "x"\nwhen = { route = "Billing@Example.com" }\n'))


def test_a_calendar_that_never_opens_costs_the_rule_and_check_says_so(tmp_path: Path) -> None:
    closed = '[calendars.never]\ntimezone = "UTC"\nhours = "Mon 09:00-10:00"\n'
    settings = loaded(tmp_path, PINNED.replace("4h", "99999h"), closed)
    assert rules_of(settings) == ()
    (told,) = findings(settings)
    assert "escalations[1] is never due" in told.fact
