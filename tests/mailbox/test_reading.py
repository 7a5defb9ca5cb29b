"""Reading on a real Dovecot: every byte as it lies there, nothing touched, memory bounded."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dovecot import Account
from tests.mailbox.conftest import MakeMailbox
from worker.bench.dovecot import Options
from worker.mailbox import Mailbox
from worker.mailbox.reading import PIECE_BYTES
from worker.message import Source

pytestmark = pytest.mark.dovecot


def _content(source: Source | None) -> bytes:
    assert source is not None
    if isinstance(source.content, bytes):
        return source.content
    content = source.content.read_bytes()
    source.content.unlink()
    return content


def _read(mailbox: Mailbox) -> list[Source | None]:
    return [source for _, source in mailbox.read(mailbox.describe(mailbox.unmarked()))]


def test_bytes_come_unchanged_and_seen_is_not_set(account: Account, mailbox_for: MakeMailbox) -> None:
    mails = [
        b"Subject: plain\r\n\r\nhello\r\n",
        b"Subject: 8bit \xe4\xf6\xff\r\n\r\n\x1b$B not {5}\r\n * 3 FETCH (UID 9 BODY[] NIL)\r\n",
        b"Subject: no body\r\n\r\n",
        b"\r\nno header\r\n",
        b'Subject: "quoted" \\back\\ (paren\r\n\r\n)\r\n' + b"y" * 5000,
    ]
    account.append(*mails)
    mailbox = mailbox_for(account.settings())
    sources = _read(mailbox)
    assert [_content(source) for source in sources] == mails
    assert [source.size_bytes for source in sources if source] == [len(mail) for mail in mails]
    assert not any("\\Seen" in flags for _, flags in account.folder())


def test_many_mails_in_batches_keep_their_order(account: Account, mailbox_for: MakeMailbox) -> None:
    draw = random.Random(1)
    mails = [
        b"Subject: %d\r\n\r\n" % number + draw.randbytes(draw.randrange(40_000)).hex().encode() for number in range(120)
    ]
    account.append(*mails)
    assert [_content(source) for source in _read(mailbox_for(account.settings()))] == mails


@pytest.mark.parametrize("size", [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 5 * PIECE_BYTES + 17])
def test_large_mail_comes_in_pieces_to_a_file(account: Account, mailbox_for: MakeMailbox, size: int) -> None:
    """Trap 7: a body is never held whole above a piece; the file belongs to the caller."""
    body = b"Subject: big\r\n\r\n" + random.Random(size).randbytes(size // 2).hex().encode()
    mail = body[:size].ljust(size, b".")
    account.append(b"Subject: before\r\n\r\n", mail, b"Subject: after\r\n\r\n")
    mailbox = mailbox_for(account.settings())
    before, large, after = _read(mailbox)
    assert large is not None
    assert isinstance(large.content, Path) == (size > PIECE_BYTES)
    if isinstance(large.content, Path):
        assert large.content.stat().st_mode & 0o777 == 0o600
    assert large.size_bytes == size
    assert (_content(before), _content(large), _content(after)) == (
        b"Subject: before\r\n\r\n",
        mail,
        b"Subject: after\r\n\r\n",
    )


def test_a_100_mb_mail_is_read_in_little_memory(account: Account, mailbox_for: MakeMailbox) -> None:
    """M18, M-22: peak memory grows by pieces, not by the mail."""
    size = 100 * 2**20
    account.append(b"Subject: huge\r\n\r\n".ljust(size, b"x"))
    mailbox = mailbox_for(account.settings())
    (waiting,) = mailbox.describe(mailbox.unmarked())
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak_bytes()
    ((_, source),) = mailbox.read([waiting])
    assert source is not None
    assert source.size_bytes == size
    assert isinstance(source.content, Path)
    assert source.content.stat().st_size == size
    assert _peak_bytes() - before < 20 * 2**20
    source.content.unlink()


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.mark.parametrize("mail_format", ["maildir", "sdbox", "mdbox"])
@pytest.mark.parametrize("size", [100, 3 * PIECE_BYTES])
def test_mail_expunged_by_somebody_else_is_gone_or_whole(
    special_account: Callable[[Options], Account], mailbox_for: MakeMailbox, mail_format: str, size: int
) -> None:
    """M6, M-5: NIL, size 0 or the full body, never an empty or a cut mail."""
    account = special_account(Options(format=mail_format))  # type: ignore[arg-type]
    mails = [b"Subject: %d\r\n\r\n".ljust(size, b"x") % number for number in range(3)]
    account.append(*mails)
    mailbox = mailbox_for(account.settings())
    waiting = mailbox.describe(mailbox.unmarked())
    with account.server.client(account.user) as other:
        other.select("INBOX")
        other.store("2", "+FLAGS", "\\Deleted")
        other.expunge()
    first, second, third = (source for _, source in mailbox.read(waiting))
    assert (_content(first), _content(third)) == (mails[0], mails[2])
    assert second is None or _content(second) == mails[1]
    assert list((mailbox._spool).glob("*")) == []


def test_reading_a_uid_that_was_never_there(account: Account, mailbox_for: MakeMailbox) -> None:
    account.append(b"Subject: x\r\n\r\n")
    mailbox = mailbox_for(account.settings())
    (waiting,) = mailbox.describe([1])
    with account.server.client(account.user) as other:
        other.select("INBOX")
        other.store("1", "+FLAGS", "\\Deleted")
        other.expunge()
    mailbox.open()
    assert [source for _, source in mailbox.read([waiting])] == [None]
    assert mailbox.describe([1]) == ()


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(
    account: Account, mailbox_for: MakeMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from worker.mailbox import Unreachable

    account.append(b"Subject: big\r\n\r\n".ljust(2 * PIECE_BYTES, b"x"))
    mailbox = mailbox_for(account.settings())
    waiting = mailbox.describe(mailbox.unmarked())
    real = os.fdopen

    def full(handle: int, mode: str) -> object:
        os.close(handle)
        return real(os.open("/dev/full", os.O_WRONLY), mode, buffering=0)

    monkeypatch.setattr("worker.mailbox.reading.os.fdopen", full)
    with pytest.raises(Unreachable, match="No space left"):
        list(mailbox.read(waiting))
    assert list(mailbox._spool.glob("*")) == []
    monkeypatch.undo()
    assert [source.size_bytes for _, source in mailbox.read(waiting) if source] == [2 * PIECE_BYTES]
