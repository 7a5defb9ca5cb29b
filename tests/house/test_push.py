"""``run``: from the mail server's "accepted" to a case, by IDLE; and how it ends."""

from __future__ import annotations

import signal
import smtplib
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.dovecot import Account
from tests.house.checker import desk_count, desk_messages
from tests.house.harness import House, house_of
from worker.bench.mails import Mail, mails

pytestmark = pytest.mark.dovecot

#: Dovecot itself gathers news for half a second before it tells an idling client.
_P95_S = 3.0
_STOP_S = 25.0


def test_pushed_mail_becomes_a_case(tmp_path: Path, account: Account, record_property: Callable[..., None]) -> None:
    """The clock alone would take a minute, so what comes at once came by a hint; SIGTERM ends an idle worker."""
    with _running(tmp_path, account) as (house, worker):
        generated = list(mails(8, seed=17))
        delays = _delays(house, account, generated[:3], pause_s=0.7) + _delays(house, account, generated[3:])
        record_property("p50_s", statistics.median(delays))
        assert max(delays) < _P95_S * 2
        stopped_s = _stop(worker)
    assert worker.returncode == 0, house.log.read_text()
    assert stopped_s < _STOP_S
    assert "Traceback" not in house.log.read_text()


@pytest.mark.soak
def test_latency_over_fifty_mails(
    tmp_path: Path, account: Account, record_property: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Mails that come one by one, and mails that come as soon as the one before is a case."""
    with _running(tmp_path, account) as (house, worker):
        apart = sorted(_delays(house, account, list(mails(50, seed=19)), pause_s=0.7))
        stream = sorted(_delays(house, account, list(mails(50, seed=37))))
        time.sleep(2)
        stopped_s = _stop(worker)
    figures = {"stop_s": stopped_s}
    for name, delays in (("apart", apart), ("stream", stream)):
        figures |= {
            f"{name}_p50_s": statistics.median(delays),
            f"{name}_p95_s": delays[47],
            f"{name}_max_s": delays[-1],
        }
    for name, value in figures.items():
        record_property(name, value)
    with capsys.disabled():
        print("\nmail accepted to case:", {name: round(value, 3) for name, value in figures.items()})
    assert apart[47] < _P95_S
    assert stream[47] < _P95_S


def test_stopped_in_the_middle_of_work(tmp_path: Path, account: Account) -> None:
    """I15: SIGTERM while a backlog is being worked off drains in time; the next run finishes, nothing twice."""
    generated = list(mails(150, seed=23))
    account.append(*(mail.raw for mail in generated))
    with _running(tmp_path, account, until=lambda house: desk_count(house.desk) > 10) as (house, worker):
        assert _stop(worker) < _STOP_S
    assert worker.returncode == 0, house.log.read_text()
    assert house.once().code == 0
    assert sorted(message.ref for message in desk_messages(house.desk)) == sorted(mail.ref for mail in generated)


def test_second_signal_leaves_at_once(tmp_path: Path, account: Account) -> None:
    """I15: an operator who asks twice is not made to wait."""
    account.append(*(mail.raw for mail in mails(200, seed=29)))
    with _running(tmp_path, account, until=lambda house: desk_count(house.desk) > 5) as (house, worker):
        worker.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        stopped_s = _stop(worker)
    assert stopped_s < 1.0
    assert "Traceback" not in house.log.read_text()


@contextmanager
def _running(
    folder: Path, account: Account, until: Callable[[House], bool] | None = None
) -> Iterator[tuple[House, subprocess.Popen[bytes]]]:
    """A worker that has got as far as ``until``, by default to listening."""
    house = house_of(folder, account)
    with house.started("run") as worker:
        _wait(lambda: until(house) if until else _listens(house, account), house)
        yield house, worker


def _listens(house: House, account: Account) -> bool:
    """Nothing in the log tells of IDLE, so a mail is sent until one is taken without the clock."""
    if not (house.log.exists() and "started" in house.log.read_text()):
        return False
    _deliver(account, next(mails(1, seed=31)))
    _wait(lambda: desk_count(house.desk) > 0, house)
    return True


def _wait(reached: Callable[[], bool], house: House, timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < end, house.log.read_text()
        time.sleep(0.005)


def _delays(house: House, account: Account, generated: list[Mail], pause_s: float = 0.0) -> list[float]:
    """Seconds from LMTP's "accepted" to the case, one mail after the other."""
    delays = []
    for mail in generated:
        time.sleep(pause_s)
        _deliver(account, mail)
        accepted = time.monotonic()
        _wait(partial(_arrived, house, mail), house)
        delays.append(time.monotonic() - accepted)
    return delays


def _arrived(house: House, mail: Mail) -> bool:
    return mail.ref in {message.ref for message in desk_messages(house.desk)}


def _deliver(account: Account, mail: Mail) -> None:
    with smtplib.LMTP(account.server.host, account.server.lmtp) as lmtp:
        lmtp.sendmail("customer@post.example", [account.user], mail.raw)


def _stop(worker: subprocess.Popen[bytes]) -> float:
    """Seconds from SIGTERM to the end."""
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    worker.wait(_STOP_S + 5)
    return time.monotonic() - began
