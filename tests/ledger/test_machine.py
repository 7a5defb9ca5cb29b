"""Any order of claims, ends, deaths and orders: one holder, no final state undone, no doubt forgotten (I3, I7, I8)."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.ledger.samples import CASE, facts, key, planned, slot
from tests.postgres import PostgresServer
from worker.ledger import Claim, Ledger
from worker.outcome import Deferred, Delivered, Discarded, Held, Outcome

OUTCOMES = st.sampled_from([Delivered(CASE), Discarded("rule"), Held("refused"), Deferred(0, "busy")])
WORKERS = st.sampled_from(["a", "b"])
#: So long that a claim never runs out while a run lasts, and so short that it already has.
LASTING_S, LAPSED_S = 600.0, -1.0


class OneDelivery(RuleBasedStateMachine):
    """Two workers and an operator at one delivery, beside a model of what must be true of it."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.workers = {name: Ledger.open(self.url, owner=name) for name in ("a", "b")}
        for ledger in self.workers.values():
            self.stack.callback(ledger.close)
        self.name = str(
            len(self.workers["a"].deliveries_in("pending", "delivering", "deferred", "held", "delivered", "discarded"))
        )
        self.key = key(self.name)
        self.workers["a"].record(slot(), facts(self.name), [planned(self.name)])
        self.state, self.doubt = "pending", False
        self.holder: tuple[str, Claim] | None = None
        self.lapsed = False
        self.former: list[tuple[str, Claim]] = []

    def teardown(self) -> None:
        self.stack.close()

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
        self.state, self.holder, self.lapsed = "delivering", (worker, claim), not lasting

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
        if isinstance(outcome, Deferred):
            self.state = "delivering" if doubt else "deferred"
        else:
            self.state = type(outcome).__name__.lower()

    @precondition(lambda self: self.holder and self.former)
    @rule(data=st.data(), outcome=OUTCOMES)
    def settle_too_late(self, data: st.DataObject, outcome: Outcome) -> None:
        assert self.holder
        worker, claim = data.draw(st.sampled_from(self.former))
        assert not self.workers[worker].settle(claim, outcome)

    @rule(worker=WORKERS)
    def retry(self, worker: str) -> None:
        waits = self.state in ("held", "deferred")
        assert self.workers[worker].retry([self.key]) == int(waits)
        if waits:
            self.state = "pending"

    @precondition(lambda self: self.state != "deferred")
    @rule(worker=WORKERS)
    def discard(self, worker: str) -> None:
        waits = self.state in ("held", "pending")
        assert self.workers[worker].discard(self.key) == waits
        if waits:
            self.state, self.doubt = "discarded", False

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
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def run(url: str) -> None:
    machine = type("OneDeliveryThere", (OneDelivery,), {"url": url})
    run_state_machine_as_test(machine, settings=BOUNDS)


def test_one_delivery_on_sqlite() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(f"sqlite:///{Path(folder) / 'ledger.db'}")


@pytest.mark.postgres
def test_one_delivery_on_postgresql(postgres_server: PostgresServer, postgres_url: str) -> None:
    run(postgres_url)
