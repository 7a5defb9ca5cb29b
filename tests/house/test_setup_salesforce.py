"""The page docs/setups/salesforce.md, run as it stands: priority, queue, answer, escalation; and what it prints."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from connectors.contract import CaseRef
from tests.dovecot import Account
from tests.fakes.salesforce import SalesforceFake
from tests.fakes.smtp_sink import SmtpSink
from tests.house.elsewhere import PASSWORD, Setup, mailbox_at
from tests.house.papers import laid_out, shown
from worker.classify import classify
from worker.cli.opening import house_or_exit, settings_or_exit
from worker.escalations import Escalated, escalate
from worker.ledger import Ledger
from worker.message import Source
from worker.message.reading import parse
from worker.replies import Occasion, open_office, respond
from worker.settings import load

PAGE = "setups/salesforce.md"
SECRETS = {
    "SUPPORT_PASSWORD": PASSWORD,
    "SMTP_PASSWORD": "not-used",
    "MARK_SECRET": "a secret of the test",
    "SALESFORCE_SECRET": "not-a-secret-but-long-enough",
}
#: address, subject, and what the page says becomes of it
MAILS = (
    ("billing@example.com", "Wrong invoice", "Medium", "Billing"),
    ("billing@example.com", "[urgent] Card charged twice", "High", "Billing"),
    ("support@example.com", "[URGENT] Printer on fire", "High", "Tier 2"),
    ("support@example.com", "How do I …", "Medium", "Support"),
)


ANN = "Ann Lee <ann@customer.example>"


def mail(to: str, subject: str, at: datetime, author: str = ANN, text: str = "Please help.") -> bytes:
    """A customer's mail, written at that moment."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = author, to, subject
    message["Date"] = at
    message["Message-ID"] = f"<{re.sub('[^a-z]', '', subject.lower()) or 'ja'}@customer.example>"
    message.set_content(text)
    return message.as_bytes(policy=email.policy.SMTP)


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    made = SmtpSink().start()
    yield made
    made.stop()


@pytest.fixture
def crm() -> Iterator[SalesforceFake]:
    made = SalesforceFake().start()
    yield made
    made.stop()


@pytest.fixture
def setup(account: Account, sink: SmtpSink, crm: SalesforceFake, tmp_path: Path) -> Setup:
    at = {
        "MAIL_TO_CASE__CONNECTORS__CRM__URL": crm.url,
        "MAIL_TO_CASE__CONNECTORS__CRM__CLIENT_ID": crm.door.client_id,
        "MAIL_TO_CASE__SMTP__URL": sink.url,
    }
    return Setup(laid_out(PAGE, tmp_path), {**SECRETS, **mailbox_at(account, "support"), **at})


@pytest.mark.dovecot
def test_what_the_page_promises_happens(
    setup: Setup, account: Account, sink: SmtpSink, crm: SalesforceFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail in, cases by priority and queue, answers out, each once; then nobody answers."""
    now = datetime.now(UTC)
    for number, (to, subject, *_) in enumerate(MAILS):
        account.append(mail(to, subject, now, f"Ann <a{number}@customer.example>"))
    done = setup.verb("once", "--json")
    assert (done.tally["delivered"], done.exceptions) == (4, [])
    assert sorted(_placed(crm)) == sorted((subject, priority, owner) for _, subject, priority, owner in MAILS)
    _answers_went_out(sink, crm)
    assert setup.verb("once", "--json").tally["delivered"] == 0
    assert (len(crm.org.store.living("Case")), len(sink.messages)) == (4, 4)
    _nobody_answers(setup, crm, monkeypatch)
    assert setup.verb("where", "[urgent] Card charged twice").stdout.count("escalated") == 2


def _placed(crm: SalesforceFake) -> list[tuple[str, str, str]]:
    owners = crm.org.store.rows["Group"] | crm.org.store.rows["User"]
    cases = crm.org.store.living("Case")
    return [(case["Subject"], case["Priority"], owners[case["OwnerId"]]["Name"]) for case in cases]


def _answers_went_out(sink: SmtpSink, crm: SalesforceFake) -> None:
    """To each customer one, with his own case's number, and from nobody."""
    numbers = {case["SuppliedEmail"]: case["CaseNumber"] for case in crm.org.store.living("Case")}
    assert {got.recipients[0] for got in sink.messages} == set(numbers)
    for got in sink.messages:
        letter = email.message_from_bytes(got.content, policy=email.policy.default)
        assert isinstance(letter, EmailMessage)
        assert (got.sender, letter["Auto-Submitted"]) == ("", "auto-replied")
        assert numbers[got.recipients[0]] in letter.get_content()


def _nobody_answers(setup: Setup, crm: SalesforceFake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten days pass for the billing cases, of which an agent answers one; the other is escalated, level by level."""
    cases = {case["Subject"]: case["Id"] for case in crm.org.store.living("Case")}
    long_ago = (datetime.now(UTC) - timedelta(days=10)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    with crm.lock:
        for case_id in cases.values():
            crm.org.store.change("Case", case_id, {"CreatedDate": long_ago})
        answer = {"ParentId": cases["Wrong invoice"], "Incoming": False, "Status": "3", "MessageDate": long_ago}
        crm.org.store.add("EmailMessage", answer)
    assert _tick(setup, monkeypatch).applied == 2
    placed = {subject: (priority, owner) for subject, priority, owner in _placed(crm)}
    assert placed["[urgent] Card charged twice"] == ("High", "Tier 2")
    assert placed["Wrong invoice"] == ("Medium", "Billing")
    assert placed["How do I …"] == ("Medium", "Support")
    assert _tick(setup, monkeypatch).applied == 0
    comments = [one for one in crm.org.store.living("CaseComment") if one["ParentId"] == cases[MAILS[1][1]]]
    assert len(comments) == 2
    assert not any(one["IsPublished"] for one in comments)
    assert "Nobody has answered for two working days." in comments[1]["CommentBody"]


def _tick(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> Escalated:
    monkeypatch.chdir(setup.settings.parent)
    for name, value in setup.environment.items():
        monkeypatch.setenv(name, value)
    with house_or_exit(settings_or_exit(setup.settings)) as house:
        (told,) = escalate(house)
    assert told.problem == ""
    return told


def test_the_pages_settings_load_as_they_stand(tmp_path: Path) -> None:
    settings = load(laid_out(PAGE, tmp_path), SECRETS)
    assert len(settings.routes) == len(MAILS)


class Desk:
    """The page's office, over a real ledger and a real mail server; its clock stands at the moment of the mail."""

    def __init__(self, folder: Path, sink: SmtpSink, ledger: Ledger) -> None:
        where = {"MAIL_TO_CASE__SMTP__URL": sink.url}
        self.office = open_office(load(laid_out(PAGE, folder), {**SECRETS, **where}), ledger)
        self.sink = sink

    def answers(self, content: bytes, at: datetime, reply: str = "billing") -> EmailMessage:
        """What arrives for a mail that comes in then and becomes case 00001026."""
        message = parse(Source(content=content, size_bytes=len(content), received_at=at), None)
        number = f"{1026 + len(self.sink.messages):08}"
        occasion = Occasion(
            message=message,
            verdict=classify(message, frozenset()),
            reply=reply,
            connector="crm",
            case=CaseRef(number, number),
        )
        answered = respond(replace(self.office, clock=lambda: at), occasion)
        assert answered.state == "sent", answered.why
        letter = email.message_from_bytes(self.sink.messages[-1].content, policy=email.policy.default)
        assert isinstance(letter, EmailMessage)
        return letter


@pytest.fixture
def desk(tmp_path: Path, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    yield Desk(tmp_path, sink, ledger)
    ledger.close()


FRIDAY = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
#: the customer's time of day is of no interest: when the mail arrived, and by which office it is answered
MOMENTS = (
    (datetime(2026, 11, 18, 1, 0, tzinfo=UTC), "billing", "an ordinary Wednesday"),
    (datetime(2026, 11, 13, 8, 0, tzinfo=UTC), "billing", "a weekend"),
    (FRIDAY, "billing", "a weekend and a holiday, 23 November"),
    (datetime(2026, 12, 31, 8, 0, tzinfo=UTC), "billing", "New Year and a weekend"),
    (datetime(2026, 10, 23, 14, 0, tzinfo=UTC), "support", "the end of summer time, 25 October"),
    (datetime(2026, 3, 27, 15, 0, tzinfo=UTC), "support", "the beginning of summer time, 29 March"),
    (datetime(2026, 12, 30, 15, 0, tzinfo=UTC), "support", "a listed date, New Year and a weekend"),
)


def english(desk: Desk) -> str:
    return as_printed(desk.answers(mail("billing@example.com", "Wrong invoice", FRIDAY), FRIDAY))


def japanese(desk: Desk) -> str:
    author, words = "山田太郎 <taro@customer.example>", "確認をお願いします。"
    return as_printed(desk.answers(mail("billing@example.com", "請求書について", FRIDAY, author, words), FRIDAY))


def promises(desk: Desk) -> str:
    """One line a moment: when the mail arrived, by the office's clock, and what its author is told."""
    lines = []
    for number, (at, reply, across) in enumerate(MOMENTS):
        author = f"Ann <ann{number}@customer{number}.example>"
        letter = desk.answers(mail(f"{reply}@example.com", f"Mail {'abcdefg'[number]}", at, author), at, reply)
        promised = re.findall(r"by (.*\))\.", letter.get_content())[0]
        zone = desk.office.desks[reply].calendar.zone  # type: ignore[union-attr]
        arrived = f"{at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
        lines.append(f"{arrived:<25} → {promised:<42} {across}")
    return "\n".join([*lines, ""])


def as_printed(letter: EmailMessage) -> str:
    """Header fields and text, decoded; our mark, which differs from one installation to the next, as MARK."""
    fields = [f"{name}: {value}" for name, value in letter.items()]
    return re.sub(r"[0-9a-f]{52}", "MARK", "\n".join([*fields, "", letter.get_content().replace("\r\n", "\n")]))


@pytest.mark.parametrize(
    ("name", "made"), [("answer.en.eml", english), ("answer.ja.eml", japanese), ("promises", promises)]
)
def test_the_page_prints_what_is_received(desk: Desk, name: str, made: object) -> None:
    """Weekend, holiday and both changes of the clock are in ``promises``."""
    assert callable(made)
    assert made(desk).rstrip() == shown(PAGE)[name].rstrip()
