"""Connecting and logging in to a real Dovecot: TLS, wrong passwords, limits, folders, replaced folders."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from tests.dovecot import Account, Certificates
from tests.mailbox.conftest import MakeMailbox
from worker.bench.dovecot import PASSWORD, Options
from worker.mailbox import Refused, Unreachable

pytestmark = pytest.mark.dovecot

StartAccount = Callable[[Options], Account]


def test_profile_of_dovecot(account: Account, mailbox_for: MakeMailbox) -> None:
    account.append(b"Subject: x\r\n\r\n")
    mailbox = mailbox_for(account.settings())
    profile = mailbox.open()
    assert (profile.keywords, profile.uidplus, profile.move, profile.idle, profile.condstore) == (True,) * 5
    assert (profile.gmail, profile.read_only) == (False, False)
    assert (profile.exists, profile.uidnext, profile.uidvalidity) == (1, 2, mailbox.uidvalidity)
    assert mailbox.pushes


def test_implicit_tls_with_a_known_authority(
    account: Account, certificates: Certificates, mailbox_for: MakeMailbox
) -> None:
    account.append(b"Subject: x\r\n\r\nover TLS\r\n")
    settings = account.settings(security="tls", port=account.server.imaps, ca_file=certificates.authority)
    mailbox = mailbox_for(settings)
    ((_, source),) = mailbox.read(mailbox.describe(mailbox.unmarked()))
    assert source is not None
    assert source.content == b"Subject: x\r\n\r\nover TLS\r\n"
    assert mailbox.acknowledge([1]).marked == {1}


def test_starttls(account: Account, certificates: Certificates, mailbox_for: MakeMailbox) -> None:
    mailbox = mailbox_for(account.settings(security="starttls", ca_file=certificates.authority))
    assert mailbox.unmarked() == ()
    assert "STARTTLS" not in mailbox.open().capabilities


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_unknown_authority_is_refused(account: Account, mailbox_for: MakeMailbox, security: str) -> None:
    """N9, M15: no fallback, and the cure is named."""
    port = account.server.imaps if security == "tls" else account.server.imap
    logins = account.server.log().count("Login:")
    with pytest.raises(Refused, match=r"self-signed|unable to get local issuer.*mailboxes\.support\.ca_file"):
        mailbox_for(account.settings(security=security, port=port))
    assert account.server.log().count("Login:") == logins


def test_certificate_for_another_name_is_refused(
    special_account: StartAccount,
    tmp_path_factory: pytest.TempPathFactory,
    public_folder: Path,
    mailbox_for: MakeMailbox,
) -> None:
    """N8: names both names."""
    authority = trustme.CA()
    issued = authority.issue_cert("mail.example.net")
    chain, key, root = (public_folder / f"other-{name}.pem" for name in ("chain", "key", "root"))
    issued.cert_chain_pems[0].write_to_path(chain)
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(root)
    account = special_account(Options(certificate=(chain, key)))
    with pytest.raises(Refused, match=r"127\.0\.0\.1.*mailboxes\.support\.host"):
        mailbox_for(account.settings(security="tls", port=account.server.imaps, ca_file=root))


def test_tls_to_a_plain_port_and_a_useless_ca_file(account: Account, mailbox_for: MakeMailbox, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"mailboxes\.support\.port and mailboxes\.support\.security"):
        mailbox_for(account.settings(security="tls", port=account.server.imap))
    nonsense = tmp_path / "ca.pem"
    for content in (None, "no certificate"):
        if content:
            nonsense.write_text(content)
        with pytest.raises(Refused, match=r"mailboxes\.support\.ca_file: .*cannot be used"):
            mailbox_for(account.settings(security="tls", port=account.server.imaps, ca_file=nonsense))


def test_plaintext_leaves_this_machine_never(account: Account, mailbox_for: MakeMailbox) -> None:
    with pytest.raises(Refused, match=r"mailboxes\.support\.security: 'plaintext'"):
        mailbox_for(account.settings(host="192.0.2.1"))


def test_wrong_password_is_refused_with_its_key(
    account: Account, mailbox_for: MakeMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M-18: a person must act, and the text never shows the password."""
    monkeypatch.setenv("WRONG", "tr0ub4dor&3")
    with pytest.raises(Refused, match=r"mailboxes\.support\.password_env.*AUTHENTICATIONFAILED") as caught:
        mailbox_for(account.settings(password_env="WRONG"))
    assert "tr0ub4dor" not in str(caught.value)
    monkeypatch.delenv("WRONG")
    with pytest.raises(Refused, match=r"mailboxes\.support\.password_env: the environment variable WRONG is empty"):
        mailbox_for(account.settings(password_env="WRONG"))
    monkeypatch.setenv("WRONG", "two\r\nlines")
    with pytest.raises(Refused, match="line break"):
        mailbox_for(account.settings(password_env="WRONG"))


def test_password_beyond_ascii(account: Account, mailbox_for: MakeMailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOGIN cannot carry it; AUTHENTICATE PLAIN does."""
    users = account.server.root / "users"
    users.write_text(users.read_text() + "umlaut:{PLAIN}pässwörd 密\n")
    monkeypatch.setenv("ODD", "pässwörd 密")
    with pytest.raises(Refused, match="AUTHENTICATIONFAILED"):
        mailbox_for(account.settings(user="umlaut", password_env="TEST_MAIL_PASSWORD"))
    assert mailbox_for(account.settings(user="umlaut", password_env="ODD")).unmarked() == ()


def test_too_many_connections_is_not_a_wrong_password(special_account: StartAccount, mailbox_for: MakeMailbox) -> None:
    """M11, M-19."""
    account = special_account(Options(connections_per_user=2))
    mailbox_for(account.settings())
    mailbox_for(account.settings())
    with pytest.raises(Unreachable, match=r"later.*LIMIT"):
        mailbox_for(account.settings())


def test_folder_that_is_not_there(account: Account, mailbox_for: MakeMailbox) -> None:
    """M-36."""
    with pytest.raises(Refused, match=r"mailboxes\.support\.folder: there is no folder 'Nope'"):
        mailbox_for(account.settings(folder="Nope"))


def test_folder_we_may_only_look_at(special_account: StartAccount, mailbox_for: MakeMailbox) -> None:
    """M-12: read-only, with the right that is missing."""
    account = special_account(Options(rights="lri"))
    with pytest.raises(Refused, match=r"mailboxes\.support\.folder"):
        mailbox_for(account.settings())


@pytest.mark.parametrize("mail_format", ["maildir", "sdbox", "mdbox"])
@pytest.mark.parametrize(
    ("processed", "rights"),
    [("move:Processed", ""), ("move:Processed", "lrsteikxpa"), ("delete", "lrsteikxpa"), ("seen", "")],
)
@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_folder_replaced_under_us(
    special_account: StartAccount,
    mailbox_for: MakeMailbox,
    monkeypatch: pytest.MonkeyPatch,
    mail_format: str,
    rights: str,
    processed: str,
    later: bool,
) -> None:
    """M8, M-3, I9: UID 1 is another message now, and Dovecot would move that one. We touch nothing."""
    monkeypatch.setattr("worker.mailbox.session.CONFIRM_S", 0.0 if later else 10.0)
    account = special_account(Options(format=mail_format, rights=rights))  # type: ignore[arg-type]
    account.append(b"Subject: old\r\n\r\n", folder="Queue")
    mailbox = mailbox_for(account.settings(folder="Queue", processed=processed))
    old = mailbox.uidvalidity
    assert mailbox.unmarked() == (1,)
    with account.server.client(account.user) as other:
        assert other.delete("Queue")[0] == "OK"
    with pytest.raises(Unreachable):
        mailbox.acknowledge([1])
    with pytest.raises(Refused, match="there is no folder 'Queue'"):
        mailbox.open()
    account.append(b"Subject: old\r\n\r\n", folder="Queue")
    mailbox.open()
    with account.server.client(account.user) as other:
        assert other.delete("Queue")[0] == "OK"
    account.append(b"Subject: new\r\n\r\n", folder="Queue")
    with pytest.raises(Unreachable):
        mailbox.acknowledge([1])
    profile = mailbox.open()
    assert mailbox.uidvalidity != old
    assert account.folder("Processed") == []
    for body, flags in account.folder("Queue"):
        assert body == b"Subject: new\r\n\r\n"
        assert not flags & {"$MailToCase", "\\Seen", "\\Deleted"}
    # The other formats may lose the new folder's mail by themselves, at the end of the session in the old one.
    assert mail_format != "maildir" or (profile.exists, mailbox.unmarked()) == (1, (1,))


def test_folder_replaced_while_we_idled_is_seen_at_the_next_poll(account: Account, mailbox_for: MakeMailbox) -> None:
    account.append(b"Subject: old\r\n\r\n", folder="Queue")
    mailbox = mailbox_for(account.settings(folder="Queue"))
    old = mailbox.uidvalidity
    with account.server.client(account.user) as other:
        other.delete("Queue")
    account.append(b"Subject: new\r\n\r\n", b"Subject: newer\r\n\r\n", folder="Queue")
    profile = mailbox.open()
    assert (profile.exists, mailbox.unmarked()) == (2, (1, 2))
    assert mailbox.uidvalidity != old


def test_closed_port_and_unknown_host(account: Account, mailbox_for: MakeMailbox) -> None:
    """N1, N6."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Unreachable, match=rf"mailboxes\.support \(127\.0\.0\.1:{port}\): cannot connect"):
        mailbox_for(account.settings(port=port))
    with pytest.raises(Unreachable, match="cannot connect"):
        mailbox_for(account.settings(host="no-such-host.invalid", security="tls"))


def test_server_restarted_between_two_polls(special_account: StartAccount, mailbox_for: MakeMailbox) -> None:
    """M-1: the kept connection is gone; open() makes a new one by itself."""
    account = special_account(Options(extra="# restarted"))
    account.append(b"Subject: x\r\n\r\n")
    mailbox = mailbox_for(account.settings())
    account.server.stop()
    with pytest.raises(Unreachable):
        mailbox.unmarked()
    with pytest.raises(Unreachable, match="cannot connect"):
        mailbox.open()
    account.server.start()
    mailbox.open()
    assert mailbox.unmarked() == (1,)


def test_close_may_be_called_at_any_time(account: Account, mailbox_for: MakeMailbox) -> None:
    mailbox = mailbox_for(account.settings(), opened=False)
    mailbox.close()
    for act in (mailbox.unmarked, mailbox.stragglers, mailbox.fileno, mailbox.begin_idle):
        with pytest.raises(Unreachable, match="not connected"):
            act()
    mailbox.open()
    mailbox.begin_idle()
    mailbox.close()
    mailbox.close()
    assert not mailbox.idling


def test_nothing_private_is_logged(
    account: Account, mailbox_for: MakeMailbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Trap 11."""
    caplog.set_level("DEBUG")
    account.append(b"Subject: secret subject\r\n\r\nsecret body\r\n")
    mailbox = mailbox_for(account.settings())
    list(mailbox.read(mailbox.describe(mailbox.unmarked())))
    mailbox.acknowledge([1])
    mailbox.close()
    assert PASSWORD not in caplog.text
    assert "secret" not in caplog.text
    assert os.environ["TEST_MAIL_PASSWORD"] == PASSWORD
