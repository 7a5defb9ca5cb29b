"""Bearer tokens as a mailbox gets them: asked for, shared, renewed in time and once after a refusal (M-18, M-20)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes.http_server import Reply
from tests.fakes.identity_server import IdentityServer
from tests.fakes.scripted_imap import ScriptedImap
from tests.mailbox.oauth import Make, generic, microsoft, section
from worker.mailbox import LoginRefused, Unreachable
from worker.mailbox.oauth import Keyring
from worker.mailbox.oauth.account import account_of
from worker.mailbox.oauth.bearer import Source
from worker.mailbox.oauth.errors import NoToken


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_an_application_of_microsoft_opens_its_mailbox(make: Make, identity: IdentityServer, mechanism: str) -> None:
    mailbox = make(microsoft(identity, mechanism=mechanism))
    mailbox.open()
    assert mailbox.unmarked() == (1, 2, 5)
    (asked,) = identity.asked
    assert asked["scope"] == "https://outlook.office365.com/.default"
    assert asked["grant_type"] == "client_credentials"


def test_a_plain_oauth_server_with_its_own_scope(make: Make, identity: IdentityServer) -> None:
    make(generic(identity, scope="imap read")).open()
    assert identity.asked[0]["scope"] == "imap read"


def test_m20_a_refused_token_is_renewed_once_on_the_same_connection(
    make: Make, identity: IdentityServer, scripted: ScriptedImap
) -> None:
    keyring = Keyring()
    mailbox = make(microsoft(identity), keyring)
    mailbox.open()
    mailbox.close()
    identity.revoke_all()
    mailbox.open()
    assert len(identity.asked) == 2
    assert scripted.connections == 2
    assert scripted.names().count("AUTHENTICATE") == 3


@pytest.mark.parametrize(("mechanism", "dummy"), [("XOAUTH2", b""), ("OAUTHBEARER", b"AQ==")])
def test_m18_a_token_refused_again_is_told_once_and_not_shown_again(
    make: Make, identity: IdentityServer, scripted: ScriptedImap, mechanism: str, dummy: bytes
) -> None:
    """Two tokens, one alert with the server's reason, and then nobody asks any more, neither here nor there."""
    identity.lives_s = -1.0
    mailbox = make(microsoft(identity, mechanism=mechanism))
    with pytest.raises(LoginRefused, match=r"mailboxes\.support\.oauth: .*status 400, scope https://mail") as first:
        mailbox.open()
    assert "canary" not in str(first.value)
    lines, asked = len(scripted.lines), len(identity.asked)
    assert asked == 2
    assert dummy in scripted.lines
    assert 0 < mailbox.refused_for_s <= 60.0
    for _ in range(20):
        with pytest.raises(LoginRefused) as again:
            mailbox.open()
        assert str(again.value) == str(first.value)
    assert (len(scripted.lines), len(identity.asked), scripted.connections) == (lines, asked, 1)


def test_m18_the_ladder_goes_1_5_15_60_minutes_and_starts_anew_after_a_login(
    make: Make, identity: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    identity.wrong = "7000222"
    mailbox = make(microsoft(identity))
    monkeypatch.setattr(mailbox._patience, "_clock", lambda: now[0])
    waits: list[float] = []
    for _ in range(5):
        mailbox._keyring = Keyring()
        with pytest.raises(LoginRefused, match="7000222"):
            mailbox.open()
        waits.append(round(mailbox.refused_for_s, 3))
        now[0] += waits[-1] + 1.0
    assert waits == [60.0, 300.0, 900.0, 3600.0, 3600.0]
    identity.wrong = ""
    mailbox._keyring = Keyring()
    mailbox.open()
    assert mailbox.refused_for_s == 0.0


def test_one_refresh_for_all_mailboxes_of_an_application(make: Make, identity: IdentityServer) -> None:
    keyring = Keyring()
    identity.delay_s = 0.2
    mailboxes = [make(microsoft(identity), keyring, f"box{number}") for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda one: one.open(), mailboxes))
    assert len(identity.asked) == 1


def source(identity: IdentityServer, scripted: ScriptedImap, clock: list[float], **more: object) -> Source:
    return Source(account_of(section(scripted, generic(identity, **more))), None, lambda: clock[0])


def test_a_token_is_renewed_at_80_percent_of_its_life(identity: IdentityServer, scripted: ScriptedImap) -> None:
    clock = [0.0]
    one = source(identity, scripted, clock)
    first = one.token()
    clock[0] = 0.79 * 3600
    assert one.token() == first
    clock[0] = 0.81 * 3600
    assert one.token() != first


def test_the_old_token_serves_while_the_provider_is_down_and_until_it_ends(
    identity: IdentityServer, scripted: ScriptedImap
) -> None:
    clock = [0.0]
    one = source(identity, scripted, clock)
    first = one.token()
    identity.wrong = ("temporarily_unavailable", "busy")
    clock[0] = 0.9 * 3600
    assert one.token() == first
    clock[0] = 3601.0
    with pytest.raises(NoToken, match="come back later") as caught:
        one.token()
    assert caught.value.later


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_provider_in_trouble_is_no_alarm_about_credentials(make: Make, identity: IdentityServer, status: int) -> None:
    identity.fail("reply", "POST", times=9, reply=Reply(status, b"<html>oops</html>", {"Retry-After": "1"}))
    mailbox = make(generic(identity))
    with pytest.raises(Unreachable, match="no token could be got now"):
        mailbox.open()
    assert mailbox.refused_for_s == 0.0


@pytest.mark.parametrize(
    "body",
    [{}, {"access_token": ""}, {"access_token": "a b"}, {"access_token": "a\x01b"}, {"access_token": 5}, [], "text"],
)
def test_an_answer_without_a_usable_token(make: Make, identity: IdentityServer, body: object) -> None:
    identity.fail("reply", "POST", times=9, reply=Reply(200, body))
    with pytest.raises(Unreachable, match=r"mailboxes\.support\.oauth\.token_url"):
        make(generic(identity)).open()


@pytest.mark.parametrize("stated", ["3600", 3600, None, "soon", -5, 0, 1e12])
def test_lives_that_servers_state(identity: IdentityServer, scripted: ScriptedImap, stated: object) -> None:
    reply = Reply(200, {"access_token": "t", "token_type": "bearer", "expires_in": stated})
    identity.fail("reply", "POST", reply=reply)
    one = source(identity, scripted, [0.0])
    assert one.token() == "t"
    assert 0 < one._renew_at <= 24 * 3600
