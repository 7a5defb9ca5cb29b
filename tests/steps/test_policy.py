"""What a route says of mail that no customer wrote, and what several outcomes of one message come to."""

from __future__ import annotations

import itertools

import pytest

from connectors.contract import CaseRef
from worker.farewell import combined
from worker.outcome import Deferred, Delivered, Discarded, Held, Outcome, is_final
from worker.policy import ruled
from worker.settings import Route

CASE = Delivered(CaseRef("1", "1"))


@pytest.mark.parametrize("kind", ["customer", "list"])
def test_mail_from_people_is_delivered_whatever_the_route_says_of_machines(kind: str) -> None:
    assert ruled(Route(connector="crm", spam="discard", automatic="discard"), kind, ("why",)) is None


@pytest.mark.parametrize(("kind", "key"), [("spam", "spam"), ("bounce", "automatic"), ("auto_reply", "automatic")])
def test_each_policy_does_what_it_says(kind: str, key: str) -> None:
    def by(policy: str) -> Outcome | None:
        return ruled(Route.model_validate({"connector": "crm", key: policy}), kind, ("a field", "another"))

    assert by("deliver") is None
    assert isinstance(by("hold"), Held)
    assert isinstance(by("discard"), Discarded)
    held = by("hold")
    assert held is not None
    assert held.why == f"{kind.replace('_', ' ')}: a field; another"


def test_policies_do_not_mix() -> None:
    route = Route(connector="crm", spam="deliver", automatic="discard")
    assert ruled(route, "spam", ()) is None
    assert isinstance(ruled(route, "bounce", ()), Discarded)


def test_our_own_loop_is_discarded_whatever_the_route_says() -> None:
    assert isinstance(ruled(Route(connector="crm", spam="deliver", automatic="deliver"), "loop", ()), Discarded)


def test_i2_a_message_is_final_only_when_all_of_its_outcomes_are() -> None:
    ends: list[Outcome] = [CASE, Discarded("by rule"), Held("rejected"), Deferred(60.0, "busy")]
    for several in itertools.product(ends, repeat=3):
        assert is_final(combined(several)) == all(map(is_final, several))


def test_a_message_is_looked_at_again_when_the_first_of_its_deliveries_is_due() -> None:
    assert combined([Deferred(3600.0, "busy"), CASE, Deferred(30.0, "soon"), Held("no")]) == Deferred(30.0, "soon")


def test_a_person_is_asked_when_nothing_is_left_to_wait_for() -> None:
    assert combined([CASE, Held("rejected")]) == Held("rejected")
