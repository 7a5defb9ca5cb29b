"""Every hard mail we know, from a real Dovecot to a case store: each is accounted for, none twice, none by accident."""

from __future__ import annotations

import imaplib
from pathlib import Path

import pytest

from tests.dovecot import Account
from tests.fakes.zendesk import ZendeskFake
from tests.house.checker import Message, desk_messages, is_marked, lying, unmark, zendesk_messages
from tests.house.harness import House, Run, house_of

pytestmark = [pytest.mark.dovecot, pytest.mark.corpus]

_CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
#: two mails of the corpus are one message: they differ in a field that says nothing of what was written
_REPEATED = 1


@pytest.fixture(scope="module")
def corpus() -> list[bytes]:
    mails = [path.read_bytes() for path in sorted(_CORPUS.glob("*.eml"))]
    assert len(mails) == 254
    return mails


@pytest.mark.parametrize("processed", ["move:Processed", "keyword:Done", "seen", "delete"])
def test_all_accounted_for(tmp_path: Path, account: Account, corpus: list[bytes], processed: str) -> None:
    """I1, I3, I6 in each way of marking."""
    house = house_of(tmp_path, account, processed=processed)
    _append(account, corpus)
    _first_run(house, account, processed, len(corpus))
    before = _keys(desk_messages(house.desk))
    _second_run_does_nothing(house)
    house.lose_ledger()
    house.once()
    assert _keys(desk_messages(house.desk)) == before


@pytest.mark.parametrize("processed", ["move:Processed", "seen"])
def test_ledger_and_marks_lost_doubles_nothing(
    tmp_path: Path, account: Account, corpus: list[bytes], processed: str
) -> None:
    """I6: two of the three witnesses gone, the key in the case store alone keeps each mail from a second case."""
    house = house_of(tmp_path, account, processed=processed)
    _append(account, corpus)
    _first_run(house, account, processed, len(corpus))
    before = _keys(desk_messages(house.desk))
    unmark(account, processed)
    house.lose_ledger()
    _first_run(house, account, processed, len(corpus))
    assert _keys(desk_messages(house.desk)) == before


@pytest.mark.postgres
def test_on_postgresql(tmp_path: Path, account: Account, corpus: list[bytes], postgres_url: str) -> None:
    house = house_of(tmp_path, account)
    house.environment["DATABASE_URL"] = postgres_url.replace("postgresql://", "postgres://")
    _append(account, corpus)
    _first_run(house, account, "move:Processed", len(corpus))
    _second_run_does_nothing(house)
    assert not house.ledger.exists(), "DATABASE_URL wins over settings.toml"


def test_into_zendesk(tmp_path: Path, account: Account, corpus: list[bytes]) -> None:
    house = house_of(tmp_path, account)
    _append(account, corpus)
    fake = ZendeskFake().start()
    try:
        _into(house, fake)
        run = house.once()
        assert not run.exceptions, run.stderr
        _accounted(account, "move:Processed", run.tally, len(corpus))
        before = fake.keys()
        assert len(before) == len(set(before)) == len(zendesk_messages(fake.snapshot()))
        _second_run_does_nothing(house)
        assert fake.keys() == before
    finally:
        fake.stop()


def _append(account: Account, corpus: list[bytes]) -> None:
    """A minute apart: some mails have neither Message-ID nor Date, and are told apart by when they came."""
    with account.server.client(account.user) as client:
        for number, mail in enumerate(corpus):
            client.append("INBOX", "", imaplib.Time2Internaldate(1_795_000_000 + 60 * number), mail)


def _into(house: House, fake: ZendeskFake) -> None:
    options = fake.options
    house.environment["ZENDESK_SECRET"] = options.pop("client_secret")
    house.connector = {"type": "zendesk", "client_secret_env": "ZENDESK_SECRET", **options}


def _first_run(house: House, account: Account, processed: str, count: int) -> None:
    run = house.once()
    assert not run.exceptions, run.stderr
    tally = run.tally
    _accounted(account, processed, tally, count)
    assert run.code == (3 if tally["held"] or tally["deferred"] else 0), run.stderr
    assert len(desk_messages(house.desk)) == tally["delivered"] - _REPEATED


def _accounted(account: Account, processed: str, tally: dict[str, int], count: int) -> None:
    """Delivered, Held or Discarded: the final ones marked, the Held ones still there and flagged, as others see it."""
    assert (tally["listed"], tally["fetched"], tally["deferred"], tally["gone"]) == (count, count, 0, 0)
    final = tally["delivered"] + tally["discarded"]
    assert final + tally["held"] == count
    seen = lying(account)
    marked = [one for one in seen if is_marked(one, processed)]
    waiting = [one for one in seen if not is_marked(one, processed)]
    assert len(marked) == (0 if processed == "delete" else final)
    assert len(waiting) == tally["held"]
    assert all(one.folder == "INBOX" and "\\Flagged" in one.flags for one in waiting)


def _second_run_does_nothing(house: House) -> None:
    run: Run = house.once()
    tally = run.tally
    assert not run.exceptions, run.stderr
    assert (tally["fetched"], tally["delivered"], tally["acknowledged"]) == (0, 0, 0)


def _keys(messages: list[Message]) -> list[str]:
    keys = sorted(message.key for message in messages)
    assert len(keys) == len(set(keys))
    return keys
