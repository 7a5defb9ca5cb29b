"""From a real mailbox to each CRM in foul weather: every mail in its case once, whole, with its files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import tenacity

from connectors.conformance import Kept, RiggedCrm
from connectors.contract import Connector
from tests.dovecot import Account
from tests.house.checker import digest_of, is_marked, lying, unmark
from tests.house.core import Build, Core
from tests.house.storm import Storm
from tests.house.thread_of_mails import Post, Posted
from tests.house.weather_rigs import RIGS, Rig
from worker.house import House
from worker.mailbox import Mailbox
from worker.settings import Route

pytestmark = pytest.mark.dovecot

_SEED = 20261122
_MAILS, _THREADS = 200, 60
_POLLS = 150
_PROCESSED = "keyword:Done"
_REF = re.compile(r"\[ref ([^\]\s]+)\]")


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for between two tries is over at once; what is waited for inside a CRM, soon."""
    monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
    monkeypatch.setattr("worker.deliver.REQUEST_LIFE_S", 0.0)
    # Under this many faults a patient worker would hold nothing; the number itself has its own test.
    monkeypatch.setattr("worker.doors.TROUBLE", 50)


@dataclass
class Journey:
    """A mailbox at one end, a CRM at the other, the house between them."""

    rig: Rig
    rigged: RiggedCrm
    core: Core
    mailbox: Mailbox
    storm: Storm
    connect: Callable[[], Connector]
    polls: int = 0

    def until_quiet(self, house: House | None = None) -> None:
        """Poll until nothing waits; every wait is cut short."""
        for _ in range(_POLLS):
            self.polls += 1
            tally = self.core.poll(self.mailbox, house)
            assert not tally.problem, tally
            assert not tally.held, tally
            if not (tally.deferred or tally.waiting):
                return
            _hurry(house or self.core.house)
        pytest.fail(f"not quiet after {_POLLS} polls: {tally}")

    def kept(self) -> dict[str, list[Kept]]:
        """Case → its messages."""
        return {case.id: self.rigged.messages(case) for case in self.rig.cases(self.rigged)}


def _hurry(house: House) -> None:
    """As if the time of every wait and every pause were over."""
    with house.ledger._engines.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE slots SET due_at_s = NULL")
        connection.exec_driver_sql("UPDATE deliveries SET due_at_s = NULL")
    for name, bucket in house.ledger.pauses():
        house.ledger.resume(name, bucket)


SetOut = Callable[..., Journey]


@pytest.fixture
def set_out(tmp_path: Path, core: Build, account: Account, in_a_hurry: None) -> Iterator[SetOut]:
    """Builds a journey that meets the storm from its first call on."""
    with ExitStack() as stack:

        def build(rig: Rig, seed: int = _SEED) -> Journey:
            storm = Storm(seed, rig.slow_down)
            rigged = rig.rigged(tmp_path)
            stack.callback(getattr(rigged, "close", lambda: None))
            if hasattr(rigged, "fake"):
                storm.over_server(rigged.fake)

            def connect() -> Connector:
                connector = rig.connector(rigged, tmp_path, storm)
                stack.callback(connector.close)
                # The fakes show at once what they hold.
                connector.capabilities = replace(connector.capabilities, visible_after_s=0.0)
                return connector

            routes = (Route(address="*", connector="crm"),)
            built = core(crms={"crm": connect()}, routes=routes, worker={"max_attempts": 30}, lanes=8)
            mailbox = Mailbox("customers", account.settings(processed=_PROCESSED), tmp_path / "spool")
            stack.callback(mailbox.close)
            return Journey(rig, rigged, built, mailbox, storm, connect)

        yield build


@pytest.mark.parametrize("rig", RIGS, ids=lambda rig: rig.name)
def test_i1_two_hundred_mails_in_sixty_conversations(
    rig: Rig, set_out: SetOut, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """10 % of the answers lost, 5 % 5xx, 5 % 429: nothing lost, nothing doubled, each where it belongs (I1, I4, I7)."""
    journey = set_out(rig)
    _arrive(journey, account, Post(_MAILS, _THREADS, seed=7).mails)
    with capsys.disabled():
        print(f"\n{rig.name}: {journey.polls} polls, weather {dict(sorted(journey.storm.met.items()))}")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rig", RIGS, ids=lambda rig: rig.name)
def test_i1_in_other_weather(rig: Rig, seed: int, set_out: SetOut, account: Account) -> None:
    _arrive(set_out(rig, seed), account, Post(_MAILS, _THREADS, seed=100 + seed).mails)


@pytest.mark.parametrize("rig", RIGS, ids=lambda rig: rig.name)
def test_i6_the_whole_ledger_is_lost_and_every_mark_with_it(rig: Rig, set_out: SetOut, account: Account) -> None:
    """All mail is looked at again by a worker that remembers nothing, in the same storm: the CRM's keys remain."""
    journey = set_out(rig)
    posted = Post(60, 20, seed=9).mails
    _arrive(journey, account, posted)
    unmark(account, _PROCESSED)
    journey.storm.over = False
    journey.mailbox.close()
    rig.next_day(journey.rigged)
    journey.core.crms = {"crm": journey.connect()}
    journey.until_quiet(journey.core.another("another.db"))
    journey.storm.over = True
    assert _lost_or_doubled(posted, journey.kept()) == {}
    assert len(journey.rigged.keys()) == len(set(journey.rigged.keys())) == len(posted)


def _arrive(journey: Journey, account: Account, posted: tuple[Posted, ...]) -> None:
    """From the mailbox into the CRM, whatever the weather, and all of it as it was sent."""
    account.append(*(one.raw for one in posted))
    journey.until_quiet()
    journey.storm.over = True
    kept = journey.kept()
    assert _lost_or_doubled(posted, kept) == {}
    assert _misthreaded(posted, kept) == {}
    assert (_cases_with_other_files if journey.rig.files_of_case else _with_other_files)(posted, kept) == {}
    assert _with_other_words(posted, kept) == []
    assert len(kept) == len({one.thread for one in posted})
    assert len(journey.rigged.keys()) == len(set(journey.rigged.keys())) == len(posted)
    assert list(journey.rig.violations(journey.rigged)) == []
    marked = {one.digest for one in lying(account) if is_marked(one, _PROCESSED)}
    assert marked == {digest_of(one.raw) for one in posted}


def _places(kept: dict[str, list[Kept]]) -> dict[str, list[tuple[str, Kept]]]:
    """Ref → where its text stands."""
    found: dict[str, list[tuple[str, Kept]]] = defaultdict(list)
    for case, messages in kept.items():
        for message in messages:
            for ref in set(_REF.findall(message.text)):
                found[ref].append((case, message))
    return found


def _lost_or_doubled(posted: tuple[Posted, ...], kept: dict[str, list[Kept]]) -> dict[str, int]:
    places = _places(kept)
    return {one.ref: len(places[one.ref]) for one in posted if len(places[one.ref]) != 1}


def _misthreaded(posted: tuple[Posted, ...], kept: dict[str, list[Kept]]) -> dict[str, set[str]]:
    places = _places(kept)
    cases: dict[str, set[str]] = defaultdict(set)
    for one in posted:
        cases[one.thread] |= {case for case, _ in places[one.ref]}
    shared = Counter(case for found in cases.values() for case in found)
    return {thread: found for thread, found in cases.items() if len(found) > 1 or any(shared[one] > 1 for one in found)}


def _with_other_files(posted: tuple[Posted, ...], kept: dict[str, list[Kept]]) -> dict[str, list[str]]:
    places = _places(kept)
    return {
        one.ref: [file.sha256 for file in message.files]
        for one in posted
        for _, message in places[one.ref]
        if Counter(file.sha256 for file in message.files) != one.files
    }


def _cases_with_other_files(posted: tuple[Posted, ...], kept: dict[str, list[Kept]]) -> dict[str, set[str]]:
    """What a case has too much or too little."""
    places = _places(kept)
    sent: dict[str, set[str]] = defaultdict(set)
    for one in posted:
        for case, _ in places[one.ref]:
            sent[case] |= set(one.files)
    held = {case: {file.sha256 for message in messages for file in message.files} for case, messages in kept.items()}
    return {case: held[case] ^ sent[case] for case in held if held[case] != sent[case]}


def _with_other_words(posted: tuple[Posted, ...], kept: dict[str, list[Kept]]) -> list[str]:
    places = _places(kept)
    return [one.ref for one in posted for _, message in places[one.ref] if one.words not in message.text]
