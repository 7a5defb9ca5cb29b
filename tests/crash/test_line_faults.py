"""A bad line between the worker and Dovecot, or PostgreSQL: cut, reset, silent, slow, rewritten (§3.1)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.dovecot import Account, Certificates
from tests.fakes.proxy import Proxy, Weather
from tests.house.checker import lying
from tests.house.core import Build, Core, mail, numbered, subjects
from worker.doors import Door
from worker.house import House
from worker.ledger import Ledger, LedgerError
from worker.mailbox import Mailbox, Refused, Unreachable

_MAILS = 3
_HEADROOM = 1.5


@pytest.fixture
def letters(account: Account) -> Account:
    """An account on Dovecot with a few mails."""
    account.append(*(mail(number) for number in range(_MAILS)))
    return account


Through = Callable[..., Mailbox]


@pytest.fixture
def through(letters: Account, tmp_path: Path) -> Iterator[Through]:
    """A mailbox that is reached over a proxy; closed at the end."""
    made: list[Mailbox] = []

    def reach(proxy: Proxy, **changes: object) -> Mailbox:
        settings = letters.settings(port=proxy.port, processed="move:Done", timeout_s=2.0, **changes)
        made.append(Mailbox("support", settings, tmp_path / "spool"))
        return made[-1]

    yield reach
    for mailbox in made:
        mailbox.close()


@pytest.fixture(params=["plaintext", "tls", "starttls"])
def secured(
    request: pytest.FixtureRequest, letters: Account, certificates: Certificates
) -> tuple[int, dict[str, object]]:
    """The port of Dovecot, and the settings, for each kind of connection."""
    if request.param == "plaintext":
        return letters.server.imap, {}
    port = letters.server.imaps if request.param == "tls" else letters.server.imap
    return port, {"security": request.param, "ca_file": certificates.authority}


def _quiet(core: Core, mailbox: Mailbox) -> None:
    """Poll over a fair line until nothing is left."""
    for _ in range(5):
        core.make_due()
        if not core.poll(mailbox).problem and not core.poll(mailbox).listed:
            return
    pytest.fail("not quiet over a fair line")


def _seen_to(mailbox: Mailbox) -> None:
    """The commands of one poll, one after the other."""
    mailbox.open()
    list(mailbox.read(mailbox.describe(mailbox.unmarked())))
    mailbox.acknowledge([1])


# ---- IMAP ---------------------------------------------------------------------------------------------------


def test_n2_cut_at_offsets_of_a_whole_session(
    letters: Account, through: Through, core: Build, secured: tuple[int, dict[str, object]]
) -> None:
    """N2, N15: wherever the line ends, nothing half-read becomes a case, and in the end each mail has one."""
    port, security = secured
    built = core()
    with Proxy(port) as proxy:
        for end in ("close", "reset"):
            for offset in range(1, 4200, 620 if end == "close" else 1240):
                proxy.weather = Weather(after=offset, end=end, connections=1)
                tally = built.poll(through(proxy, **security))
                assert not tally.problem.startswith("unforeseen"), (offset, tally)
                assert len(set(subjects(built.crm))) == len(built.crm.entries), offset
        proxy.weather = Weather()
        _quiet(built, through(proxy, **security))
    assert subjects(built.crm) == numbered(range(_MAILS))
    assert [one.folder for one in lying(letters)] == ["Done"] * _MAILS


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_n2_cut_at_every_octet(letters: Account, through: Through, core: Build) -> None:
    """N2, each offset of the recorded session, always from the begin of an untouched mailbox."""
    with Proxy(letters.server.imap) as proxy:
        built = core()
        for offset in range(1, 6000):
            proxy.weather = Weather(after=offset, connections=1)
            built.poll(through(proxy))
            if offset % 500 == 0:
                letters.append(mail(1000 + offset))
        proxy.weather = Weather()
        _quiet(built, through(proxy))
    assert len(built.crm.entries) == len(set(subjects(built.crm))) == _MAILS + 11


@pytest.mark.parametrize("after", [0, 60, 900])
def test_n3_a_half_open_line_ends_with_the_deadline(letters: Account, through: Through, after: int) -> None:
    """N3, N5: the peer is gone without a word, at the greeting, at the login, in an answer."""
    with Proxy(letters.server.imap) as proxy:
        proxy.weather = Weather(after=after, end="silence")
        mailbox, begun = through(proxy), time.monotonic()
        with pytest.raises(Unreachable):
            _seen_to(mailbox)
        assert time.monotonic() - begun < 2.0 * _HEADROOM + 2.0


def test_n4_a_dripping_server_meets_a_total_deadline(letters: Account, through: Through) -> None:
    """N4: every octet comes in time, the answer does not."""
    with Proxy(letters.server.imap) as proxy:
        proxy.weather = Weather(dribble_s=0.1)
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            through(proxy).open()
        assert time.monotonic() - begun < 2.0 * _HEADROOM + 2.0


def test_n17_a_slow_line_works(letters: Account, through: Through, core: Build) -> None:
    """N17: 100 ms more for each piece, and all is as ever."""
    built = core()
    with Proxy(letters.server.imap) as proxy:
        proxy.weather = Weather(delay_s=0.1)
        tally = built.poll(through(proxy))
    assert (tally.problem, tally.acknowledged) == ("", _MAILS)
    assert subjects(built.crm) == numbered(range(_MAILS))


def test_n10_starttls_is_cut_out_of_the_offer(letters: Account, through: Through, certificates: Certificates) -> None:
    """N10: somebody in between removes STARTTLS from the capabilities; no credentials are sent."""
    with Proxy(letters.server.imap) as proxy:
        proxy.weather = Weather(rewrite=lambda piece: piece.replace(b" STARTTLS", b""))
        mailbox = through(proxy, security="starttls", ca_file=certificates.authority)
        with pytest.raises(Refused, match="STARTTLS"):
            mailbox.open()
        assert b"LOGIN" not in bytes(proxy.heard).upper().replace(b"LOGINDISABLED", b"")
        assert b"AUTHENTICATE" not in bytes(proxy.heard).upper()


# ---- PostgreSQL ---------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_d11_the_line_to_postgresql_is_cut_in_the_middle_of_polls(
    core: Build, postgres_url: str, letters: Account, through: Through
) -> None:
    """D11, D13, N1: commits whose answer is lost, at offsets all over the session; nothing lost, nothing doubled."""
    built = core()
    port = int(postgres_url.rpartition(":")[2].partition("/")[0])
    with Proxy(port) as proxy, Proxy(letters.server.imap) as imap:
        ledger = Ledger.open(postgres_url.replace(f":{port}/", f":{proxy.port}/"))
        try:
            built.house = _over(built.house, ledger)
            for offset in range(400, 24_000, 2_100):
                proxy.cut()
                proxy.weather = Weather(after=offset, end="reset" if offset % 200 else "close", connections=2)
                tally = built.poll(through(imap))
                assert not tally.problem.startswith("unforeseen"), (offset, tally)
            proxy.weather = Weather()
            _quiet(built, through(imap))
        finally:
            ledger.close()
    assert subjects(built.crm) == numbered(range(_MAILS))
    assert [one.folder for one in lying(letters)] == ["Done"] * _MAILS


@pytest.mark.postgres
def test_n3_a_half_open_line_to_postgresql_does_not_hold_us_for_ever(postgres_url: str) -> None:
    """N3, D13: the database is gone without a word; who asks hears of it, and later it is asked anew."""
    port = int(postgres_url.rpartition(":")[2].partition("/")[0])
    with Proxy(port) as proxy:
        ledger = Ledger.open(postgres_url.replace(f":{port}/", f":{proxy.port}/"))
        try:
            proxy.cut()
            proxy.weather = Weather(after=0, end="silence")
            begun = time.monotonic()
            with pytest.raises(LedgerError):
                ledger.acquire("support")
            assert time.monotonic() - begun < 30.0
            proxy.cut()
            proxy.weather = Weather()
            assert ledger.acquire("support")
        finally:
            ledger.close()


def _over(house: House, ledger: Ledger) -> House:
    """The same worker with another ledger."""
    doors = {name: Door(name, door.connector, ledger, door.max_attempts) for name, door in house.doors.items()}
    return replace(house, ledger=ledger, doors=doors)
