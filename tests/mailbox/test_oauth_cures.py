"""Every refusal with the cure that an operator needs, in the providers' real words; and never a secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.fakes.http_server import Reply
from tests.fakes.identity_server import CLIENT, SECRET, IdentityServer
from tests.fakes.scripted_imap import ScriptedImap
from tests.mailbox.conftest import MakeMailbox
from tests.mailbox.oauth import ENVIRON, generic, microsoft
from worker.mailbox import LoginRefused, Mailbox, Unreachable
from worker.mailbox.oauth.account import Account
from worker.mailbox.oauth.cures import cured, is_temporary
from worker.mailbox.oauth.refusals import explained
from worker.settings.model import MailboxSettings

USER = "support@contoso.com"


def mailbox(oauth: dict[str, object], tmp_path: Path, port: int = 1) -> Mailbox:
    plain = {"host": "127.0.0.1", "port": port, "security": "plaintext", "user": USER}
    return Mailbox("support", MailboxSettings.model_validate(plain | {"oauth": oauth}), tmp_path)


@pytest.fixture
def refused(identity: IdentityServer, scripted: ScriptedImap, tmp_path: Path) -> Callable[..., str]:
    """The words of an operator's alert."""

    def told(oauth: dict[str, object]) -> str:
        with pytest.raises(LoginRefused) as caught:
            mailbox(oauth, tmp_path, scripted.port).open()
        assert "canary" not in str(caught.value)
        return str(caught.value)

    return told


@pytest.mark.parametrize(
    ("number", "key", "cure"),
    [
        ("700016", "client_id", "correct client_id or tenant"),
        ("7000215", "client_secret_env", "its Value, not its Secret ID"),
        ("7000222", "client_secret_env", "expired: make a new one (Entra admin centre, App registrations"),
        ("65001", "scope", "grant admin consent"),
        ("50034", "user", "correct user or tenant"),
        ("53003", "grant", "Sign-in logs, names the policy"),
        ("700082", "refresh_token_env", "log in again"),
    ],
)
def test_microsofts_numbers(
    refused: Callable[..., str], identity: IdentityServer, number: str, key: str, cure: str
) -> None:
    identity.wrong = number
    told = refused(microsoft(identity))
    assert told.startswith(f"mailboxes.support.oauth.{key}: ")
    assert f"AADSTS{number}" in told
    assert cure in told
    assert "Trace ID" not in told


def test_a_transient_number_is_no_refusal(identity: IdentityServer, scripted: ScriptedImap, tmp_path: Path) -> None:
    identity.wrong = "90033"
    with pytest.raises(Unreachable):
        mailbox(microsoft(identity), tmp_path, scripted.port).open()
    assert scripted.names() == ["CAPABILITY"]
    assert is_temporary("x", "AADSTS90033: A transient error")


def test_a_secret_that_is_repeated_by_the_server_is_not_by_us(
    refused: Callable[..., str], identity: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_SECRET", "canary-wrong-secret")
    told = refused(generic(identity))
    assert told.startswith("mailboxes.support.oauth.client_secret_env: invalid_client, Unauthorized")
    assert "correct client_id, or the secret in the variable" in told


@pytest.mark.parametrize("status", [302, 404, 403])
def test_an_address_that_is_no_token_endpoint(
    refused: Callable[..., str], identity: IdentityServer, status: int
) -> None:
    identity.fail("reply", "POST", times=5, reply=Reply(status, b"<html>", {"Location": "https://example.com"}))
    told = refused(generic(identity))
    assert told.startswith("mailboxes.support.oauth.token_url: no token could be got")
    assert "look at tenant and token_url" in told


GOOGLE = Account(provider="google", grant="refresh_token", token_url="", scope="", user=USER)


@pytest.mark.parametrize(
    ("error", "words", "cure"),
    [
        ("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) …", "clock"),
        ("invalid_grant", "Invalid email or User ID", f"{USER} is no user"),
        ("invalid_grant", "Token has been expired or revoked.", "Testing"),
        ("invalid_grant", "Invalid grant: account not found", "new JSON key"),
        ("disabled_client", "The OAuth client was disabled.", "enable the OAuth client"),
        ("access_denied", "Service has been disabled", "turn the service on"),
        ("invalid_client", "The OAuth client was not found.", "correct client_id"),
        ("unauthorized_client", "Unauthorized", "Desktop app"),
        ("something_new", "?", "documentation"),
    ],
)
def test_googles_words(error: str, words: str, cure: str) -> None:
    assert cure in cured(GOOGLE, error, f"{error}: {words}")[1]


# ---- the mail server's words ----------------------------------------------------------------------------


def token(**claims: Any) -> str:
    return jwt.encode({"aud": "https://outlook.office365.com", **claims}, "k" * 32, "HS256")


APP = Account(provider="microsoft", grant="client_credentials", token_url="", scope="", user=USER, client_id=CLIENT)


@pytest.mark.parametrize(
    ("claims", "cures"),
    [
        ({"aud": "https://graph.microsoft.com", "roles": ["IMAP.AccessAsApp"]}, ["leave out scope"]),
        ({"idtyp": "app"}, ["IMAP.AccessAsApp of Office 365 Exchange Online"]),
        ({"roles": ["Mail.Read"]}, ["IMAP.AccessAsApp of Office 365 Exchange Online"]),
        ({"scp": "Mail.Read", "upn": USER}, ["delegated permission IMAP.AccessAsUser.All"]),
        (
            {"scp": "IMAP.AccessAsUser.All", "upn": "ann@contoso.com"},
            [f"Add-MailboxPermission -Identity {USER} -User ann@contoso.com -AccessRights FullAccess"],
        ),
        (
            {"roles": ["IMAP.AccessAsApp"], "oid": "0b1ec7", "appid": "a991d"},
            [
                "New-ServicePrincipal -AppId a991d -ObjectId 0b1ec7; "
                f"Add-MailboxPermission -Identity {USER} -User 0b1ec7 -AccessRights FullAccess",
                f"Test-ApplicationAccessPolicy -Identity {USER} -AppId a991d",
                f"Set-CASMailbox -Identity {USER} -ImapEnabled $true",
                f"Get-Mailbox -Identity {USER}",
            ],
        ),
        (
            {"scp": "IMAP.AccessAsUser.All", "upn": USER},
            [f"Set-CASMailbox -Identity {USER} -ImapEnabled $true", f"Get-Mailbox -Identity {USER}"],
        ),
    ],
)
def test_authenticated_but_not_connected_is_told_apart(claims: dict[str, Any], cures: list[str]) -> None:
    """What the token proves is told alone; else all that is possible, the most frequent first."""
    told = [cure for _, cure in explained(token(**claims), APP, USER)]
    assert len(told) == len(cures)
    for wanted, cure in zip(cures, told, strict=True):
        assert wanted in cure


def test_an_opaque_token_tells_nothing_and_everything_is_possible() -> None:
    told = " ".join(cure for _, cure in explained("opaque", APP, USER))
    for words in (f"New-ServicePrincipal -AppId {CLIENT}", "Test-ApplicationAccessPolicy", "Set-CASMailbox"):
        assert words in told


@pytest.mark.parametrize("command", ["SELECT", "AUTHENTICATE"])
def test_authenticated_but_not_connected_is_for_a_person_wherever_it_is_said(
    identity: IdentityServer, scripted: ScriptedImap, tmp_path: Path, command: str
) -> None:
    scripted.rig(command, b"TAG BAD User is authenticated but not connected.\r\n")
    one = mailbox(microsoft(identity), tmp_path, scripted.port)
    with pytest.raises(LoginRefused, match=r"not connected.*mail-to-case check"):
        one.open()
    assert one.refused_for_s > 0


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (b"[ALERT] IMAP access is disabled for your domain. (Failure)", "Google Admin console"),
        (b"[ALERT] Your account is not enabled for IMAP use.", "Gmail, Settings"),
        (b"[ALERT] Application-specific password required", "app password"),
        (b"[AUTHENTICATIONFAILED] BasicAuthBlocked", r"mailboxes\.support\.oauth\] with provider microsoft"),
    ],
)
def test_what_mail_servers_say_to_passwords(
    scripted: ScriptedImap,
    settings_for: Callable[..., MailboxSettings],
    mailbox_for: MakeMailbox,
    words: bytes,
    cure: str,
) -> None:
    scripted.rig("LOGIN", b"TAG NO " + words + b"\r\n")
    with pytest.raises(LoginRefused, match=cure):
        mailbox_for(settings_for(scripted))


def test_the_secrets_of_this_test_are_canaries() -> None:
    assert "canary" in SECRET
    assert all("canary" in value for value in ENVIRON.values())
