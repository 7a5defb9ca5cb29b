"""Two at once, thirty restarts without memory, a ledger that vanishes, signals that come twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.crash.scene import Scene

Stage = Callable[..., Scene]
_SEED = 20261122


def _faults(scene: Scene) -> dict[str, tuple[str, ...]]:
    """What is wrong at the end; that a held mail is not shown to people has a test of its own."""
    found = scene.at_the_end().faults()
    found.pop("unflagged", None)
    return found


@pytest.mark.parametrize("ledgers", ["one", "two"])
def test_p11_two_once_at_the_same_time(ledgers: str, stage: Stage) -> None:
    """P11, P12, I8; with a ledger each D16, as two dynos have that overlap: mail by mail once, whoever did it."""
    scene = stage(lanes=4)
    other = {"DATABASE_URL": f"sqlite:///{scene.folder}/other.db"} if ledgers == "two" else {}
    pids = [
        scene.nursery.start(scene.job(name="one-")),
        scene.nursery.start(scene.job(name="other-", env=other)),
    ]
    for pid in pids:
        status = scene.nursery.wait(pid, 60)
        assert status is not None
        assert os.waitstatus_to_exitcode(status) in (0, 3, 4)
    scene.until_quiet()
    found = _faults(scene)
    if ledgers == "two":
        # That only who made the case may answer is the matter of tests/crash/test_zombies.py.
        found.pop("acked_twice", None)
        found.pop("copied", None)
    assert found == {}


def test_p13_thirty_restarts_without_memory(stage: Stage) -> None:
    """P13, P5, I6: killed anywhere, the ledger lost each time; in the end each mail once, and never one too many."""
    scene = stage(ledger=None, lanes=4)
    rng = random.Random(_SEED)
    for _ in range(30):
        code = scene.nursery.live(scene.job(at=rng.randint(1, 45)))
        assert code in (0, 3, -signal.SIGKILL), (scene.folder / "err").read_text()
        assert scene.now().faults() == {}
        scene.lose_ledger()
    scene.until_quiet()
    assert _faults(scene) == {}


@pytest.mark.parametrize("at", [1, 3, 6])
def test_d6_the_ledgers_file_is_removed_under_us(at: int, stage: Stage) -> None:
    """D6, M28: who writes on into a file that is gone is told by nobody; what comes after it finds the CRM's keys."""
    scene = stage()
    pid = scene.nursery.start(scene.job(at=at, kind="stop", only="desk commit", name="first-"))
    assert os.WIFSTOPPED(scene.nursery.wait(pid, 20) or 0)
    scene.lose_ledger()
    os.kill(pid, signal.SIGCONT)
    status = scene.nursery.wait(pid, 60)
    assert status is not None
    assert os.waitstatus_to_exitcode(status) in (0, 3, 4)
    scene.until_quiet()
    assert _faults(scene) == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_p2_a_second_signal_to_the_whole_group_ends_at_once(number: int, stage: Stage) -> None:
    """P2, P3, I15: the first one drains, which a silent mail server draws out; the second one leaves at once."""
    scene = stage()
    scene.sink.fail("ANSWER", "silent")
    job = scene.job(verb="run")
    pid = scene.nursery.start(job)
    _until(lambda: any("smtp" in effect for effect in scene.effects()))
    scene.nursery.signal(pid, number)
    assert scene.nursery.wait(pid, 1.0) is None, "nothing was in hand"
    begun = time.monotonic()
    scene.nursery.signal(pid, number)
    status = scene.nursery.wait(pid, 5.0)
    assert status is not None
    assert time.monotonic() - begun < 1.0
    assert os.waitstatus_to_exitcode(status) == 128 + number
    scene.until_quiet()
    assert _faults(scene) == {}


def _until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)
