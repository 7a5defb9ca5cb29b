"""The page docs/setups/google-workspace-forward.md, run as it stands: what the CRM's address gets, byte for byte."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.forward import LOOP_HEADER
from tests.dovecot import Account
from tests.fakes.smtp_sink import Received, SmtpSink
from tests.house.elsewhere import PASSWORD, Setup, mailbox_at
from tests.house.papers import laid_out
from worker.settings import load

pytestmark = pytest.mark.dovecot

PAGE = "setups/google-workspace-forward.md"
RECIPIENTS = ("case-7f3k2@in.crm.example", "archive@example.com")


def routed_by_google(number: int, *, to: str, original: str = "", mark: str = "", forged: str = "") -> bytes:
    """A customer's mail with the lines that Google puts on top, in its order; what is forged stands below them."""
    ours = [
        "Delivered-To: cases@example.com",
        "Received: by 2002:a05:6a10:1234 with SMTP id ab12; Sat, 21 Nov 2026 02:00:00 -0800 (PST)",
        *([f"X-Gm-Original-To: {original}"] if original else []),
        *([mark] if mark else []),
        "Return-Path: <ann@customer.example>",
        "Received: from mail.customer.example (mail.customer.example. [192.0.2.1])",
        "        by mx.google.com with ESMTPS id z9; Sat, 21 Nov 2026 02:00:00 -0800 (PST)",
    ]
    theirs = [
        *([forged] if forged else []),
        "From: =?utf-8?q?Ann_M=C3=BCller?= <ann@customer.example>",
        f"To: {to}",
        f"Subject: Question {number}",
        f"Message-ID: <q{number}@customer.example>",
        "Date: Sat, 21 Nov 2026 10:00:00 +0000",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    return "\r\n".join([*ours, *theirs, "", ".a line that begins with a dot", "caf\xe9 \u2713  ", "", ""]).encode()


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    made = SmtpSink().start()
    yield made
    made.stop()


@pytest.fixture
def setup(account: Account, sink: SmtpSink, tmp_path: Path) -> Setup:
    at = {"MAIL_TO_CASE__CONNECTORS__CRM__SMTP": sink.url, "CASES_PASSWORD": PASSWORD}
    return Setup(laid_out(PAGE, tmp_path), {**mailbox_at(account, "cases"), **at})


def test_the_pages_settings_load_as_they_stand(tmp_path: Path) -> None:
    settings = load(laid_out(PAGE, tmp_path), {"CASES_PASSWORD": "x"})
    assert [route.address for route in settings.routes] == ["billing@example.com", "support@example.com"]


def test_what_the_page_promises_arrives(setup: Setup, account: Account, sink: SmtpSink) -> None:
    direct = routed_by_google(1, to="support@example.com", original="support@example.com")
    blind = routed_by_google(2, to="undisclosed-recipients:;", original="billing@example.com")
    spam = routed_by_google(3, to="support@example.com", original="support@example.com", mark="X-Gm-Spam: 1")
    forged = routed_by_google(4, to="boss@elsewhere.example", forged="X-Gm-Original-To: billing@example.com")
    account.append(direct, blind, spam, forged)
    assert setup.verb("check").code == 0
    sink.messages.clear()
    done = setup.verb("once", "--json")
    assert (done.tally["delivered"], done.tally["held"], done.exceptions) == (2, 2, [])
    assert {below_ours(got) for got in sink.messages} == {direct, blind}
    for got in sink.messages:
        _is_resent(got)
    assert {body for body, _ in account.folder("Processed")} == {direct, blind}
    assert {body for body, flags in account.folder() if "\\Flagged" in flags} == {spam, forged}
    assert setup.verb("once", "--json").tally["delivered"] == 0
    assert len(sink.messages) == 2


def below_ours(got: Received) -> bytes:
    """The mail below the lines that forwarding adds."""
    return got.content.partition(f"{LOOP_HEADER}: forwarded\r\n".encode())[2]


def _is_resent(got: Received) -> None:
    """By us, to both recipients, in nobody else's name."""
    message = email.message_from_bytes(got.content, policy=email.policy.default)
    assert (got.sender, got.recipients) == ("bounces@example.com", RECIPIENTS)
    names = [name for name, _ in message.items()]
    assert names[:5] == ["Resent-Date", "Resent-From", "Resent-To", "Resent-Message-ID", LOOP_HEADER]
    assert message["Resent-From"] == "bounces@example.com"
    assert message["From"] == "Ann Müller <ann@customer.example>"
    assert message["Message-ID"] in ("<q1@customer.example>", "<q2@customer.example>")
