"""Room that runs out: disk, descriptors, a log that nobody reads; the worker ends or waits, and loses nothing."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable

import pytest

from tests.crash.scene import Scene

Stage = Callable[..., Scene]


def _faults(scene: Scene) -> dict[str, tuple[str, ...]]:
    """What is wrong at the end; that a held mail is not shown to people has a test of its own."""
    found = scene.at_the_end().faults()
    found.pop("unflagged", None)
    return found


@pytest.mark.parametrize("size_bytes", [4_096, 60_000, 400_000])
def test_d3_no_file_may_grow_any_more(size_bytes: int, stage: Stage) -> None:
    """D3, D4: ledger, desk, attachments and spool hit the limit, each in its turn; with room again all is done."""
    scene = stage()
    job = scene.job(limits={"RLIMIT_FSIZE": size_bytes})
    code = scene.nursery.live(job)
    assert code in (2, 3, 4), job.err.read_text()
    assert "Traceback" not in job.err.read_text()
    assert scene.now().faults() == {}
    scene.until_quiet()
    assert _faults(scene) == {}


@pytest.mark.parametrize("descriptors", [8, 14, 20])
def test_p16_too_few_descriptors(descriptors: int, stage: Stage) -> None:
    """P16: whatever cannot be opened is told; nothing is half done, and later all is done."""
    scene = stage()
    job = scene.job(limits={"RLIMIT_NOFILE": descriptors})
    code = scene.nursery.live(job)
    assert code in (0, 2, 3, 4), (code, job.err.read_text())
    assert "Traceback" not in job.err.read_text()
    assert scene.now().faults() == {}
    scene.until_quiet()
    assert _faults(scene) == {}


def test_p15_nobody_reads_the_log(stage: Stage) -> None:
    """P15: the log's pipe is full from the begin, and the worker comes to its end all the same."""
    assert _with_full_log(stage()) is not None


def test_p15_killed_while_nobody_read_the_log(stage: Stage) -> None:
    """P15, P4: whatever became of the worker whose log was stuck, nothing is lost or doubled by it."""
    scene = stage()
    _with_full_log(scene)
    assert scene.now().faults() == {}
    scene.until_quiet()
    assert _faults(scene) == {}


def _with_full_log(scene: Scene) -> int | None:
    """The wait status of a worker whose log is a full pipe; None when it had to be killed."""
    job = scene.job(name="blocked-")
    os.mkfifo(job.err)
    reader = os.open(job.err, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(job.err, os.O_WRONLY | os.O_NONBLOCK)
    try:
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
        os.write(writer, b"x" * 4000)
        pid = scene.nursery.start(job)
        status = scene.nursery.wait(pid, 8)
        if status is None:
            scene.nursery.signal(pid, signal.SIGKILL)
            scene.nursery.wait(pid, 5)
        return status
    finally:
        os.close(writer)
        os.close(reader)
