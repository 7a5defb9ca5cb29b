"""An office over a real ledger and a real mail server, and customers who write to it."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from connectors.contract import CaseRef
from tests.fakes.smtp_sink import SmtpSink
from worker.classify import classify
from worker.ledger import Ledger
from worker.message import InboundMessage, Source
from worker.message.reading import parse
from worker.replies import Answered, Occasion, Office, open_office, respond
from worker.settings import Settings

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TEXT = """Dear {{ sender_name or "customer" }},

your message "{{ subject }}" is case {{ case.number }}.
{% if expected_response %}
We answer by {{ expected_response }}.
{% endif %}
"""
JAPANESE = """{{ sender_name }} 様

お問い合わせ「{{ subject }}」を受け付けました（受付番号 {{ case.number }}）。
{{ expected_response }} までにご返信いたします。
"""
HTML = "<p>Your message <b>{{ subject }}</b> is case {{ case.number }}.</p>"


def mail(author: str = "Ann Example <ann@customer.example>", subject: str = "Printer on fire", **more: str) -> bytes:
    """A customer's mail; names in ``more`` take _ for -."""
    header = {"From": author, "To": "help@ours.example", "Subject": subject, "Message_ID": "<m1@customer.example>"}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in {**header, **more}.items() if value != ""]
    return "\r\n".join([*lines, "", "It burns.", ""]).encode("utf-8", "surrogatepass")


@dataclass
class Scene:
    """One office. ``case`` numbers its cases."""

    ledger: Ledger
    sink: SmtpSink
    office: Office
    now: datetime = NOW
    cases: int = 0
    made: dict[str, Any] = field(default_factory=dict)

    def read(self, content: bytes) -> InboundMessage:
        return parse(Source(content=content, size_bytes=len(content), received_at=self.now), None)

    def write(self, content: bytes, case: str = "", **changes: Any) -> Answered:
        """A mail comes in and becomes a case of its own, unless one is named."""
        self.cases += 1
        number = case or f"C-{self.cases}"
        message = self.read(content)
        occasion = Occasion(
            message=message,
            verdict=classify(message, self.office.own_addresses),
            reply="billing",
            connector="crm",
            case=CaseRef(number, number, f"https://crm.example/{number}"),
        )
        return respond(self.office, replace(occasion, **changes))

    def letters(self) -> list[EmailMessage]:
        """What has arrived at the mail server."""
        return [_read(one.content) for one in self.sink.messages]


def _read(content: bytes) -> EmailMessage:
    made = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    return made


def settings_of(folder: Path, sink: SmtpSink, **reply: Any) -> Settings:
    """One reply with a calendar in Tokyo."""
    (folder / "billing.txt").write_text(TEXT, encoding="utf-8")
    (folder / "billing.ja.txt").write_text(JAPANESE, encoding="utf-8")
    (folder / "billing.html").write_text(HTML, encoding="utf-8")
    given: dict[str, Any] = {
        "from": "Billing <billing@ours.example>",
        "text": str(folder / "billing.txt"),
        "respond_within": "8h",
        "calendar": "tokyo",
    }
    return Settings.model_validate(
        {
            "replies": {"billing": given | reply},
            "calendars": {"tokyo": {"timezone": "Asia/Tokyo", "hours": "Mon-Fri 09:00-18:00", "holidays": "JP"}},
            "smtp": {"url": sink.url},
        }
    )


@contextmanager
def scene(folder: Path, clock: Callable[[], datetime] | None = None, **reply: Any) -> Iterator[Scene]:
    """An office that is open."""
    folder.mkdir(exist_ok=True)
    sink = SmtpSink().start()
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
    try:
        office = open_office(settings_of(folder, sink, **reply), ledger, frozenset({"help@ours.example"}))
        yield Scene(ledger, sink, replace(office, clock=clock or (lambda: NOW)))
    finally:
        ledger.close()
        sink.stop()
