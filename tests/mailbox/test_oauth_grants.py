"""Refresh tokens kept before use, Google's signed assertions, a stop while a token is awaited, and no secret shown."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.fakes.identity_server import MAIL_SCOPE, SECRET, SERVICE_CLIENT, SERVICE_EMAIL, IdentityServer
from tests.fakes.scripted_imap import ScriptedImap
from tests.mailbox.oauth import ENVIRON, USER, Make, MemoryShelf, generic, microsoft, section, vault
from worker.mailbox import LoginRefused, Refused, Unreachable
from worker.mailbox.oauth import Keyring
from worker.mailbox.oauth.account import account_of
from worker.mailbox.oauth.bearer import Source
from worker.settings.model import MailboxSettings

# ---- refresh tokens -------------------------------------------------------------------------------------


def test_a_rotated_refresh_token_is_kept_before_the_access_token_is_used(
    make: Make, identity: IdentityServer, scripted: ScriptedImap
) -> None:
    shelf = MemoryShelf()
    oauth = generic(identity, refresh_token_env="FIRST_TOKEN")
    kept_at_login: list[int] = []
    scripted.rig("AUTHENTICATE", lambda _: kept_at_login.append(len(shelf.texts)))  # type: ignore[func-returns-value]
    make(oauth, Keyring(vault(shelf))).open()
    assert kept_at_login == [1]
    assert "canary" not in json.dumps(shelf.texts)
    # A new process goes on with the kept one: the one in the environment is spent.
    make(oauth, Keyring(vault(shelf)), "after").open()
    assert identity.asked[0]["refresh_token"] == ENVIRON["FIRST_TOKEN"]
    assert identity.asked[1]["refresh_token"] not in (ENVIRON["FIRST_TOKEN"], "")


def test_a_refresh_token_that_could_not_be_kept_is_not_lost(make: Make, identity: IdentityServer) -> None:
    """The old one is void by then; used twice, it would void them all."""
    shelf = MemoryShelf()
    mailbox = make(generic(identity, refresh_token_env="FIRST_TOKEN"), Keyring(vault(shelf)))
    shelf.broken = True
    for _ in range(3):
        with pytest.raises(Unreachable, match="could not be kept: disk full"):
            mailbox.open()
    assert len(identity.asked) == 1
    shelf.broken = False
    mailbox.open()
    assert len(identity.refresh_tokens) == 1


def test_two_workers_with_one_refresh_token_take_turns(identity: IdentityServer, scripted: ScriptedImap) -> None:
    """RFC 9700 4.14.2: whoever shows a spent one has all of them revoked."""
    shelf = MemoryShelf()
    identity.delay_s = 0.05
    account = account_of(section(scripted, generic(identity, refresh_token_env="FIRST_TOKEN")))
    workers = [Source(account, vault(shelf)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda one: one.token(), workers))) == 4
    assert len(identity.refresh_tokens) == 1


def test_without_a_place_to_keep_it_no_refresh_token_is_spent(make: Make, identity: IdentityServer) -> None:
    with pytest.raises(Refused, match=r"oauth\.grant: there is no place .*worker\.secret_env"):
        make(generic(identity, refresh_token_env="FIRST_TOKEN")).open()
    assert identity.asked == []


def test_another_key_than_it_was_kept_with(make: Make, identity: IdentityServer) -> None:
    shelf = MemoryShelf()
    oauth = generic(identity, refresh_token_env="FIRST_TOKEN")
    make(oauth, Keyring(vault(shelf))).open()
    with pytest.raises(Refused, match=r"another worker\.secret_env"):
        make(oauth, Keyring(vault(shelf, b"other"))).open()


# ---- Google's service account ---------------------------------------------------------------------------


@pytest.fixture
def service(identity: IdentityServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The oauth section of a service account that may be USER."""
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    identity.public_key = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    identity.delegated = frozenset({USER})
    whole = {"type": "service_account", "client_email": SERVICE_EMAIL, "client_id": SERVICE_CLIENT, "private_key": pem}
    monkeypatch.setenv("GOOGLE_KEY", json.dumps(whole))
    plain = {"provider": "google", "service_account_key_env": "GOOGLE_KEY"}
    return {**plain, "token_url": f"{identity.url}/google/token"}


def test_a_service_account_signs_for_the_user(make: Make, service: dict[str, object]) -> None:
    """RFC 7523; the fake checks signature, audience, life, scope and subject."""
    mailbox = make(service)
    mailbox.open()
    assert mailbox.unmarked() == (1, 2, 5)


def test_delegation_missing_names_client_id_and_scope(
    make: Make, service: dict[str, object], identity: IdentityServer
) -> None:
    identity.delegated = frozenset()
    with pytest.raises(LoginRefused, match=r"oauth\.scope: unauthorized_client.*Domain-wide delegation") as caught:
        make(service).open()
    assert SERVICE_CLIENT in str(caught.value)
    assert MAIL_SCOPE in str(caught.value)


def test_a_service_account_whose_key_was_deleted(
    make: Make, service: dict[str, object], identity: IdentityServer
) -> None:
    other = generate_private_key(65537, 2048)
    identity.public_key = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(LoginRefused, match=r"service_account_key_env: .*Invalid JWT Signature.*new JSON key") as caught:
        make(service).open()
    assert "PRIVATE KEY" not in str(caught.value)


def test_an_installed_app_of_google(make: Make, identity: IdentityServer) -> None:
    """Its refresh token is not rotated; scope is not sent again."""
    identity.rotates = False
    oauth = generic(identity, provider="google", refresh_token_env="FIRST_TOKEN")
    oauth["token_url"] = f"{identity.url}/google/token"
    shelf = MemoryShelf()
    make(oauth, Keyring(vault(shelf))).open()
    assert shelf.texts == {}
    assert "scope" not in identity.asked[0]
    identity.refresh_tokens.clear()
    with pytest.raises(LoginRefused, match=r"refresh_token_env: .*expired or revoked.*Testing"):
        make(oauth, Keyring(vault(shelf)), "other").open()


# ---- stopping -------------------------------------------------------------------------------------------


def test_i15_a_stop_reaches_a_mailbox_that_waits_for_a_token(make: Make, identity: IdentityServer) -> None:
    identity.delay_s = 3.0
    mailbox = make(microsoft(identity))
    threading.Timer(0.2, mailbox.refrain).start()
    began = time.monotonic()
    with pytest.raises(Unreachable, match="stopped on request"):
        mailbox.open()
    assert time.monotonic() - began < 1.0


def test_no_secret_in_any_repr(make: Make, identity: IdentityServer, service: dict[str, object]) -> None:
    shelf = MemoryShelf()
    keyring = Keyring(vault(shelf))
    mailbox = make(generic(identity, refresh_token_env="FIRST_TOKEN"), keyring)
    mailbox.open()
    session = mailbox._live()[0]
    (one,) = keyring._sources.values()
    bearer = session.bearer
    assert bearer is not None
    shown = f"{mailbox!r} {session!r} {vars(session)} {bearer!r} {vars(bearer)} {one!r} {one.account!r} {vars(keyring)}"
    shown += repr(account_of(section_of(service)))
    assert "canary" not in shown
    assert SECRET not in shown
    assert "PRIVATE KEY" not in shown


def section_of(oauth: dict[str, object]) -> MailboxSettings:
    return MailboxSettings.model_validate({"host": "127.0.0.1", "user": USER, "oauth": oauth})
