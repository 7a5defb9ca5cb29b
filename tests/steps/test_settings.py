"""Reading settings: what is said where, who wins, and what comes out."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from worker.settings import Settings, SettingsError, load

GOOD = """
[worker]
poll_seconds = 30

[mailboxes.Support-EU]
host = "imap.example.com"
user = "support@example.com"
password_env = "SUPPORT_PASSWORD"
since = 2026-11-01

[connectors.desk]
type = "desk"
path = "desk"

[[routes]]
address = "help@example.com"
connector = "desk"
fields = { priority = "High" }
"""
SECRET = "correct horse battery staple"
ENVIRON = {"SUPPORT_PASSWORD": SECRET}

Load = Callable[..., Settings]


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    def read(text: str = GOOD, environ: Mapping[str, str] = ENVIRON, **more: str) -> Settings:
        path = tmp_path / "settings.toml"
        path.write_text(text)
        return load(path, {**environ, **more})

    return read


def test_reads_the_file(loaded: Load) -> None:
    settings = loaded()
    mailbox = settings.mailboxes["Support-EU"]
    assert (settings.worker.poll_seconds, settings.worker.concurrency) == (30, 8)
    assert (mailbox.host, mailbox.since, mailbox.processed) == ("imap.example.com", date(2026, 11, 1), "move:Processed")
    assert settings.connectors["desk"].options == {"path": "desk"}
    assert settings.routes[0].fields == {"priority": "High"}
    assert settings.routes[0].spam == "hold"


def test_secret_comes_from_the_given_environment_only(loaded: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_PASSWORD", "of the process")
    password = loaded().mailboxes["Support-EU"].password
    assert password is not None
    assert password.get_secret_value() == SECRET


def test_without_a_given_environment_the_process_is_asked(
    loaded: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded()
    monkeypatch.setenv("SUPPORT_PASSWORD", "of the process")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    password = load(tmp_path / "settings.toml").mailboxes["Support-EU"].password
    assert password is not None
    assert password.get_secret_value() == "of the process"


def test_variables_override_the_file(loaded: Load) -> None:
    settings = loaded(
        MAIL_TO_CASE__WORKER__POLL_SECONDS="5",
        MAIL_TO_CASE__MAILBOXES__SUPPORT_EU__PORT="1993",
        MAIL_TO_CASE__MAILBOXES__SUPPORT_EU__PUSH="false",
        MAIL_TO_CASE__MAILBOXES__SUPPORT_EU__TRUSTED_BORDER='["mx.example.com"]',
        MAIL_TO_CASE__CONNECTORS__DESK__PATH="12345",
    )
    mailbox = settings.mailboxes["Support-EU"]
    assert settings.worker.poll_seconds == 5
    assert (mailbox.port, mailbox.push, mailbox.trusted_border) == (1993, False, ("mx.example.com",))
    assert mailbox.host == "imap.example.com"
    assert settings.connectors["desk"].options == {"path": "12345"}


def test_a_whole_mailbox_and_all_routes_can_come_from_variables(loaded: Load) -> None:
    settings = loaded(
        '[connectors.desk]\ntype = "desk"\npath = "desk"\n',
        MAIL_TO_CASE__MAILBOXES__SALES__HOST="imap.example.com",
        MAIL_TO_CASE__MAILBOXES__SALES__USER="sales@example.com",
        MAIL_TO_CASE__MAILBOXES__SALES__PASSWORD_ENV="SUPPORT_PASSWORD",
        MAIL_TO_CASE__ROUTES='[{"connector": "desk"}]',
    )
    assert settings.mailboxes["sales"].user == "sales@example.com"
    assert settings.routes[0].address == "*"


@pytest.mark.parametrize("url", ["postgres://u:p@db/x", "postgresql://db/x", "sqlite:///other.db"])
def test_database_url_wins(loaded: Load, url: str) -> None:
    settings = loaded(DATABASE_URL=url, MAIL_TO_CASE__WORKER__DATABASE="sqlite:///loses.db")
    assert settings.worker.database == url


def test_sqlite_on_a_dyno_is_accepted_when_asked_for(loaded: Load) -> None:
    settings = loaded(GOOD.replace("[worker]", "[worker]\nallow_ephemeral_database = true"), DYNO="worker.1")
    assert settings.worker.database.startswith("sqlite")


def test_postgresql_on_a_dyno_is_fine(loaded: Load) -> None:
    assert loaded(DYNO="worker.1", DATABASE_URL="postgres://db/x").worker.database == "postgres://db/x"


def test_an_embedded_mailbox_needs_no_server(loaded: Load) -> None:
    settings = loaded(
        '[mailboxes.test]\nembedded = "mail"\n'
        '[connectors.desk]\ntype = "desk"\npath = "d"\n'
        '[[routes]]\nconnector = "desk"'
    )
    assert settings.mailboxes["test"].embedded == Path("mail")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load(tmp_path / "settings.toml", ENVIRON).worker.poll_seconds == 30


PROMISED = """
[replies.billing]
from = "Billing <billing@example.com>"
text = "replies/billing.txt"
respond_within = "8h"
calendar = "tokyo"
[calendars.tokyo]
timezone = "Asia/Tokyo"
hours = "Mon-Fri 09:00-18:00"
holidays = "JP"
[[escalations]]
after = "4h"
when = { connector = "desk", priority = "High" }
set = { owner = "Tier 2", priority = "Urgent" }
[smtp]
url = "smtps://user@smtp.example.com"
"""


def test_replies_calendars_and_escalations_are_read(loaded: Load) -> None:
    settings = loaded(GOOD + 'reply = "billing"\n' + PROMISED)
    assert settings.replies["billing"].sender == "Billing <billing@example.com>"
    assert settings.calendars["tokyo"].timezone == "Asia/Tokyo"
    assert settings.escalations[0].after == "4h"


def test_i18_no_secret_in_any_print_of_the_settings(loaded: Load) -> None:
    settings = loaded(DATABASE_URL="postgresql://me:dbpass99@db/x", SMTP_PASSWORD="smtppass99", text=GOOD + PROMISED)
    printed = f"{settings!r} {settings} {settings.mailboxes['Support-EU'].password!r} {settings.smtp!r}"
    for secret in (SECRET, "dbpass99", "smtppass99"):
        assert secret not in printed
    assert {one.get_secret_value() for one in settings.secrets()} == {SECRET, "dbpass99", "smtppass99"}


def test_settings_are_frozen_and_travel(loaded: Load) -> None:
    settings = loaded()
    with pytest.raises(ValueError, match="frozen"):
        settings.worker.poll_seconds = 1  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(settings)).routes == settings.routes


def test_loading_writes_and_changes_nothing(loaded: Load, tmp_path: Path) -> None:
    loaded()
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]


def test_two_runs_say_the_same(loaded: Load) -> None:
    said = []
    for _ in range(2):
        with pytest.raises(SettingsError) as caught:
            loaded("[worker]\nx = 1\n")
        said.append(str(caught.value))
    assert said[0] == said[1]
