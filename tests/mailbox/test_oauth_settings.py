"""[mailboxes.NAME.oauth]: every mistake is named with the others; what is right is understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.settings import Settings, SettingsError, load
from worker.settings.model import MailboxSettings

_HEAD = '[mailboxes.a]\nhost = "imap.example.com"\nuser = "a@example.com"\n'
_TAIL = '[connectors.desk]\ntype = "desk"\npath = "desk"\n[[routes]]\nconnector = "desk"\n'
ENVIRON = {"SECRET": "canary-secret", "REFRESH": "canary-refresh", "KEY": '{"type": "authorized_user"}'}


def loaded(tmp_path: Path, oauth: str, worker: str = "") -> Settings:
    path = tmp_path / "settings.toml"
    path.write_text(f"{worker}{_HEAD}[mailboxes.a.oauth]\n{oauth}\n{_TAIL}")
    return load(path, ENVIRON)


def problems(tmp_path: Path, oauth: str, worker: str = "") -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, oauth, worker)
    assert "canary" not in str(caught.value)
    return [line.partition("settings.toml: ")[2] for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("oauth", "missing"),
    [
        ('provider = "microsoft"', ["client_id", "tenant"]),
        ('provider = "microsoft"\nclient_secret_env = "SECRET"', ["client_id", "tenant"]),
        ('provider = "microsoft"\nrefresh_token_env = "REFRESH"', ["client_id", "tenant"]),
        ('provider = "microsoft"\ngrant = "client_credentials"', ["client_id", "client_secret_env", "tenant"]),
        ('provider = "google"', ["service_account_key_env"]),
        ('provider = "google"\nrefresh_token_env = "REFRESH"', ["client_id", "client_secret_env"]),
        ('provider = "generic"', ["client_id", "client_secret_env", "token_url"]),
        ('provider = "generic"\ngrant = "refresh_token"', ["client_id", "refresh_token_env", "token_url"]),
    ],
)
def test_what_is_missing_for_a_provider_and_a_grant(tmp_path: Path, oauth: str, missing: list[str]) -> None:
    told = problems(tmp_path, oauth)
    assert sorted(line.partition(":")[0] for line in told) == [f"mailboxes.a.oauth.{key}" for key in missing]
    assert all("is missing for" in line and "Add " in line for line in told)


@pytest.mark.parametrize(
    ("oauth", "key", "says"),
    [
        ('provider = "google"\ngrant = "device_code"', "grant", "not possible with google. Use one of service_account"),
        ('provider = "generic"\ngrant = "service_account"', "grant", "client_credentials, refresh_token"),
        ('provider = "google"\ntoken_env = "SECRET"\nclient_id = "x"', "client_id", "beside token_env"),
        ('provider = "google"\ntoken_env = "SECRET"\ngrant = "refresh_token"', "grant", "beside token_env"),
        ('provider = "google"\ntenant = "x"\nservice_account_key_env = "KEY"', "tenant", "has no use"),
        ('provider = "google"\nservice_account_key_env = "KEY"', "service_account_key_env", "type must be service_acc"),
        ('provider = "google"\nservice_account_key_file = "none.json"', "service_account_key_file", "cannot be read"),
        ('provider = "google"\nservice_account_key_env = "SECRET"', "service_account_key_env", "the key is no JSON"),
        ('provider = "generic"\ntoken_url = "http://idp.example.com/token"', "token_url", "must be https"),
        ('provider = "generic"\ntoken_url = "ftp:x"', "token_url", "is no address"),
        ('provider = "microsoft"\ntenant = "a/b"', "tenant", "found 'a/b'"),
        ('provider = "microsoft"\ntenant = "common"\nclient_secret_env = "SECRET"', "tenant", "one directory"),
        ('provider = "microsoft"\ntoken_url = "https://x.example/oauth"', "token_url", "must end in /token"),
        ('provider = "microsoft"\nclient_secret_env = "NOT_SET"', "client_secret_env", "NOT_SET is not set"),
        ('provider = "microsoft"\nclient_secret = "canary"', "client_secret", "does not belong here"),
        ('provider = "microsoft"\nclient_secret_expires = "soon"', "client_secret_expires", "date"),
        ('provider = "google"\ngrant = "password"', "grant", "service_account"),
    ],
)
def test_values_and_contradictions(tmp_path: Path, oauth: str, key: str, says: str) -> None:
    told = [line for line in problems(tmp_path, oauth) if line.startswith(f"mailboxes.a.oauth.{key}: ")]
    assert any(says in line for line in told), problems(tmp_path, oauth)


def test_two_keys_of_a_service_account(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("{}")
    oauth = f'provider = "google"\nservice_account_key_env = "KEY"\nservice_account_key_file = "{tmp_path}/key.json"'
    assert any("Keep one of the two" in line for line in problems(tmp_path, oauth))


_REFRESHING = 'provider = "microsoft"\ntenant = "contoso.com"\nclient_id = "x"\nrefresh_token_env = "REFRESH"'
_POSTGRES = '[worker]\ndatabase = "postgresql://u@h/n"\n'


def test_a_refresh_token_needs_a_key_where_the_ledger_is_a_server(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, _REFRESHING, _POSTGRES)
    assert told.startswith("worker.secret_env: is missing: mailboxes.a.oauth gets refresh tokens")
    assert "openssl rand" in told
    assert loaded(tmp_path, _REFRESHING, f'{_POSTGRES}secret_env = "SECRET"\n').mailboxes["a"].oauth
    assert loaded(tmp_path, _REFRESHING).mailboxes["a"].oauth


def test_every_secret_is_known_to_the_log(tmp_path: Path) -> None:
    settings = loaded(tmp_path, f'{_REFRESHING}\nclient_secret_env = "SECRET"')
    shown = {secret.get_secret_value() for secret in settings.secrets()}
    assert {"canary-secret", "canary-refresh"} <= shown
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("keys", "kind", "scope", "endpoint"),
    [
        (
            {"provider": "microsoft", "tenant": "t", "client_secret_env": "S"},
            "client_credentials",
            "https://outlook.office365.com/.default",
            "https://login.microsoftonline.com/t/oauth2/v2.0/token",
        ),
        (
            {"provider": "microsoft", "tenant": "t"},
            "device_code",
            "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
            "https://login.microsoftonline.com/t/oauth2/v2.0/token",
        ),
        (
            {"provider": "google", "service_account_key_env": "S"},
            "service_account",
            "https://mail.google.com/",
            "https://oauth2.googleapis.com/token",
        ),
        (
            {"provider": "google", "refresh_token_env": "S"},
            "refresh_token",
            "https://mail.google.com/",
            "https://oauth2.googleapis.com/token",
        ),
        ({"provider": "generic", "token_url": "https://x/t"}, "client_credentials", "", "https://x/t"),
        ({"provider": "generic", "token_env": "T"}, "token", "", ""),
    ],
)
def test_what_is_meant_when_little_is_said(keys: dict[str, str], kind: str, scope: str, endpoint: str) -> None:
    oauth = MailboxSettings.model_validate({"oauth": keys}).oauth
    assert oauth is not None
    assert (oauth.kind, oauth.wanted_scope, oauth.endpoint) == (kind, scope, endpoint)
