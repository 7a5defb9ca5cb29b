"""Mail that an agent or a group passed on: whose case it becomes, and for whom never (H60)."""

from __future__ import annotations

import pytest

from tests.steps.letters import read, source
from worker.authority import Trust
from worker.compose import compose
from worker.forwarding import Passed, as_passed_on, passed_on
from worker.message import InboundMessage
from worker.settings.forwarded_checks import forwarded_mistakes
from worker.settings.model import MailboxSettings
from worker.settings.route import Route

TRUST = Trust(authserv_ids=("mx.example.com",), own_addresses={"help@example.com"})
PASSES = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com\r\n"
COPIED = (
    "Please take this one.\r\n\r\n---------- Forwarded message ---------\r\n"
    "From: Ann Lee <ann@customer.example>\r\nDate: Sat, 21 Nov 2026 09:00:00 +0000\r\nSubject: Lamp\r\n"
    "To: <gil@example.com>\r\n\r\nIt is broken.\r\n"
)
ATTACHED = (
    "See there.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: Ann Lee <ann@customer.example>\r\n"
    "Subject: Lamp\r\n\r\nIt is broken.\r\n--b--\r\n"
)
AGENT = "Gil Agent <gil@example.com>"
GROUP = "'Ann Lee' via Sales <sales@example.com>"
GROUP_FIELDS = "X-Original-From: Ann Lee <ann@customer.example>\r\nList-Id: <sales.example.com>\r\n"


def route(forwarded: str = "both") -> Route:
    agents, groups = ("*@example.com",), ("sales@example.com",)
    return Route(connector="crm", forwarded=forwarded, agents=agents, groups=groups)  # type: ignore[arg-type]


def mail(author: str = AGENT, fields: str = PASSES, body: str = COPIED) -> InboundMessage:
    head = f"From: {author}\r\nTo: help@example.com\r\nSubject: Fwd: Lamp\r\n"
    return read(f"{fields}{head}\r\n{body}".encode())


def attached(fields: str = PASSES) -> InboundMessage:
    kind = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    return mail(fields=fields + kind, body=f"--b\r\n\r\n{ATTACHED}")


def by_group(fields: str = PASSES) -> InboundMessage:
    return mail(GROUP, fields + GROUP_FIELDS, "It is broken.\r\n")


MAILS = {"copied": mail, "attached": attached, "group": by_group}


@pytest.mark.parametrize("made", MAILS.values(), ids=MAILS.keys())
def test_h60_the_case_is_the_original_authors_and_says_who_passed_it_on(made) -> None:
    message = made()
    passed = passed_on(message, route(), TRUST)
    assert passed is not None
    assert passed.requester is not None
    assert (passed.requester.name, passed.requester.address) == ("Ann Lee", "ann@customer.example")
    delivery = as_passed_on(compose(message, source(b"x"), "a" * 40, "help@example.com", {}), passed)
    assert delivery.requester == passed.requester
    assert delivery.text.startswith(f"[forwarded by {message.author.name} <{message.author.address}>]\n\n")
    assert delivery.text.endswith(message.text)


@pytest.mark.parametrize("made", MAILS.values(), ids=MAILS.keys())
def test_h60_off_unless_the_route_says_so(made) -> None:
    assert Route(connector="crm").forwarded == "off"
    assert passed_on(made(), Route(connector="crm", agents=("*@example.com",)), TRUST) is None


NOT_BELIEVED = {
    "nothing said": "",
    "fails": "Authentication-Results: mx.example.com; dmarc=fail\r\n",
    "forged": "Received: by mx.example.com\r\n" + PASSES,
}


@pytest.mark.parametrize("fields", NOT_BELIEVED.values(), ids=NOT_BELIEVED.keys())
@pytest.mark.parametrize("made", MAILS.values(), ids=MAILS.keys())
def test_h41_h60_never_for_one_who_is_not_authenticated(made, fields: str) -> None:
    passed = passed_on(made(fields), route(), TRUST)
    assert passed is not None
    assert passed.requester is None
    assert "is not authenticated" in passed.why


def test_h60_lenience_is_not_authentication() -> None:
    passed = passed_on(mail(), route(), Trust(lenient=True))
    assert passed == Passed(None, mail().author, passed.why if passed else "")


OTHERS = {
    "a customer who forwards": (
        mail("Bob <bob@other.example>", PASSES.replace("header.from=example", "header.from=other.example"), COPIED),
        "both",
    ),
    "agents where groups are meant": (mail(), "groups"),
    "a group where agents are meant": (by_group(), "agents"),
}


@pytest.mark.parametrize(("message", "forwarded"), OTHERS.values(), ids=OTHERS.keys())
def test_h60_only_whom_the_route_names(message: InboundMessage, forwarded: str) -> None:
    passed = passed_on(message, route(forwarded), TRUST)
    assert passed is not None
    assert passed.requester is None


def test_h59_nobody_is_passed_on_as_ourselves() -> None:
    passed = passed_on(mail(body=COPIED.replace("ann@customer.example", "help+x@example.com")), route(), TRUST)
    assert passed is not None
    assert (passed.requester, "our own addresses" in passed.why) == (None, True)


def test_a_mail_that_was_not_passed_on_stays_as_it_is() -> None:
    message = mail(body="Hello\r\n")
    assert passed_on(message, route(), TRUST) is None
    delivery = compose(message, source(b"x"), "a" * 40, "help@example.com", {})
    refused = Passed(None, message.author, "no")
    assert as_passed_on(delivery, refused) == delivery


def test_the_first_line_is_also_that_of_the_html_and_no_markup_comes_from_a_name() -> None:
    message = mail("<b>Gil</b> <gil@example.com>", PASSES + "Content-Type: text/html\r\n", f"<p>{COPIED}</p>")
    delivery = compose(message, source(b"x"), "a" * 40, "", {})
    person = passed_on(mail(), route(), TRUST)
    assert person is not None
    html = as_passed_on(delivery, Passed(person.requester, message.author, "")).html
    assert html.startswith("<p>[forwarded by ")
    assert "<b>Gil" not in html


def mistakes(forwarded: str, is_set: bool = True, **lists: tuple[str, ...]) -> list[tuple[str | int, ...]]:
    rule = Route(connector="crm", forwarded=forwarded, **lists)  # type: ignore[arg-type]
    box = MailboxSettings(authserv_id="mx.example.com" if is_set else ())
    return [path for path, _, _ in forwarded_mistakes([rule], {"support": box})]


def test_i24_settings_that_contradict_themselves() -> None:
    assert mistakes("agents", agents=("*@example.com",)) == []
    assert mistakes("off") == []
    assert mistakes("agents", agents=("*@example.com",), is_set=False) == [("routes", 0, "forwarded")]
    assert mistakes("both", agents=("*@example.com",)) == [("routes", 0, "groups")]
    assert mistakes("off", groups=("a@example.com",)) == [("routes", 0, "groups")]
    assert mistakes("agents", agents=("*",)) == [("routes", 0, "agents")]
    assert mistakes("agents", agents=("re:(",)) == [("routes", 0, "agents")]
    odd = MailboxSettings(authserv_id=("mx.example.com", ""))
    assert [path for path, _, _ in forwarded_mistakes([], {"a": odd})] == [("mailboxes", "a", "authserv_id")]
