"""Acknowledging on a real Dovecot: each kind of mark, with each capability missing, read back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dovecot import Account
from tests.mailbox.conftest import MakeMailbox
from worker.bench.dovecot import Options
from worker.mailbox import Acknowledged, Refused

pytestmark = pytest.mark.dovecot

BASE = "IMAP4rev1 LITERAL+ ENABLE IDLE UNSELECT ID CHILDREN NAMESPACE"
ALL = f"{BASE} UIDPLUS MOVE CONDSTORE"
#: everything but w: flags other than \Seen and \Deleted, and keywords, are not kept
WITHOUT_KEYWORDS = "lrsteikxpa"
MAILS = tuple(b"Subject: %d\r\n\r\nhello\r\n" % number for number in range(4))

StartAccount = Callable[[Options], Account]


@pytest.mark.parametrize("rights", ["", WITHOUT_KEYWORDS], ids=["keywords", "no-keywords"])
@pytest.mark.parametrize(
    "capability", [ALL, f"{BASE} UIDPLUS", f"{BASE} MOVE", BASE], ids=["all", "no-move", "no-uidplus", "none"]
)
@pytest.mark.parametrize("processed", ["move:Done.2026", "seen", "delete", "keyword:Filed"])
def test_marked_mail_is_never_listed_again(
    special_account: StartAccount, mailbox_for: MakeMailbox, processed: str, capability: str, rights: str
) -> None:
    """M-8, M-9, M-12, M-16: two of four mails are marked; the others stay as they were."""
    account = special_account(Options(capability=capability, rights=rights))
    account.append(*MAILS)
    settings = account.settings(processed=processed)
    if rights and processed.startswith("keyword"):
        with pytest.raises(Refused, match=r"mailboxes\.support\.processed: .*keeps no keywords"):
            mailbox_for(settings)
        return
    mailbox = mailbox_for(settings)
    result = mailbox.acknowledge([2, 4])
    assert result == Acknowledged(frozenset({2, 4}))
    assert mailbox.unmarked() == (1, 3)
    assert mailbox.stragglers() == ()
    again = mailbox_for(settings)
    assert again.unmarked() == (1, 3)
    assert again.stragglers() == ()
    _check_folders(account, processed, capability)


def _check_folders(account: Account, processed: str, capability: str) -> None:
    left = dict(account.folder())
    assert "\\Seen" not in left[MAILS[0]] | left[MAILS[2]]
    assert not {"$MailToCase", "Filed"} & (left[MAILS[0]] | left[MAILS[2]])
    leaves = processed.startswith("move") or processed == "delete"
    can_leave = "UIDPLUS" in capability or (processed.startswith("move") and "MOVE" in capability)
    assert (set(left) == {MAILS[0], MAILS[2]}) == (leaves and can_leave)
    if processed.startswith("move"):
        assert [body for body, _ in account.folder("Done.2026")] == [MAILS[1], MAILS[3]]
    if processed == "seen":
        assert "\\Seen" in left[MAILS[1]] & left[MAILS[3]]
    if processed.startswith("keyword"):
        assert "Filed" in left[MAILS[1]] & left[MAILS[3]]


def test_delete_leaves_others_deleted_mail_alone(account: Account, mailbox_for: MakeMailbox) -> None:
    """A plain EXPUNGE would remove what another program has marked."""
    account.append(*MAILS)
    with account.server.client(account.user) as other:
        other.select("INBOX")
        other.store("1", "+FLAGS", "\\Deleted")
    mailbox_for(account.settings(processed="delete")).acknowledge([2])
    assert [body for body, _ in account.folder()] == [MAILS[0], MAILS[2], MAILS[3]]


def test_acknowledging_twice_and_what_is_gone_counts_as_marked(account: Account, mailbox_for: MakeMailbox) -> None:
    """M7, M-6: MOVE and STORE of a UID that is gone answer OK; so do we."""
    account.append(*MAILS)
    mailbox = mailbox_for(account.settings())
    assert mailbox.acknowledge([1, 2]).marked == {1, 2}
    with account.server.client(account.user) as other:
        other.select("INBOX")
        other.store("1", "+FLAGS", "\\Deleted")
        other.expunge()
    result = mailbox.acknowledge([1, 2, 3, 4, 99])
    assert result == Acknowledged(frozenset({1, 2, 3, 4, 99}))
    assert [body for body, _ in account.folder("Processed")] == [MAILS[0], MAILS[1], MAILS[3]]
    assert mailbox.acknowledge([]).marked == frozenset()


def test_died_between_keyword_and_move_is_a_straggler_not_new_mail(account: Account, mailbox_for: MakeMailbox) -> None:
    account.append(*MAILS)
    with account.server.client(account.user) as other:
        other.select("INBOX")
        other.store("2", "+FLAGS", "$MailToCase")
    mailbox = mailbox_for(account.settings())
    assert mailbox.unmarked() == (1, 3, 4)
    assert mailbox.stragglers() == (2,)
    assert mailbox.acknowledge(mailbox.stragglers()).marked == {2}
    assert [body for body, _ in account.folder("Processed")] == [MAILS[1]]
    assert mailbox.stragglers() == ()


def test_died_between_deleted_and_expunge_is_expunged_later(account: Account, mailbox_for: MakeMailbox) -> None:
    account.append(*MAILS)
    with account.server.client(account.user) as other:
        other.select("INBOX")
        other.store("2", "+FLAGS", "($MailToCase \\Deleted)")
        other.store("3", "+FLAGS", "\\Deleted")
    mailbox = mailbox_for(account.settings(processed="delete"))
    assert mailbox.stragglers() == (2,)
    mailbox.acknowledge([2])
    assert [body for body, _ in account.folder()] == [MAILS[0], MAILS[2], MAILS[3]]


def test_over_quota_keeps_mail_marked_and_says_so(special_account: StartAccount, mailbox_for: MakeMailbox) -> None:
    """M-15: nothing raised, no reprocessing loop; once there is room, the stragglers leave."""
    extra = """
mail_plugins = quota
plugin {
  quota = count:User quota
  quota_rule = INBOX:ignore
  quota_rule2 = *:storage=1K
  quota_vsizes = yes
}"""
    account = special_account(Options(capability=f"{BASE} UIDPLUS", extra=extra))
    account.append(b"Subject: too big for the quota\r\n\r\n".ljust(4000, b"x"))
    mailbox = mailbox_for(account.settings())
    result = mailbox.acknowledge([1])
    assert result.marked == {1}
    assert "mailboxes.support.processed" in result.problem
    assert "OVERQUOTA" in result.problem
    assert mailbox.unmarked() == ()
    assert mailbox.stragglers() == (1,)
    assert "$MailToCase" in account.folder()[0][1]
    assert account.folder("Processed") == []


def test_large_batches(account: Account, mailbox_for: MakeMailbox) -> None:
    account.append(*[b"Subject: x\r\n\r\nx\r\n"] * 450)
    mailbox = mailbox_for(account.settings())
    odd = range(1, 451, 2)
    assert mailbox.acknowledge(list(odd)).marked == set(odd)
    assert mailbox.unmarked() == tuple(range(2, 451, 2))


def test_hold_and_release_show_in_any_mail_program(account: Account, mailbox_for: MakeMailbox) -> None:
    account.append(*MAILS)
    mailbox = mailbox_for(account.settings())
    mailbox.hold([1, 3])
    assert [("\\Flagged" in flags) for _, flags in account.folder()] == [True, False, True, False]
    assert mailbox.unmarked() == (1, 2, 3, 4)
    mailbox.release([1])
    assert [("\\Flagged" in flags) for _, flags in account.folder()] == [False, False, True, False]


def test_a_target_that_cannot_be_made_is_told_and_nothing_is_lost(account: Account, mailbox_for: MakeMailbox) -> None:
    """This server's separator is the full stop, so a slash is no folder name here."""
    account.append(*MAILS)
    mailbox = mailbox_for(account.settings(processed="move:Done/2026"))
    result = mailbox.acknowledge([1])
    assert result.marked == {1}
    assert "mailboxes.support.processed" in result.problem
    assert "Invalid mailbox name" in result.problem
    assert len(account.folder()) == 4
    assert mailbox.unmarked() == (2, 3, 4)
