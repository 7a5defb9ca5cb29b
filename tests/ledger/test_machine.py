"""Any order of claims, ends, deaths and orders: one holder, no final state undone, no doubt forgotten (I3, I7, I8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.ledger.conftest import Open
from tests.ledger.samples import CASE, facts, key, planned, slot
from worker.ledger import Claim, Ledger
from worker.outcome import Deferred, Delivered, Discarded, Held, Outcome

WORKERS = st.sampled_from(["a", "b"])
# Ends that leave something to do come oftener, so that a run does not stop at the first case.
OUTCOMES = st.sampled_from([Deferred(0, "busy")] * 2 + [Held("refused")] * 2 + [Delivered(CASE), Discarded("rule")])
FINAL = ("delivered", "discarded")
#: So long that a claim never runs out while a run lasts, and so short that it already has.
LASTING_S, LAPSED_S = 600.0, -1.0


class OneDelivery(RuleBasedStateMachine):
    """Two workers and an operator at one delivery after the other, beside a model of what must be true of it."""

    workers: ClassVar[dict[str, Ledger]]
    numbers: ClassVar[Iterator[int]]
    #: how often each transition was seen, over all runs
    seen: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    def begin(self) -> None:
        self.name = str(next(self.numbers))
        self.key = key(self.name)
        self.workers["a"].record(slot(), facts(self.name), [planned(self.name)])
        self.state, self.doubt = "pending", False
        self.holder: tuple[str, Claim] | None = None
        self.lapsed = False
        self.former: list[tuple[str, Claim]] = []

    def becomes(self, state: str) -> None:
        self.seen[f"{self.state}>{state}"] += 1
        self.state = state

    @precondition(lambda self: self.state in FINAL)
    @rule(worker=WORKERS)
    def final_is_final(self, worker: str) -> None:
        ledger = self.workers[worker]
        assert ledger.claim(self.key) is None
        assert ledger.retry([self.key]) == 0
        assert not ledger.discard(self.key)
        self.stands_as_the_model_says()
        self.begin()

    @precondition(lambda self: self.state not in FINAL)
    @rule(worker=WORKERS, lasting=st.booleans())
    def claim(self, worker: str, lasting: bool) -> None:
        claim = self.workers[worker].claim(self.key, LASTING_S if lasting else LAPSED_S)
        free = self.state in ("pending", "deferred") or (
            self.state == "delivering" and (self.holder is None or self.lapsed)
        )
        assert (claim is not None) == free
        if claim is None:
            return
        assert claim.in_doubt == (self.doubt or self.holder is not None)
        if self.holder:
            self.former.append(self.holder)
            assert claim.fence > self.holder[1].fence
        self.doubt = claim.in_doubt
        self.holder, self.lapsed = (worker, claim), not lasting
        self.becomes("delivering")

    @precondition(lambda self: self.holder)
    @rule(outcome=OUTCOMES, counts=st.booleans(), doubt=st.booleans())
    def settle(self, outcome: Outcome, counts: bool, doubt: bool) -> None:
        assert self.holder
        worker, claim = self.holder
        assert self.workers[worker].settle(claim, outcome, counts=counts, doubt=doubt)
        self.former.append(self.holder)
        self.holder, self.lapsed = None, False
        final = isinstance(outcome, Delivered | Discarded)
        self.doubt = not final and (doubt or claim.in_doubt)
        waits = "delivering" if doubt else "deferred"
        self.becomes(waits if isinstance(outcome, Deferred) else type(outcome).__name__.lower())

    @precondition(lambda self: self.holder and self.former)
    @rule(data=st.data(), outcome=OUTCOMES)
    def settle_too_late(self, data: st.DataObject, outcome: Outcome) -> None:
        assert self.holder
        worker, claim = data.draw(st.sampled_from(self.former))
        assert not self.workers[worker].settle(claim, outcome)

    @precondition(lambda self: self.state not in FINAL)
    @rule(worker=WORKERS)
    def retry(self, worker: str) -> None:
        doubtful = self.state == "delivering" and self.holder is None
        waits = self.state in ("held", "deferred", "pending")
        assert self.workers[worker].retry([self.key]) == int(waits or doubtful)
        if waits:
            self.becomes("pending")

    @precondition(lambda self: self.state not in FINAL and bool(self.former))
    @rule(worker=WORKERS)
    def discard(self, worker: str) -> None:
        waits = self.state != "delivering"
        assert self.workers[worker].discard(self.key) == waits
        if waits:
            self.doubt = False
            self.becomes("discarded")

    @rule(worker=WORKERS)
    def record_again(self, worker: str) -> None:
        self.workers[worker].record(slot(), facts(self.name), [planned(self.name)])

    @invariant()
    def stands_as_the_model_says(self) -> None:
        row = self.workers["b"].state([self.key])[self.key]
        assert row.state == self.state
        if self.holder is None:
            assert row.in_doubt == self.doubt


BOUNDS = settings(
    max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def test_one_delivery(opened: Open) -> None:
    seen: Counter[str] = Counter()
    given = {"workers": {name: opened(name) for name in ("a", "b")}, "numbers": count(), "seen": seen}
    run_state_machine_as_test(type("OneDeliveryHere", (OneDelivery,), given), settings=BOUNDS)
    ends = ("deferred", "held", "delivered", "discarded", "delivering")
    begins = ("pending", "deferred", "delivering")
    wanted = {f"delivering>{end}" for end in ends} | {f"{begin}>delivering" for begin in begins} | {"held>pending"}
    assert wanted <= set(seen), "the run has not been everywhere"
