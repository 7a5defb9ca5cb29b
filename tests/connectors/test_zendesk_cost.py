"""What Zendesk costs: calls for a thousand mails, memory for a large file."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import CaseRef, Person
from connectors.zendesk import Zendesk
from tests.fakes.zendesk import ZendeskFake

#: crm-contracts, section 5: uploads 500, tickets 400, updates 600, users at most 400
_ADVISED = 1_900
_MEMORY = """
import resource, sys
from pathlib import Path
from connectors.conformance import delivery
from connectors.contract import Attachment
from connectors.zendesk import Zendesk
zendesk = Zendesk(url=sys.argv[1], client_id=sys.argv[2], client_secret=sys.argv[3])
case = zendesk.create(delivery())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
file = Attachment(name='b', content_type='x/y', size_bytes=25 << 20, sha256='0', content=Path(sys.argv[4]))
zendesk.create(delivery(attachments=(file,)))
zendesk.append(delivery(case=case, attachments=(file,)))
zendesk.close()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, before // 1024)
"""


def test_a_large_file_needs_little_memory(tmp_path: Path) -> None:
    """25 MB from disk, with a new case and with a further message, in a process that does nothing else."""
    big = tmp_path / "big.bin"
    with big.open("wb") as file:
        file.truncate(25 << 20)
    server = ZendeskFake().start()
    command = [sys.executable, "-c", _MEMORY, *server.options.values(), str(big)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    server.stop()
    grown_mb, before_mb = map(int, told.stdout.split())
    assert grown_mb < 8, f"{grown_mb} MB more than {before_mb} MB"
    assert [one.files[0].size for ticket in server.tickets for one in ticket.comments if one.files] == [25 << 20] * 2


@pytest.mark.soak
@pytest.mark.parametrize("in_a_hurry", [True, False], ids=["replies at once", "replies later"])
def test_calls_for_a_thousand_mails(
    fake: ZendeskFake,
    zendesk: Zendesk,
    in_a_hurry: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """600 further messages, 400 new cases, half a file each, 400 customers."""
    if not in_a_hurry:
        monkeypatch.setattr("connectors.zendesk.stamps._FRESH_S", -1.0)
        monkeypatch.setattr("connectors.zendesk.stamps._JUST_NOW", timedelta())
        zendesk = Zendesk(**fake.options)
    rng = random.Random(3)
    fake.ticket_limit = 1_000
    opened: list[tuple[CaseRef, Person]] = []
    kinds = ["new"] * 399 + ["further"] * 600
    rng.shuffle(kinds)
    for number, kind in enumerate(["new", *kinds]):
        files = (file_of(b"x%d" % number),) if number % 2 else ()
        if kind == "new":
            person = Person("Ann", f"ann{number}@example.com")
            opened.append((zendesk.create(delivery(requester=person, attachments=files)), person))
        else:
            case, person = rng.choice(opened)
            zendesk.append(delivery(case=case, requester=person, attachments=files))
    zendesk.close()
    calls = Counter(f"{seen.method} {'/'.join(seen.path.split('/')[:4])}" for seen, _ in fake.log)
    with capsys.disabled():
        print(f"\nZendesk, 1,000 mails: {len(fake.log)} calls, advised {_ADVISED}; {dict(calls)}")
    # A reply after more than ten minutes costs a look at the ticket, whose stamp keeps it from being added twice; the
    # four hundred look-ups of users that the advice reckons with are not needed.
    assert len(fake.log) <= _ADVISED + (0 if in_a_hurry else 600 - 400 + 1)
    assert len(fake.keys()) == len(set(fake.keys())) == 1_000


def test_calls_for_one_mail(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """One a new case, one more a file; one a further message, and one or two for an author not seen before."""
    zendesk.create(delivery())
    fake.log.clear()
    zoe = Person("Zoe", "zoe@example.com")
    case = zendesk.create(delivery(requester=zoe, attachments=(file_of(b"a"), file_of(b"b"))))
    assert len(fake.log) == 3
    fake.log.clear()
    zendesk.append(delivery(case=case, requester=Person("Zoe", "ZOE@example.com")))
    assert len(fake.log) == 1
    zendesk.append(delivery(case=case, requester=Person("New", "new@example.com")))
    assert len(fake.log) == 1 + 3
    assert fake.tokens_given == 1
