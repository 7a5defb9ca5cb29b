"""Nothing secret leaves before TLS, nothing of a stranger reaches the wire as a command, refusals are told apart."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable

import pytest

from tests.dovecot import Certificates
from tests.fakes.scripted_imap import HANG_UP, Mail, ScriptedImap
from tests.mailbox.conftest import MakeMailbox
from worker.mailbox import Mailbox, Processed, Refused, Unreachable
from worker.settings.model import MailboxSettings

Settings = Callable[..., MailboxSettings]


@pytest.fixture
def tls(certificates: Certificates) -> ssl.SSLContext:
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    return context


@pytest.fixture
def starttls_settings(
    scripted: ScriptedImap, settings_for: Settings, certificates: Certificates, tls: ssl.SSLContext
) -> MailboxSettings:
    """STARTTLS to the scripted server, whose certificate is known."""
    scripted.tls = tls
    scripted.capabilities = "IMAP4rev1 STARTTLS MOVE"
    return settings_for(scripted, security="starttls", ca_file=certificates.authority)


def _sent_nothing_secret(server: ScriptedImap) -> bool:
    return not {"LOGIN", "AUTHENTICATE", "RESPONSE"} & set(server.names())


def test_starttls_as_it_should_be(
    scripted: ScriptedImap, starttls_settings: MailboxSettings, mailbox_for: MakeMailbox
) -> None:
    """Capabilities heard in the clear are asked again within TLS (RFC 2595 3.1)."""
    assert mailbox_for(starttls_settings).unmarked() == (1, 2, 5)
    names = scripted.names()
    assert names[:4] == ["CAPABILITY", "STARTTLS", "CAPABILITY", "LOGIN"]


def test_starttls_stripped(
    scripted: ScriptedImap, starttls_settings: MailboxSettings, mailbox_for: MakeMailbox
) -> None:
    """N10."""
    scripted.capabilities = "IMAP4rev1 MOVE"
    with pytest.raises(Refused, match=r"does not offer STARTTLS.*mailboxes\.support\.security = 'tls'"):
        mailbox_for(starttls_settings)
    assert _sent_nothing_secret(scripted)


@pytest.mark.parametrize("answer", [b"TAG NO not now\r\n", b"TAG BAD what?\r\n"])
def test_starttls_declined(
    scripted: ScriptedImap, starttls_settings: MailboxSettings, mailbox_for: MakeMailbox, answer: bytes
) -> None:
    """N11."""
    scripted.tls = None
    scripted.rig("STARTTLS", answer)
    with pytest.raises(Refused, match="refuses STARTTLS"):
        mailbox_for(starttls_settings)
    assert _sent_nothing_secret(scripted)


def test_text_injected_after_starttls(
    scripted: ScriptedImap, starttls_settings: MailboxSettings, mailbox_for: MakeMailbox
) -> None:
    """N12, M16: what came in the clear must not be taken for an answer within TLS."""
    scripted.rig("STARTTLS", b"TAG OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n* OK hello\r\n")
    with pytest.raises(Refused, match="in the clear after STARTTLS"):
        mailbox_for(starttls_settings)
    assert _sent_nothing_secret(scripted)


@pytest.mark.parametrize("security", ["starttls", "plaintext"])
def test_preauth_is_not_trusted(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, security: str
) -> None:
    """N13."""
    scripted.greeting = b"* PREAUTH welcome back\r\n"
    with pytest.raises(Refused, match="PREAUTH"):
        mailbox_for(settings_for(scripted, security=security))
    assert _sent_nothing_secret(scripted)


@pytest.mark.parametrize(
    "greeting", [b"* BYE busy\r\n" + HANG_UP, HANG_UP, b"HTTP/1.1 400 Bad Request\r\n", b"A1 OK\r\n"]
)
def test_greetings_that_are_none(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, greeting: bytes
) -> None:
    """M-1, M-37."""
    scripted.greeting = greeting
    with pytest.raises(Unreachable, match="cannot connect"):
        mailbox_for(settings_for(scripted))
    assert _sent_nothing_secret(scripted)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"TAG NO [AUTHENTICATIONFAILED] wrong\r\n", Refused),
        (b"TAG NO [EXPIRED] change it\r\n", Refused),
        (b"TAG NO login failed for open sesame\r\n", Refused),
        (b"TAG NO [UNAVAILABLE] directory down\r\n", Unreachable),
        (b"TAG NO [LIMIT] too many\r\n", Unreachable),
        (b"TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n", Unreachable),
        (b"* BYE overloaded\r\n" + HANG_UP, Unreachable),
        (b"TAG NO" + HANG_UP, Unreachable),
    ],
)
def test_login_refusals_are_told_apart(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, answer: bytes, kind: type[Exception]
) -> None:
    """M-18, M-19, M-37; even a server that repeats the password does not get it into a log."""
    scripted.rig("LOGIN", answer)
    with pytest.raises(kind) as caught:
        mailbox_for(settings_for(scripted))
    assert "sesame" not in str(caught.value)
    assert ("password_env" in str(caught.value)) == (kind is Refused)


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_bearer_tokens(
    scripted: ScriptedImap,
    settings_for: Settings,
    mailbox_for: MakeMailbox,
    monkeypatch: pytest.MonkeyPatch,
    mechanism: str,
) -> None:
    """M-20; RFC 7628."""
    oauth = {"provider": "generic", "mechanism": mechanism, "token_env": "MAIL_TOKEN"}
    settings = settings_for(scripted, oauth=oauth, password_env=None)
    monkeypatch.delenv("MAIL_TOKEN", raising=False)
    with pytest.raises(Refused, match=r"mailboxes\.support\.oauth\.token_env: the environment variable MAIL_TOKEN"):
        mailbox_for(settings)
    monkeypatch.setenv("MAIL_TOKEN", "t0ken")
    mailbox_for(settings)
    assert f"AUTHENTICATE {mechanism}".encode() in b"\n".join(scripted.lines)
    said = base64.b64decode(scripted.lines[scripted.names().index("RESPONSE")])
    assert b"auth=Bearer t0ken" in said
    assert b"support" in said
    scripted.rig("RESPONSE", b"TAGLESS\r\n")
    scripted.rig("AUTHENTICATE", b"TAG NO [AUTHENTICATIONFAILED] token t0ken is stale\r\n")
    with pytest.raises(Refused, match=r"oauth\.token_env") as caught:
        mailbox_for(settings)
    assert "t0ken" not in str(caught.value)


@pytest.mark.parametrize("evil", ["a\r\nX1 STORE 1:* +FLAGS (\\Deleted)", "a\nb", "a\0b"])
def test_no_line_break_reaches_the_wire(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, evil: str
) -> None:
    """M19, H28: every line that the server got begins with a tag and a command that we use."""
    with pytest.raises(ValueError, match="control characters"):
        Processed.parse(f"move:{evil}")
    with pytest.raises(Refused, match="line break or NUL"):
        mailbox_for(settings_for(scripted, folder=evil))
    with pytest.raises(Refused, match="line break or NUL"):
        mailbox_for(settings_for(scripted, user=evil))
    mailbox = mailbox_for(settings_for(scripted))
    with pytest.raises(Refused, match="nothing was sent"):
        mailbox._live()[0].search("HEADER", "Message-ID", evil)
    mailbox.close()
    known = {"CAPABILITY", "LOGIN", "ID", "SELECT", "LIST", "LOGOUT"}
    assert set(scripted.names()) <= known


@pytest.mark.parametrize(
    "text",
    [
        "move:",
        "move",
        "keyword:a b",
        "keyword:\\Seen",
        "keyword:ä",
        "seen:x",
        "delete:x",
        "flag:x",
        "",
        ":x",
        "label: ",
    ],
)
def test_marks_that_mean_nothing(text: str) -> None:
    with pytest.raises(ValueError):
        Processed.parse(text)


def test_marks() -> None:
    parsed = [Processed.parse(text) for text in ("move:A:B", "keyword:$Done", "label:Ünde r", "seen", "delete")]
    assert [(one.kind, one.name) for one in parsed] == [
        ("move", "A:B"),
        ("keyword", "$Done"),
        ("label", "Ünde r"),
        ("seen", ""),
        ("delete", ""),
    ]


@pytest.mark.parametrize("processed", ["keyword:Filed", "move:Processed", "seen"])
def test_a_server_that_drops_keywords_silently(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, processed: str
) -> None:
    """M-13: OK is no proof."""
    scripted.drops_keywords = True
    mailbox = mailbox_for(settings_for(scripted, processed=processed))
    if processed.startswith("keyword"):
        with pytest.raises(Refused, match=r"mailboxes\.support\.processed: .*dropped the keyword 'Filed'"):
            mailbox.acknowledge([1])
        return
    assert mailbox.acknowledge([1]).marked == {1}
    assert mailbox.unmarked() == (2, 5)


def test_too_many_keywords_in_the_folder(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox
) -> None:
    """M9, M-14: the mail is moved all the same, and the reason is told."""
    full = b"TAG NO Too many user flags in mailbox\r\n"
    scripted.rig("UID STORE", full)
    mailbox = mailbox_for(settings_for(scripted))
    result = mailbox.acknowledge([1])
    assert result.marked == {1}
    assert "Too many user flags" in result.problem
    with pytest.raises(Refused, match="Too many user flags"):
        mailbox_for(settings_for(scripted, processed="keyword:Filed")).acknowledge([2])


@pytest.mark.parametrize("permanent", [r"\*", ""], ids=["keywords", "no-keywords"])
def test_gmail_labels(settings_for: Settings, mailbox_for: MakeMailbox, permanent: str) -> None:
    """The label goes on, the one that keeps it in the folder goes off."""
    with ScriptedImap({1: Mail(labels={"\\Inbox"}), 2: Mail(labels={"\\Inbox"})}) as server:
        server.permanent = rf"\Seen \Flagged \Deleted {permanent}"
        settings = settings_for(server, processed="label:Done")
        with pytest.raises(Refused, match=r"mailboxes\.support\.processed: labels exist on Gmail only"):
            mailbox_for(settings)
        server.capabilities += " X-GM-EXT-1"
        mailbox = mailbox_for(settings)
        assert mailbox.open().gmail
        assert mailbox.acknowledge([1]).marked == {1}
        assert server.mails[1].labels == {"Done"}
        assert server.mails[2].labels == {"\\Inbox"}
        mailbox.unmarked()
        assert ('NOT X-GM-LABELS "Done"' in server.lines[-1].decode()) == (not permanent)
        mailbox.close()


def test_repr_and_errors_show_no_password(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox
) -> None:
    mailbox: Mailbox = mailbox_for(settings_for(scripted))
    session = mailbox._live()[0]
    assert "sesame" not in f"{mailbox!r} {session!r} {vars(session)} {vars(session.wire)}"
