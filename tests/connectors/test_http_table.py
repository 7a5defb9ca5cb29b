"""One table from status to error, one clock per call: a write is never sent twice, and doubt is told as doubt."""

from __future__ import annotations

import io
import socket
import threading
import time

import pytest

from connectors.contract import (
    CaseGone,
    ConnectorError,
    InDoubt,
    Rejected,
    Retryable,
    Throttled,
    Unusable,
)
from connectors.http import (
    Call,
    FixedAuth,
    HttpClient,
    Rules,
    Secrets,
    Upload,
)
from tests.connectors.calls import KEYED, ON_CASE, READ, WRITE, Echo, error_of
from tests.fakes.http_server import Reply

_TABLE = [
    (400, READ, Rejected), (400, WRITE, Rejected), (402, WRITE, Unusable), (403, WRITE, Unusable),
    (404, WRITE, Unusable), (404, ON_CASE, CaseGone), (410, ON_CASE, CaseGone), (405, WRITE, Rejected),
    (409, WRITE, Retryable), (413, WRITE, Rejected), (422, WRITE, Rejected), (429, WRITE, Throttled),
    (500, WRITE, InDoubt), (500, READ, Retryable), (502, WRITE, InDoubt), (504, WRITE, InDoubt),
    (503, WRITE, InDoubt), (503, READ, Retryable), (301, WRITE, Unusable), (307, READ, Unusable),
]  # fmt: skip


@pytest.mark.parametrize(("status", "call", "expected"), _TABLE)
def test_each_status_means_oneerror_of(
    echo: Echo, client: HttpClient, status: int, call: Call, expected: type[ConnectorError]
) -> None:
    """C1 to C20 in one table; the class is exact."""
    echo.fail("reply", times=9, reply=Reply(status, {"error": "vendor's words"}))
    error = error_of(client, call)
    assert type(error) is expected
    assert "vendor's words" in str(error)
    assert "ann@example.com" not in str(error)


def test_503_with_a_time_is_a_pause(echo: Echo, client: HttpClient) -> None:
    echo.fail("reply", reply=Reply(503, b"", {"Retry-After": "7"}))
    error = error_of(client, WRITE)
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
def test_success_without_sense_is_none(echo: Echo, client: HttpClient, reply: Reply) -> None:
    """C19, C20: a login page with status 200 is no case."""
    echo.fail("reply", times=9, reply=reply)
    assert type(error_of(client, WRITE)) is InDoubt
    assert type(error_of(client, READ)) is Retryable


def test_a_write_is_sent_once_whatever_happens(echo: Echo, client: HttpClient) -> None:
    """C17, C18: nothing below us sends it again, a stale connection included."""
    client.send(READ)
    for kind in ("reset_before", "reset_reading", "reset_after", "cut"):
        echo.log.clear()
        fault = echo.fail(kind, times=9, at_byte=1)
        assert type(error_of(client, WRITE)) is InDoubt
        assert fault.times == 8
        echo.faults.clear()


def test_a_read_and_a_keyed_write_are_tried_three_times(echo: Echo, client: HttpClient) -> None:
    for call in (READ, KEYED):
        fault = echo.fail("reset_after", times=2)
        assert client.send(call).status == 200
        assert fault.times == 0
        fault = echo.fail("reset_after", times=9)
        assert type(error_of(client, call)) is (Retryable if call is READ else InDoubt)
        assert fault.times == 6
        echo.faults.clear()


@pytest.mark.parametrize("status", [429, 401, 403, 409, 500])
def test_doubt_outlives_a_second_try_that_failed(echo: Echo, client: HttpClient, status: int) -> None:
    """The first try may have got through, so "nothing happened" would be a lie."""
    echo.fail("reset_after")
    echo.fail("reply", times=9, reply=Reply(status, {"error": "no"}))
    assert type(error_of(client, KEYED)) is InDoubt


def test_an_answer_cut_at_any_byte_is_doubt(echo: Echo, client: HttpClient) -> None:
    """C17: every cut of a write is doubt, never failure and never success."""
    for at_byte in range(0, 230, 3):
        echo.fail("cut", at_byte=at_byte)
        try:
            answer = client.send(WRITE)
        except InDoubt:
            continue
        assert answer.data["size"] == 2


def test_a_closed_door_is_a_pause_that_names_the_host() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = HttpClient(f"http://127.0.0.1:{taken.getsockname()[1]}", Rules(), Secrets())
        error = error_of(client, WRITE)
    assert isinstance(error, Throttled)
    assert error.retry_after_s
    assert error.retry_after_s >= 15
    assert f"cannot reach {client.host}" in str(error)


def test_a_server_without_tls_is_a_closed_door(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    client = HttpClient(echo.url.replace("http:", "https:"), Rules(), Secrets())
    assert isinstance(error_of(client, WRITE), Throttled)
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
        assert type(error_of(client, WRITE)) is InDoubt
        took_s = time.monotonic() - begun
        stop.set()
        thread.join()
        client.close()
    assert 0.4 < took_s < 2


def test_a_slow_answer_is_doubt(echo: Echo, client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """C16: it was applied, and we did not wait for it."""
    monkeypatch.setattr("connectors.http.client._CALL_S", 0.3)
    echo.fail("delay", seconds=0.8)
    assert type(error_of(client, WRITE)) is InDoubt


def test_a_redirect_is_told_and_credentials_stay_here(echo: Echo, client: HttpClient) -> None:
    other = Echo().start()
    client.auth = FixedAuth("Bearer good")
    echo.fail("reply", reply=Reply(307, b"", {"Location": other.url + "/x"}))
    assert type(error_of(client, READ)) is Unusable
    other.stop()
    assert other.log == []


def test_an_upload_is_streamed_whole_and_afresh_at_each_try(echo: Echo, client: HttpClient) -> None:
    data = bytes(300_000)
    upload = Upload(lambda: io.BytesIO(data), len(data), "x/y")
    call = Call(method="POST", path="/up", upload=upload, prepares=True)
    echo.fail("reset_reading", at_byte=100_000)
    assert client.send(call).number("size") == len(data)
    echo.fail("reply", times=9, reply=Reply(413, {"error": "large"}))
    assert type(error_of(client, call)) is Rejected


@pytest.mark.parametrize("claimed", [0, 1, 3, 10**9])
def test_a_file_that_changed_its_length_is_told(client: HttpClient, claimed: int) -> None:
    changed = Upload(lambda: io.BytesIO(b"xx"), claimed, "x/y")
    error = error_of(client, Call(method="POST", path="/up", upload=changed))
    assert type(error) is Rejected
    assert f"not {claimed} bytes" in str(error)
