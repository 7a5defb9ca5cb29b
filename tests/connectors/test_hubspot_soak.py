"""A thousand mails: how many calls they cost, and that nothing is lost or doubled while HubSpot stumbles."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import tenacity

from connectors.conformance import delivery, file_of
from connectors.contract import CaseRef, ConnectorError, Delivery, Person
from connectors.hubspot import HubSpot
from tests.fakes.http_server import Fault, Reply, Seen
from tests.fakes.hubspot import HubSpotFake
from tests.fakes.hubspot.strict import envelope

pytestmark = pytest.mark.soak

_NEW, _FURTHER, _LANES = 400, 600, 8


def _mail(number: int, case: CaseRef | None = None) -> Delivery:
    """Every second with a file; 150 authors; every sixth further message finds its ticket closed."""
    files = (file_of(b"content %d" % number, "note.txt"),) if number % 2 else ()
    return delivery(case=case, attachments=files, requester=Person("", f"author{number % 150}@example.com"))


def _run(act: Callable[[Delivery], CaseRef], mails: list[Delivery]) -> list[CaseRef]:
    with ThreadPoolExecutor(_LANES) as pool:
        return list(pool.map(act, mails))


def _kind(seen: Seen) -> str:
    parts = [part for part in seen.path.split("/") if part and not part.isdigit() and len(part) < 40]
    return f"{seen.method} {'/'.join(parts[-2:])}"


def test_calls_per_thousand_mails(capsys: pytest.CaptureFixture[str]) -> None:
    """The map advises about 2,000; the state of a ticket before each further message is dearer, and shared."""
    fake = HubSpotFake().start()
    # The calls of several lanes meet only where an answer takes as long as HubSpot's.
    fake.faults.append(Fault("delay", "", times=100_000, seconds=0.05))
    hubspot = HubSpot(**fake.options)
    cases = _run(hubspot.create, [_mail(number) for number in range(_NEW)])
    for ticket in fake.live("tickets")[:100]:
        ticket.properties["hs_pipeline_stage"] = "4"
    _run(hubspot.append, [_mail(number, cases[number % _NEW]) for number in range(_FURTHER)])
    counted = Counter(_kind(seen) for seen, _ in fake.log)
    hubspot.close()
    fake.stop()
    with capsys.disabled():
        print(f"\nHubSpot: {sum(counted.values())} calls for 1,000 mails: {dict(counted.most_common())}")
    assert len(fake.live("emails")) == _NEW + _FURTHER
    assert fake.violations == []
    assert sum(counted.values()) < 2_700


class Stumbling(HubSpotFake):
    """Ten answers in a hundred are lost, five are 500s, five are 429s; reproducible."""

    dice = random.Random(7)

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            roll = self.dice.random()
        if roll < 0.10:
            return Fault("reset_after")
        if roll < 0.15:
            return Fault("reply", reply=Reply(500, envelope("INTERNAL_ERROR", "x")), applied=self.dice.random() < 0.5)
        slow = Reply(429, envelope("RATE_LIMITS", "slow", policyName="TEN_SECONDLY_ROLLING"))
        return Fault("reply", reply=slow) if roll < 0.20 else None


def _persist(fake: Stumbling, act: Callable[[HubSpot], Callable[[Delivery], CaseRef]]) -> Callable[[Delivery], CaseRef]:
    """What the worker does: find, else again; each try by a process without a memory."""

    def deliver(sent: Delivery) -> CaseRef:
        for _ in range(60):
            hubspot = HubSpot(**fake.options)
            try:
                return hubspot.find(sent) or act(hubspot)(sent)
            except ConnectorError:
                continue
            finally:
                hubspot.close()
        raise AssertionError("it never got through")

    return deliver


def test_nothing_is_lost_or_doubled_while_hubspot_stumbles(monkeypatch: pytest.MonkeyPatch) -> None:
    """I1: 200 mails in 60 cases; tickets, e-mails and files equal to what was sent, and nothing in excess."""
    monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
    fake = Stumbling().start()
    news = [_mail(number) for number in range(60)]
    cases = _run(_persist(fake, lambda one: one.create), news)
    further = [_mail(number, cases[number % 60]) for number in range(60, 200)]
    landed = _run(_persist(fake, lambda one: one.append), further)
    fake.stop()
    assert len(fake.live("tickets")) == len({one.id for one in cases}) == 60
    assert [one.id for one in landed] == [sent.case.id for sent in further if sent.case]
    expected: dict[str, Any] = {sent.key: [one.sha256 for one in sent.attachments] for sent in (*news, *further)}
    kept = {one.properties["e2c_key"]: [file.sha256 for file in fake.files_of(one)] for one in fake.live("emails")}
    assert kept == expected
    assert len(fake.live("emails")) == 200
    assert fake.violations == []
