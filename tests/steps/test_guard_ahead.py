"""Mails sent ahead to the child: answered in order, charged one by one, never lost (H20, P3, M26)."""

from __future__ import annotations

import base64
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.steps.letters import HEADER, multipart, read, source
from worker.message import Guard
from worker.message.errand import MAX_AHEAD
from worker.message.guard import GuardError

BIG_BYTES = 100_000_000
BASE64 = b"Content-Type: a/b; name=x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
MOST_RESIDENT_KB = 60 * 1024


def mail(number: int, size: int = 10) -> bytes:
    return HEADER + b"\r\nmail %d\r\n" % number + b"x" * size


@pytest.fixture
def guard():
    with closing(Guard(wall_limit_s=5)) as made:
        made.parse(source(mail(0)))
        yield made


def stopped(guard: Guard) -> int:
    """The child's pid; it stands still until it is told to go on."""
    (pid,) = guard.pids()
    os.kill(pid, signal.SIGSTOP)
    return pid


@pytest.mark.parametrize("size", [10, 200_000, 900_000, 3_000_000])
def test_each_gets_its_own_answer_whatever_the_pipe_holds(guard, size):
    """Mails longer than the pipe, and answers longer than it: neither end waits for the other for ever."""
    mails = [mail(number, size if number % 2 else 10) for number in range(3 * MAX_AHEAD)]
    errands = [guard.begin(source(one)) for one in mails]
    assert [one.result() for one in reversed(errands)] == [read(one) for one in reversed(mails)]
    assert errands[0].result() is errands[0].result()


def test_h20_only_the_mail_that_the_child_was_at_is_charged(guard):
    pid = stopped(guard)
    errands = [guard.begin(source(mail(number))) for number in range(3)]
    os.kill(pid, signal.SIGSEGV)
    os.kill(pid, signal.SIGCONT)
    first, *others = [one.result() for one in errands]
    assert first.error == "the parsing child was ended by SIGSEGV"
    assert others == [read(mail(1)), read(mail(2))]


def test_p3_a_signal_to_the_group_charges_none_of_them(guard):
    pid = stopped(guard)
    errands = [guard.begin(source(mail(number))) for number in range(3)]
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGCONT)
    assert [one.result() for one in errands] == [read(mail(number)) for number in range(3)]


def test_a_mail_that_was_answered_before_the_child_died_keeps_its_answer(guard):
    (pid,) = guard.pids()
    errand = guard.begin(source(mail(1)))
    time.sleep(0.3)
    os.kill(pid, signal.SIGSEGV)
    time.sleep(0.1)
    later = guard.begin(source(mail(2)))
    assert errand.result() == read(mail(1))
    assert later.result().error == "the parsing child was ended by SIGSEGV"
    assert guard.parse(source(mail(3))) == read(mail(3))


def test_the_identity_that_was_known_before_the_end_is_kept(guard):
    """I9: a mail that ends the child after it was taken apart keeps the identity that it has when all goes well."""
    (pid,) = guard.pids()
    raw = multipart(b"\r\nhello", BASE64 + base64.encodebytes(b"m" * 3_000_000))
    errand = guard.begin(source(raw))
    # The answer is longer than the pipe, so the child waits for us to read it, all its work done.
    time.sleep(1)
    os.kill(pid, signal.SIGSEGV)
    message = errand.result()
    assert message.error == "the parsing child was ended by SIGSEGV"
    assert message.identity == read(raw).identity


def test_a_mail_that_takes_too_long_does_not_delay_those_behind_it_for_ever():
    with closing(Guard(wall_limit_s=0.5)) as made:
        made.parse(source(mail(0)))
        stopped(made)
        errands = [made.begin(source(mail(number))) for number in range(3)]
        results = [one.result() for one in errands]
    assert [one.error for one in results] == ["reading took longer than 0.5 s", None, None]


def test_an_answer_that_waited_for_long_is_not_late(guard):
    """The clock of a mail runs only while somebody waits for it: whoever comes late finds it read."""
    with closing(Guard(wall_limit_s=0.3)) as made:
        made.parse(source(mail(0)))
        errands = [made.begin(source(mail(number, 300_000))) for number in range(3)]
        time.sleep(0.6)
        assert [one.result().error for one in errands] == [None] * 3


def test_threads_that_come_and_go_finish_each_others_errands(guard):
    def both(number: int) -> list[str]:
        errands = [guard.begin(source(mail(2 * number + more))) for more in (0, 1)]
        return [errand.result().text.split("\n")[0] for errand in errands]

    with ThreadPoolExecutor(6) as pool:
        texts = list(pool.map(both, range(40)))
    assert texts == [[f"mail {2 * number}", f"mail {2 * number + 1}"] for number in range(40)]


def test_what_was_begun_before_the_guard_closed_is_refused_not_lost(guard):
    stopped(guard)
    errand = guard.begin(source(mail(1)))
    guard.close()
    with pytest.raises(GuardError, match="closed"):
        errand.result()
    with pytest.raises(GuardError, match="closed"):
        errand.result()


def test_d3_a_spool_that_is_gone_stops_its_own_mail_only(guard, tmp_path):
    bad = guard.begin(
        source(multipart(b"\r\nx", b"Content-Type: a/b\r\n\r\n" + os.urandom(2_000_000))), tmp_path / "no"
    )
    good = guard.begin(source(mail(1)))
    with pytest.raises(GuardError, match="no mail can be read"):
        bad.result()
    assert good.result() == read(mail(1))


def resident_kb(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])


def test_m26_a_mail_of_100_mb_leaves_the_child_small(guard, tmp_path):
    """The spool file is read in windows: its octets are never resident at once, in the child or in the parent."""
    spooled = tmp_path / "mail"
    line = base64.b64encode(b"m" * 57) + b"\r\n"
    with spooled.open("wb") as out:
        out.write(multipart(b"\r\nhello")[: -len("--b--\r\n")])
        out.write(b"--b\r\n" + BASE64)
        for _ in range(100):
            out.write(line * (BIG_BYTES // 100 // len(line)))
        out.write(b"\r\n--b--\r\n")
    (pid,) = guard.pids()
    ours = resident_kb(os.getpid())
    message = guard.parse(source(spooled), tmp_path)
    assert message.error is None
    assert message.attachments[0].size_bytes > 70_000_000
    assert resident_kb(pid) < MOST_RESIDENT_KB
    assert resident_kb(os.getpid()) < ours + 8 * 1024
