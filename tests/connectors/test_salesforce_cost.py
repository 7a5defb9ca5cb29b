"""What Salesforce costs: API calls for a thousand mails, and memory while a large file goes."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import CaseRef, Person
from connectors.salesforce import Salesforce
from tests.fakes.salesforce import SalesforceFake

_MAILS, _NEW, _PEOPLE = 1_000, 400, 150


@pytest.fixture
def fake() -> Iterator[SalesforceFake]:
    server = SalesforceFake().start()
    yield server
    server.stop()


def _kind(method: str, path: str) -> str:
    for part in ("composite", "query", "describe", "oauth2/token"):
        if part in path:
            return f"{method} {part}"
    return f"{method} {path}"


def test_a_thousand_mails(fake: SalesforceFake, record_property: Callable[[str, object], None]) -> None:
    """600 follow-ups, 400 new, half a file each, of 150 people: one composite a mail, one query a person."""
    chance = random.Random(7)
    salesforce = Salesforce(**fake.options)
    cases: list[CaseRef] = []
    for number in range(_MAILS):
        files = (file_of(f"content {number}".encode()),) if number % 2 else ()
        person = Person("", f"person{chance.randrange(_PEOPLE)}@example.com")
        if number < 20 or (len(cases) < _NEW and chance.random() < 0.4) or _MAILS - number <= _NEW - len(cases):
            cases.append(salesforce.create(delivery(requester=person, attachments=files)))
        else:
            salesforce.append(delivery(requester=person, attachments=files, case=chance.choice(cases)))
    salesforce.close()
    told = Counter(_kind(seen.method, seen.path) for seen, _ in fake.log)
    record_property("calls", dict(told))
    print(f"Salesforce, {_MAILS} mails, {len(cases)} of them new: {fake.calls_used} API calls, {dict(told)}")
    assert len(fake.org.store.living("Case")) == len(cases) == _NEW
    assert len(fake.org.store.living("EmailMessage")) == _MAILS
    assert told["POST composite"] == _MAILS
    assert told["GET query"] <= _PEOPLE
    assert told["GET describe"] <= 3
    assert fake.calls_used <= _MAILS + _PEOPLE + 3


def test_memory_stays_flat_while_a_large_file_goes(fake: SalesforceFake, tmp_path: Path) -> None:
    """25 MB from the disk, server's side included."""
    large = tmp_path / "large.bin"
    with large.open("wb") as target:
        for number in range(25):
            target.write(bytes([number]) * 1_000_000)
    file = file_of(large, "large.bin")
    salesforce = Salesforce(**fake.options)
    salesforce.create(delivery())
    tracemalloc.start()
    case = salesforce.create(delivery(attachments=(file,)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"Salesforce, 25 MB attachment: {peak / 1e6:.1f} MB at most")
    (message,) = [one for one in fake.org.store.living("EmailMessage") if one["ParentId"] == case.id]
    assert [one["sha256"] for one in fake.org.files(message["Id"])] == [file.sha256]
    assert peak < 6_000_000
    salesforce.close()
