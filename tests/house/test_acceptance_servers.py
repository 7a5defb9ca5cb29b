"""Servers that cannot do everything: what is missing costs round trips or tidiness, never a mail and never a double."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dovecot import Account
from tests.house.checker import desk_messages, lying, unmark, verdict
from tests.house.harness import house_of
from worker.bench.dovecot import Options
from worker.bench.mails import Mail, mails

pytestmark = pytest.mark.dovecot

_ALL = "IMAP4rev1 LITERAL+ SASL-IR IDLE NAMESPACE ID ENABLE UNSELECT CHILDREN LIST-EXTENDED CONDSTORE ESEARCH"
_SERVERS = {
    "no MOVE": f"{_ALL} UIDPLUS",
    "no UIDPLUS": f"{_ALL} MOVE",
    "neither": _ALL,
    "bare": "IMAP4rev1",
}
_COUNT = 25


@pytest.fixture(scope="module")
def generated() -> list[Mail]:
    return list(mails(_COUNT, seed=3))


_TELLING = {
    ("no MOVE", "move:Processed"),
    ("no UIDPLUS", "delete"),
    ("neither", "move:Processed"),
    ("bare", "keyword:Done"),
}
_PAIRS = [
    pytest.param(missing, processed, marks=[] if (missing, processed) in _TELLING else [pytest.mark.soak])
    for missing in ("no MOVE", "no UIDPLUS", "neither", "bare")
    for processed in ("move:Processed", "keyword:Done", "seen", "delete")
]


@pytest.mark.parametrize(("missing", "processed"), _PAIRS)
def test_capability_missing(
    tmp_path: Path,
    special_account: Callable[[Options], Account],
    generated: list[Mail],
    missing: str,
    processed: str,
) -> None:
    """I1, I3, I6: one run, one that does nothing, one without the ledger, each judged from outside."""
    _three_runs(tmp_path, special_account(Options(capability=_SERVERS[missing])), generated, processed)


@pytest.mark.parametrize("processed", ["move:Processed", "seen", "delete"])
def test_no_keywords_kept(
    tmp_path: Path, special_account: Callable[[Options], Account], generated: list[Mail], processed: str
) -> None:
    _three_runs(tmp_path, special_account(Options(rights="lrstipekxa")), generated, processed)


def test_keyword_mode_is_refused_where_keywords_are_lost(
    tmp_path: Path, special_account: Callable[[Options], Account], generated: list[Mail]
) -> None:
    """H: nothing may be delivered that could not be marked afterwards."""
    account = special_account(Options(rights="lrstipekxa"))
    account.append(*(mail.raw for mail in generated[:3]))
    house = house_of(tmp_path, account, processed="keyword:Done")
    run = house.verb("once")
    assert run.code == 4
    assert "mailboxes.support.processed" in run.stderr
    assert "Traceback" not in run.stderr
    assert desk_messages(house.desk) == []


@pytest.mark.parametrize("storage", ["sdbox", pytest.param("mdbox", marks=pytest.mark.soak)])
def test_other_storage(
    tmp_path: Path, special_account: Callable[[Options], Account], generated: list[Mail], storage: str
) -> None:
    options = Options(format="sdbox" if storage == "sdbox" else "mdbox")
    _three_runs(tmp_path, special_account(options), generated, "move:Processed")


def _three_runs(folder: Path, account: Account, generated: list[Mail], processed: str) -> None:
    injected = {mail.ref: mail.raw for mail in generated}
    with_file = [mail.ref for mail in generated if mail.attached]
    account.append(*injected.values())
    house = house_of(folder, account, processed=processed)

    def judged() -> None:
        found = verdict(injected, lying(account), desk_messages(house.desk), processed, with_file)
        assert found.faults() == {}
        assert found.once == _COUNT

    run = house.once()
    assert (run.code, run.exceptions) == (0, []), run.stderr
    assert run.tally["fetched"] == _COUNT
    judged()
    again = house.once()
    assert (again.code, again.tally["fetched"], again.tally["delivered"]) == (0, 0, 0), again.stderr
    house.lose_ledger()
    assert house.once().code == 0
    judged()
    if processed in ("keyword:Done", "seen"):
        unmark(account, processed)
        house.lose_ledger()
        assert house.once().tally["fetched"] == _COUNT
        judged()
