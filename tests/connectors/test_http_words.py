"""One token for all threads, Retry-After in every form, and no secret anywhere."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import (
    AuthFailed,
    InDoubt,
    Retryable,
    Unusable,
)
from connectors.http import (
    Answer,
    ClientCredentials,
    FixedAuth,
    HttpClient,
    Secrets,
    Token,
    retry_after_s,
)
from tests.connectors.calls import READ, WRITE, Echo, error_of


def _credentials(echo: Echo, log: list[str], lives_s: float = 1000.0, clock: Any = time.monotonic) -> ClientCredentials:
    def fetch() -> Token:
        time.sleep(0.02)
        log.append("fetched")
        echo.good = f"Bearer good{len(log)}"
        return Token(f"good{len(log)}", lives_s)

    return ClientCredentials(fetch, clock)


def test_a_401_renews_once_for_all_threads(echo: Echo, client: HttpClient) -> None:
    """C5: single flight; a write is sent again, since a 401 comes before anything is done."""
    log: list[str] = []
    client.auth = _credentials(echo, log)
    client.send(WRITE)
    echo.good = "Bearer nobody has it"
    with ThreadPoolExecutor(8) as pool:
        assert [one.status for one in pool.map(client.send, [WRITE] * 8)] == [200] * 8
    assert len(log) == 2


def test_credentials_no_longer_good_are_told_without_a_lock_out(echo: Echo, client: HttpClient) -> None:
    """C6: one refused login, however many threads ask."""
    asked: list[int] = []

    def refused() -> Token:
        asked.append(1)
        raise AuthFailed("no")

    client.auth = ClientCredentials(refused)
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(client.send, WRITE) for _ in range(8)]
        assert {type(one.exception()) for one in futures} == {AuthFailed}
    assert len(asked) == 1
    client.auth = FixedAuth("Bearer stale-token-value")
    error = error_of(client, READ)
    assert type(error) is AuthFailed
    assert "stale-token-value" not in str(error)


def test_a_token_is_renewed_at_four_fifths_of_its_life(echo: Echo) -> None:
    moment, log = [0.0], list[str]()
    auth = _credentials(echo, log, 100.0, lambda: moment[0])
    seen = []
    for moment[0] in (0.0, 79.0, 81.0, 160.0, 162.0):
        seen.append(auth.header())
    assert seen == ["Bearer good1", "Bearer good1", "Bearer good2", "Bearer good2", "Bearer good3"]


def test_the_old_token_bridges_a_failed_renewal() -> None:
    moment = [0.0]
    answers: list[Token | Exception] = [Token("old", 100.0), Retryable("no"), Retryable("no"), Token("new", 100.0)]

    def fetch() -> Token:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    auth = ClientCredentials(fetch, lambda: moment[0])
    assert auth.header() == "Bearer old"
    moment[0] = 90.0
    assert auth.header() == "Bearer old"
    moment[0] = 101.0
    with pytest.raises(Retryable):
        auth.header()
    assert auth.header() == "Bearer new"


_NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("7", 7), ("0", 1), ("٧", 30),
        ("-5", 30), ("86400", 3600), ("9" * 400, 3600), ("7.5", 30), ("soon", 30), ("", 30),
        (format_datetime(_NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(_NOW - timedelta(days=1), usegmt=True), 1),
        (format_datetime(_NOW + timedelta(days=9), usegmt=True), 3600),
    ],
)  # fmt: skip
def test_retry_after_in_every_form(stated: str, expected: float) -> None:
    """C2: a date is measured against the answer's own, so our clock does not matter."""
    headers = {"date": format_datetime(_NOW, usegmt=True)} | ({"retry-after": stated} if stated else {})
    assert retry_after_s(headers) == expected


def test_a_daily_quota_may_ask_for_a_day() -> None:
    """C8."""
    assert retry_after_s({"retry-after": "999999"}, longest_s=86_400.0) == 86_400


@given(st.text(max_size=60), st.text(max_size=60))
def test_retry_after_never_stumbles(stated: str, date: str) -> None:
    assert 1 <= retry_after_s({"retry-after": stated, "date": date}) <= 3600


@given(st.text(max_size=400), st.sampled_from(["hunter2-hunter2", "a.b*c(d"]), st.text(max_size=400))
def test_an_excerpt_shows_no_secret_and_no_control_character(before: str, secret: str, after: str) -> None:
    shown = Secrets(["hunter2-hunter2", "a.b*c(d"]).excerpt(before + secret + after)
    assert secret not in shown
    assert len(shown) <= 300
    assert shown.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        'Authorization: Bearer abcdef123456', "basic QWxhZGRpbjpvcGVu", '{"access_token":"abcdef123456"}',
        "client_secret=abcdef123456&x=1", "password: abcdef123456",
    ],
)  # fmt: skip
def test_an_unknown_credential_is_not_shown_either(text: str) -> None:
    shown = Secrets().excerpt(text)
    assert "abcdef123456" not in shown
    assert "QWxhZGRpbjpvcGVu" not in shown


def test_a_value_that_is_not_there_is_doubt_of_a_write() -> None:
    """C21: 201 without id, or with an id of another type."""
    for body in (b"{}", b'{"ticket":{"id":"5"}}', b'{"ticket":{"id":true}}', b"[]", b'{"ticket":3}'):
        answer = Answer(WRITE, 201, {"content-type": "application/json"}, body)
        with pytest.raises(InDoubt):
            answer.number("ticket", "id")


def test_stray_characters_in_a_credential_are_told_and_not_shown(client: HttpClient) -> None:
    client.auth = FixedAuth("Bearer good\r\nX-Evil: 1")
    error = error_of(client, READ)
    assert type(error) is Unusable
    assert "X-Evil" not in repr(error)
    assert error.__cause__ is None


def test_it_works_again_after_close(client: HttpClient) -> None:
    client.send(READ)
    client.close()
    client.close()
    assert client.send(READ).status == 200
