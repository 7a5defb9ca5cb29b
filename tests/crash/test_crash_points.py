"""Hurt at every effect, then others until quiet: nothing lost, doubled, misthreaded, or answered twice (I7)."""

from __future__ import annotations

import random

import pytest

from tests.crash.driver import FAR, Driver, Score

_SEED = 20261122
_FAKES = ("zendesk", "salesforce", "jira", "jira-dc", "hubspot")


def _shown(score: Score, capsys: pytest.CaptureFixture[str]) -> Score:
    with capsys.disabled():
        print(f"\n{score}")
    return score


@pytest.mark.parametrize(("ledger", "step"), [("kept", 1), ("lost", 2)])
def test_i7_killed_at_every_effect(ledger: str, step: int, driver: Driver, capsys: pytest.CaptureFixture[str]) -> None:
    """P4, crash points 1 to 16; with the ledger lost, I6. What is marked is in its case at once (I2)."""
    score = _shown(driver.enumerate("desk", "kill", ledger, range(1, FAR, step)), capsys)
    assert score.faults() == {}
    assert score.runs >= 30 // step, "the seam has holes"


def test_i7_held_mail_is_shown_to_people_after_a_crash(driver: Driver) -> None:
    """I1: killed between the ledger's word and the flag, a held mail must still get its flag from who comes next."""
    score = driver.enumerate("desk", "kill", "kept", range(26, 46, 5))
    assert "unflagged" not in score.wrong


@pytest.mark.parametrize(("kind", "first"), [("enospc", 1), ("eio", 2), ("cut", 3)])
def test_i7_writes_fail_at_many_effects(
    kind: str, first: int, driver: Driver, capsys: pytest.CaptureFixture[str]
) -> None:
    """D3, D4, N2: the disk is full, the disk fails, the answer is cut off after the deed; the ledger is kept."""
    score = _shown(driver.enumerate("desk", kind, "kept", range(first, FAR, 8)), capsys)
    assert score.faults() == {}
    assert score.runs >= 5


def test_p1_sigterm_to_the_whole_group_at_many_effects(driver: Driver, capsys: pytest.CaptureFixture[str]) -> None:
    """P1, P3, I15: ``run`` ends with 0 within 25 s wherever it is, and what comes after it finishes the work."""
    score = _shown(driver.enumerate("desk", "term", "kept", range(2, 34, 6)), capsys)
    assert score.faults() == {}
    assert score.runs == 6


@pytest.mark.parametrize("ledger", ["kept", "lost"])
@pytest.mark.parametrize("connector", ["zendesk", "salesforce", "hubspot", "jira"])
def test_i7_killed_at_a_few_effects_before_a_vendors_crm(
    connector: str, ledger: str, driver: Driver, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same before each vendor's fake: I3, I4, I6. All points of all of them are in the soak."""
    score = _shown(driver.enumerate(connector, "kill", ledger, range(9 if ledger == "kept" else 14, 40, 13)), capsys)
    assert score.faults() == {}
    assert score.runs >= 2


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["kill", "enospc", "eio", "cut", "term"])
@pytest.mark.parametrize("ledger", ["kept", "lost"])
@pytest.mark.parametrize("connector", ["desk", *_FAKES])
def test_i7_hurt_at_every_effect(
    connector: str, ledger: str, kind: str, driver: Driver, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every connector, every effect, every kind of fault."""
    last = 30 if kind == "term" else FAR
    score = _shown(driver.enumerate(connector, kind, ledger, range(1, last)), capsys)
    assert score.faults() == {}


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("ledger", ["kept", "lost"])
@pytest.mark.parametrize("connector", ["desk", *_FAKES])
def test_i7_killed_twice(connector: str, ledger: str, driver: Driver, capsys: pytest.CaptureFixture[str]) -> None:
    """Pairs of effects, sampled: who comes after the first killed worker is killed as well, and so is a third."""
    rng = random.Random(_SEED)
    points = (tuple(rng.randint(1, 40) for _ in range(3)) for _ in range(60))
    score = _shown(driver.pairs(connector, ledger, points, lanes=4), capsys)
    assert score.faults() == {}
