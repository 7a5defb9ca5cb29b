"""Fail the n-th effect, for many n: hurt a worker there, let others come after it, judge from outside."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.crash.nursery import Job, Nursery
from tests.crash.outside import Judgement
from tests.crash.scene import Scene, old_ledger

#: more effects than one run has
FAR = 400
_COLUMNS = ("lost", "doubled", "misthreaded", "acked_twice")


@dataclass
class Score:
    """One line of the table of runs."""

    connector: str
    kind: str
    ledger: str
    runs: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    #: effect and number → what was wrong there
    where: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def note(self, place: str, *judgements: Judgement) -> None:
        """One run's verdicts."""
        self.runs += 1
        for judgement in judgements:
            for name, refs in judgement.faults().items():
                self.wrong[name] += len(refs)
                self.where.setdefault(place, {})[name] = refs

    def faults(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """By place, what was lost, doubled or done wrong; what is only not shown to people has a test of its own."""
        named = {
            place: {name: refs for name, refs in found.items() if name != "unflagged"}
            for place, found in self.where.items()
        }
        return {place: found for place, found in named.items() if found}

    def __str__(self) -> str:
        counts = " ".join(f"{name} {self.wrong[name]}" for name in _COLUMNS)
        others = sum(count for name, count in self.wrong.items() if name not in _COLUMNS)
        return f"{self.connector:11}{self.kind:9}ledger {self.ledger:5}{self.runs:4} runs: {counts} other {others}"


class Driver:
    """Makes a fresh scene for each run, and hurts a worker in it."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        self._folder, self._nursery = folder, nursery
        self._old = old_ledger(folder)
        self._number = 0

    def enumerate(self, connector: str, kind: str, ledger: str, points: Iterator[int] | range, lanes: int = 1) -> Score:
        """Every point of ``points`` that a run has; ``ledger``: "kept" or "lost" after the worker was hurt."""
        score = Score(connector, kind, ledger)
        for at in points:
            if not self._one(score, (at,), lanes):
                break
        return score

    def pairs(self, connector: str, ledger: str, points: Iterator[tuple[int, ...]], lanes: int = 1) -> Score:
        """The first worker is killed at the first point, the one that comes after it at the second, and so on."""
        score = Score(connector, "kills", ledger)
        for pair in points:
            self._one(score, pair, lanes)
        return score

    def _one(self, score: Score, points: tuple[int, ...], lanes: int) -> bool:
        """One scene from its begin to its end; whether the first point was reached."""
        self._number += 1
        folder = self._folder / f"run{self._number}"
        folder.mkdir()
        with ExitStack() as stack:
            scene = Scene(folder, self._nursery, score.connector, self._old, lanes, stack)
            place, judgements, reached = "", [], []
            for at in points:
                reached.append(self._hurt(scene, score.kind, at))
                place += f"{at} {scene.effects()[-1] if scene.effects() else 'before all'}; "
                judgements.append(scene.now())
                if score.ledger == "lost":
                    scene.lose_ledger()
            if reached[0]:
                scene.until_quiet()
                score.note(place, *judgements, scene.at_the_end())
        shutil.rmtree(folder)
        return reached[0]

    def _hurt(self, scene: Scene, kind: str, at: int) -> bool:
        """A worker that meets its fault, seen to its end; whether it met it."""
        hurt: Callable[[Job], int] = {"term": self._terminated}.get(kind, self._nursery.live)
        kind = "kill" if kind == "kills" else kind
        code = hurt(scene.job(at=at, kind=kind, verb="run" if kind == "term" else "once"))
        met = any(line.endswith(kind) for line in scene.effects())
        assert code == (-signal.SIGKILL if met and kind == "kill" else code), code
        assert code in (0, 3, 4, -signal.SIGKILL), (code, (scene.folder / "err").read_text())
        assert "Traceback" not in (scene.folder / "err").read_text(), (scene.folder / "err").read_text()
        return met

    def _terminated(self, job: Job) -> int:
        """``run`` with SIGTERM for its whole group at the point; it has 25 s to end (I15, P1, P3)."""
        status = self._nursery.wait(self._nursery.start(job), 25.0)
        assert status is not None, f"25 s after SIGTERM the worker is still there: {job.err.read_text()}"
        code = os.waitstatus_to_exitcode(status)
        assert code == 0, (code, job.err.read_text(), job.out.read_text())
        return code


@pytest.fixture
def driver(tmp_path: Path, nursery: Nursery) -> Driver:
    """For one test."""
    return Driver(tmp_path, nursery)
