"""Where the workers that are to be hurt come from: asks the zygote for them, and sees them out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.crash.effects import Plan

_ROOT = Path(__file__).parents[2]
_START_S = 60.0


@dataclass
class Job:
    """One worker's life: the verb, in which folder, and what befalls it."""

    folder: Path
    settings: Path
    verb: str = "once"
    at: int = 0
    kind: str = "kill"
    only: str = ""
    times: int = 1
    #: begin of the names of its files, where there are several workers
    name: str = ""
    #: dotted name of a constant → its value in this worker
    patches: Mapping[str, object] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    #: name of a resource limit → its soft value
    limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def trace(self) -> Path:
        return self.folder / f"{self.name}trace"

    @property
    def out(self) -> Path:
        return self.folder / f"{self.name}out"

    @property
    def err(self) -> Path:
        return self.folder / f"{self.name}err"

    def told(self) -> dict[str, Any]:
        """As the zygote wants it."""
        return {
            "folder": str(self.folder),
            "settings": str(self.settings),
            "verb": self.verb,
            "out": str(self.out),
            "err": str(self.err),
            "env": dict(self.env),
            "patches": dict(self.patches),
            "limits": dict(self.limits),
            "plan": asdict(Plan(self.at, self.kind, str(self.trace), self.only, self.times)),
        }


class Nursery:
    """Forks workers; use as a context manager."""

    def __init__(self) -> None:
        self._zygote: subprocess.Popen[str] | None = None
        self._living: set[int] = set()

    def __enter__(self) -> Nursery:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_URL")}
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"],
            cwd=_ROOT,
            env=kept,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"
        return self

    def __exit__(self, *_: object) -> None:
        for pid in tuple(self._living):
            self.signal(pid, signal.SIGKILL)
            self.wait(pid, 5)
        assert self._zygote is not None
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(10)
        self._zygote.stdout.close()

    def start(self, job: Job) -> int:
        """The worker's process id; it leads a group of its own."""
        for path in (job.trace, job.out, job.err):
            if not path.is_fifo():
                path.unlink(missing_ok=True)
        pid = int(self._ask(op="start", **job.told()))
        self._living.add(pid)
        return pid

    def wait(self, pid: int, timeout_s: float) -> int | None:
        """The wait status once the worker has ended or was stopped; None if it does neither in time."""
        status = self._ask(op="wait", pid=pid, timeout_s=timeout_s)
        if status is not None and not os.WIFSTOPPED(status):
            self._living.discard(pid)
        return None if status is None else int(status)

    def live(self, job: Job, timeout_s: float = 60.0) -> int:
        """A whole life: the exit code, or minus the signal that ended it."""
        status = self.wait(self.start(job), timeout_s)
        assert status is not None, f"the worker hangs; it had passed {job.trace.read_text().splitlines()[-3:]}"
        return os.waitstatus_to_exitcode(status)

    @staticmethod
    def signal(pid: int, number: int) -> None:
        """To the worker's whole group, as a platform does it."""
        os.killpg(pid, number)

    def _ask(self, **asked: Any) -> Any:
        assert self._zygote is not None
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(asked) + "\n")
        self._zygote.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._zygote is not None
        assert self._zygote.stdout is not None
        line = self._zygote.stdout.readline()
        assert line, "the zygote is gone"
        return json.loads(line)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """One zygote for all tests that hurt workers."""
    with Nursery() as opened:
        yield opened
