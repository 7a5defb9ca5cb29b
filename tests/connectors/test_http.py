"""One table from status to error, one clock per call, one token for all threads, and no secret anywhere."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import tenacity
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import (
    AuthFailed,
    CaseGone,
    ConnectorError,
    InDoubt,
    Rejected,
    Retryable,
    Throttled,
    Unusable,
)
from connectors.http import (
    Answer,
    Call,
    ClientCredentials,
    FixedAuth,
    HttpClient,
    Rules,
    Secrets,
    Token,
    Upload,
    retry_after_s,
)
from tests.fakes.http_server import FakeServer, Reply, Seen


class Echo(FakeServer):
    """Answers what it is told to, else the request's size."""

    good = "Bearer good"

    def answer(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization", self.good) != self.good:
            return Reply(401, {"error": f"unknown: {seen.headers['authorization']}"})
        return Reply(200, {"size": seen.size_bytes, "n": len(self.log)})


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Echo]:
    monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
    server = Echo().start()
    yield server
    server.stop()


@pytest.fixture
def client(fake: Echo) -> Iterator[HttpClient]:
    made = HttpClient(fake.url, Rules(), Secrets(["hunter2-hunter2"]))
    yield made
    made.close()


READ = Call(method="GET", path="/x?who=ann@example.com")
WRITE = Call(method="POST", path="/x", body=b"{}")
KEYED = Call(method="POST", path="/x", body=b"{}", safe_to_repeat=True)
ON_CASE = Call(method="PUT", path="/cases/1", body=b"{}", case_id="1")


def _error(client: HttpClient, call: Call) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        client.send(call)
    return caught.value


_TABLE = [
    (400, READ, Rejected), (400, WRITE, Rejected), (402, WRITE, Unusable), (403, WRITE, Unusable),
    (404, WRITE, Unusable), (404, ON_CASE, CaseGone), (410, ON_CASE, CaseGone), (405, WRITE, Rejected),
    (409, WRITE, Retryable), (413, WRITE, Rejected), (422, WRITE, Rejected), (429, WRITE, Throttled),
    (500, WRITE, InDoubt), (500, READ, Retryable), (502, WRITE, InDoubt), (504, WRITE, InDoubt),
    (503, WRITE, InDoubt), (503, READ, Retryable), (301, WRITE, Unusable), (307, READ, Unusable),
]  # fmt: skip


@pytest.mark.parametrize(("status", "call", "expected"), _TABLE)
def test_each_status_means_one_error(
    fake: Echo, client: HttpClient, status: int, call: Call, expected: type[ConnectorError]
) -> None:
    """C1 to C20 in one table; the class is exact."""
    fake.fail("reply", times=9, reply=Reply(status, {"error": "vendor's words"}))
    error = _error(client, call)
    assert type(error) is expected
    assert "vendor's words" in str(error)
    assert "ann@example.com" not in str(error)


def test_503_with_a_time_is_a_pause(fake: Echo, client: HttpClient) -> None:
    fake.fail("reply", reply=Reply(503, b"", {"Retry-After": "7"}))
    error = _error(client, WRITE)
    assert isinstance(error, Throttled)
    assert error.retry_after_s == 7


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>log in</html>", {"Content-Type": "text/html"}),
        Reply(200, b"<html>log in</html>", {"Content-Type": "application/json"}),
        Reply(200, b"", {"Content-Type": "application/json"}),
        Reply(201, b'{"a":', {"Content-Type": "application/json"}),
        Reply(200, b"[" * 100_000, {"Content-Type": "application/json"}),
        Reply(200, b"\xff\xfe", {"Content-Type": "application/json"}),
        Reply(200, b"not gzip", {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
        Reply(200, b"1" * (11 << 20), {"Content-Type": "application/json"}),
    ],
)
def test_success_without_sense_is_none(fake: Echo, client: HttpClient, reply: Reply) -> None:
    """C19, C20: a login page with status 200 is no case."""
    fake.fail("reply", times=9, reply=reply)
    assert type(_error(client, WRITE)) is InDoubt
    assert type(_error(client, READ)) is Retryable


def test_a_write_is_sent_once_whatever_happens(fake: Echo, client: HttpClient) -> None:
    """C17, C18: nothing below us sends it again, a stale connection included."""
    client.send(READ)
    for kind in ("reset_before", "reset_reading", "reset_after", "cut"):
        fake.log.clear()
        fault = fake.fail(kind, times=9, at_byte=1)
        assert type(_error(client, WRITE)) is InDoubt
        assert fault.times == 8
        fake.faults.clear()


def test_a_read_and_a_keyed_write_are_tried_three_times(fake: Echo, client: HttpClient) -> None:
    for call in (READ, KEYED):
        fault = fake.fail("reset_after", times=2)
        assert client.send(call).status == 200
        assert fault.times == 0
        fault = fake.fail("reset_after", times=9)
        assert type(_error(client, call)) is (Retryable if call is READ else InDoubt)
        assert fault.times == 6
        fake.faults.clear()


@pytest.mark.parametrize("status", [429, 401, 403, 409, 500])
def test_doubt_outlives_a_second_try_that_failed(fake: Echo, client: HttpClient, status: int) -> None:
    """The first try may have got through, so "nothing happened" would be a lie."""
    fake.fail("reset_after")
    fake.fail("reply", times=9, reply=Reply(status, {"error": "no"}))
    assert type(_error(client, KEYED)) is InDoubt


def test_an_answer_cut_at_any_byte_is_doubt(fake: Echo, client: HttpClient) -> None:
    """C17: every cut of a write is doubt, never failure and never success."""
    for at_byte in range(0, 230, 3):
        fake.fail("cut", at_byte=at_byte)
        try:
            answer = client.send(WRITE)
        except InDoubt:
            continue
        assert answer.data["size"] == 2


def test_a_closed_door_is_a_pause_that_names_the_host() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = HttpClient(f"http://127.0.0.1:{taken.getsockname()[1]}", Rules(), Secrets())
        error = _error(client, WRITE)
    assert isinstance(error, Throttled)
    assert error.retry_after_s
    assert error.retry_after_s >= 15
    assert f"cannot reach {client.host}" in str(error)


def test_a_server_without_tls_is_a_closed_door(fake: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    client = HttpClient(fake.url.replace("http:", "https:"), Rules(), Secrets())
    assert isinstance(_error(client, WRITE), Throttled)
    client.close()


def test_a_dripping_server_cannot_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """C16: the clock is the whole call's, not the last byte's."""
    monkeypatch.setattr("connectors.http.client._CALL_S", 0.5)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        client = HttpClient(f"http://127.0.0.1:{listening.getsockname()[1]}", Rules(), Secrets())
        begun = time.monotonic()
        assert type(_error(client, WRITE)) is InDoubt
        took_s = time.monotonic() - begun
        stop.set()
        thread.join()
        client.close()
    assert 0.4 < took_s < 2


def test_a_slow_answer_is_doubt(fake: Echo, client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """C16: it was applied, and we did not wait for it."""
    monkeypatch.setattr("connectors.http.client._CALL_S", 0.3)
    fake.fail("delay", seconds=0.8)
    assert type(_error(client, WRITE)) is InDoubt


def test_a_redirect_is_told_and_credentials_stay_here(fake: Echo, client: HttpClient) -> None:
    other = Echo().start()
    client.auth = FixedAuth("Bearer good")
    fake.fail("reply", reply=Reply(307, b"", {"Location": other.url + "/x"}))
    assert type(_error(client, READ)) is Unusable
    other.stop()
    assert other.log == []


def test_an_upload_is_streamed_whole_and_afresh_at_each_try(fake: Echo, client: HttpClient) -> None:
    data = bytes(300_000)
    upload = Upload(lambda: io.BytesIO(data), len(data), "x/y")
    call = Call(method="POST", path="/up", upload=upload, prepares=True)
    fake.fail("reset_reading", at_byte=100_000)
    assert client.send(call).number("size") == len(data)
    fake.fail("reply", times=9, reply=Reply(413, {"error": "large"}))
    assert type(_error(client, call)) is Rejected


@pytest.mark.parametrize("claimed", [0, 1, 3, 10**9])
def test_a_file_that_changed_its_length_is_told(client: HttpClient, claimed: int) -> None:
    changed = Upload(lambda: io.BytesIO(b"xx"), claimed, "x/y")
    error = _error(client, Call(method="POST", path="/up", upload=changed))
    assert type(error) is Rejected
    assert f"not {claimed} bytes" in str(error)


def _credentials(fake: Echo, log: list[str], lives_s: float = 1000.0, clock: Any = time.monotonic) -> ClientCredentials:
    def fetch() -> Token:
        time.sleep(0.02)
        log.append("fetched")
        fake.good = f"Bearer good{len(log)}"
        return Token(f"good{len(log)}", lives_s)

    return ClientCredentials(fetch, clock)


def test_a_401_renews_once_for_all_threads(fake: Echo, client: HttpClient) -> None:
    """C5: single flight; a write is sent again, since a 401 comes before anything is done."""
    log: list[str] = []
    client.auth = _credentials(fake, log)
    client.send(WRITE)
    fake.good = "Bearer nobody has it"
    with ThreadPoolExecutor(8) as pool:
        assert [one.status for one in pool.map(client.send, [WRITE] * 8)] == [200] * 8
    assert len(log) == 2


def test_credentials_no_longer_good_are_told_without_a_lock_out(fake: Echo, client: HttpClient) -> None:
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
    error = _error(client, READ)
    assert type(error) is AuthFailed
    assert "stale-token-value" not in str(error)


def test_a_token_is_renewed_at_four_fifths_of_its_life(fake: Echo) -> None:
    moment, log = [0.0], list[str]()
    auth = _credentials(fake, log, 100.0, lambda: moment[0])
    seen = []
    for moment[0] in (0.0, 79.0, 81.0, 160.0, 162.0):
        seen.append(auth.header())
    assert seen == ["Bearer good1", "Bearer good1", "Bearer good2", "Bearer good2", "Bearer good3"]


def test_the_old_token_bridges_a_failed_renewal() -> None:
    moment = [0.0]
    answers: list[Any] = [Token("old", 100.0), Retryable("no"), Retryable("no"), Token("new", 100.0)]

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
    error = _error(client, READ)
    assert type(error) is Unusable
    assert "X-Evil" not in repr(error)
    assert error.__cause__ is None


def test_it_works_again_after_close(client: HttpClient) -> None:
    client.send(READ)
    client.close()
    client.close()
    assert client.send(READ).status == 200
