"""An operator with OAuth: `login` by device code, what is kept and how, and what `check` tells."""

from __future__ import annotations

import stat
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.identity_server import IdentityServer
from tests.fakes.scripted_imap import ScriptedImap
from tests.house.installation import Operator
from tests.mailbox.oauth import generic, guarded, microsoft
from worker.cli.checking_oauth import secret_findings
from worker.ledger import Ledger
from worker.mailbox import Mailbox, Refused
from worker.mailbox.oauth import Keyring, vault_of
from worker.settings import OAuth
from worker.settings.model import MailboxSettings, WorkerSettings

USER = "support@contoso.com"


@pytest.fixture
def operator(tmp_path: Path, identity: IdentityServer, scripted: ScriptedImap) -> Operator:
    """An installation whose mailbox is read by somebody who logs in by device code."""
    guarded(scripted, identity)
    server = {"host": "127.0.0.1", "port": scripted.port, "security": "plaintext", "user": USER, "timeout_s": 5.0}
    return Operator(tmp_path, mailbox=server | {"oauth": microsoft(identity, grant="device_code")})


def approve(identity: IdentityServer, **what: object) -> threading.Thread:
    """A person, who types the code in a moment later."""

    def act() -> None:
        until = time.monotonic() + 10
        while not identity.devices and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.2)
        for device in identity.devices.values():
            vars(device).update(what or {"user": USER})

    person = threading.Thread(target=act)
    person.start()
    return person


def test_login_by_device_code_and_mail_from_then_on(operator: Operator, identity: IdentityServer) -> None:
    assert "mail-to-case login support" in operator.types("check").stdout
    person = approve(identity)
    run = operator.types("login", "support")
    person.join()
    assert run.code == 0, run
    (device,) = identity.devices.values()
    assert f"https://microsoft.com/devicelogin in a browser, on any device, and enter the code {device.user_code}" in (
        run.stdout
    )
    assert "logged in to 127.0.0.1 as support@contoso.com" in run.stdout
    assert operator.types("check").code == 0
    everything = b"".join(path.read_bytes() for path in operator.folder.rglob("*") if path.is_file())
    assert b"canary" not in everything
    assert "canary" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("what", "says"), [({"declined": True}, "the user declined"), ({"expired": True}, "AADSTS70020")]
)
def test_a_login_that_comes_to_nothing(
    operator: Operator, identity: IdentityServer, what: dict[str, object], says: str
) -> None:
    person = approve(identity, **what)
    run = operator.types("login", "support")
    person.join()
    assert (run.code, run.stderr.startswith("mailboxes.support.oauth")) == (4, True)
    assert says in run.stderr


def test_login_where_nobody_has_to_log_in(operator: Operator, identity: IdentityServer) -> None:
    assert operator.types("login", "sales").code == 2
    operator.mailbox |= {"oauth": microsoft(identity)}
    run = operator.types("login", "support")
    assert run.code == 2
    assert "logs in by client_credentials" in run.stderr


def test_check_tells_what_authenticated_but_not_connected_means(
    operator: Operator, identity: IdentityServer, scripted: ScriptedImap
) -> None:
    operator.mailbox |= {"oauth": microsoft(identity)}
    claims = {"aud": "https://outlook.office365.com", "idtyp": "app", "appid": "a991d", "oid": "0b1ec7"}
    identity.claims = claims | {"roles": ["IMAP.AccessAsApp"]}
    scripted.rig("SELECT", b"TAG BAD User is authenticated but not connected.\r\n")
    run = operator.types("check")
    assert run.code == 1
    for words in (
        "User is authenticated but not connected",
        "New-ServicePrincipal -AppId a991d -ObjectId 0b1ec7",
        f"Set-CASMailbox -Identity {USER} -ImapEnabled $true",
        "Test-ApplicationAccessPolicy",
        "licence",
    ):
        assert words in run.stdout
    identity.claims = claims
    told = operator.types("check").stdout
    assert "lacks the role IMAP.AccessAsApp" in told
    assert "New-ServicePrincipal" not in told


def test_check_tells_an_expired_secret_and_shows_none(operator: Operator, identity: IdentityServer) -> None:
    operator.mailbox |= {"oauth": microsoft(identity)}
    identity.wrong = "7000222"
    run = operator.types("check")
    assert run.code == 1
    assert "mailboxes.support.oauth.client_secret_env: invalid_client, AADSTS7000222" in run.stdout
    assert "canary" not in run.stdout + run.stderr


@pytest.mark.parametrize(("days", "severity"), [(31, "ok"), (30, "warning"), (0, "warning"), (-1, "warning")])
def test_the_end_of_a_secret_is_told_before(days: int, severity: str) -> None:
    now = datetime.now(UTC)
    ends = (now + timedelta(days=days)).date()
    oauth = OAuth(provider="microsoft", client_secret_env="APP_SECRET", client_secret_expires=ends)
    (finding,) = secret_findings(oauth, "support", now)
    assert finding.severity.value == severity
    assert "APP_SECRET" in finding.fact
    assert ("client_secret_expires" in finding.cure) == (severity == "warning")


# ---- kept in the ledger ---------------------------------------------------------------------------------


def _open(ledger: Path, oauth: dict[str, object], port: int, worker: dict[str, object]) -> None:
    """As a worker that starts anew."""
    settings = WorkerSettings.model_validate({"database": f"sqlite:///{ledger}", **worker})
    plain = {"host": "127.0.0.1", "port": port, "security": "plaintext", "user": USER, "oauth": oauth}
    opened = Ledger.open(settings.database)
    try:
        keyring = Keyring(vault_of(settings, opened))
        mailbox = Mailbox("support", MailboxSettings.model_validate(plain), ledger.parent, keyring)
        try:
            mailbox.open()
        finally:
            mailbox.close()
    finally:
        opened.close()


def test_the_key_beside_an_sqlite_ledger_is_for_its_owner_alone(
    tmp_path: Path, identity: IdentityServer, scripted: ScriptedImap
) -> None:
    """A rotated refresh token outlives the process, in no file readable without the key."""
    guarded(scripted, identity)
    ledger, oauth = tmp_path / "ledger.db", generic(identity, refresh_token_env="FIRST_TOKEN")
    for _ in range(3):
        _open(ledger, oauth, scripted.port, {})
    assert len({one["refresh_token"] for one in identity.asked}) == 3
    key = tmp_path / "ledger.db.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if ".key" in path.name) == ["ledger.db.key"]
    key.unlink()
    with pytest.raises(Refused, match="another key file"):
        _open(ledger, oauth, scripted.port, {})


def test_with_a_secret_there_is_no_key_file(
    tmp_path: Path, identity: IdentityServer, scripted: ScriptedImap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_SECRET", "0123456789abcdef")
    guarded(scripted, identity)
    ledger, oauth = tmp_path / "ledger.db", generic(identity, refresh_token_env="FIRST_TOKEN")
    for _ in range(2):
        _open(ledger, oauth, scripted.port, {"secret_env": "WORKER_SECRET"})
    assert not (tmp_path / "ledger.db.key").exists()
    assert b"canary" not in ledger.read_bytes()
