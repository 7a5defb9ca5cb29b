"""Salesforce's ``check``, ``prepare``, settings and ``preview``: what an operator reads, with its cure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import CaseRef, Change, Finding, Severity, Unusable
from connectors.registry import Misconfigured, build
from connectors.salesforce import Salesforce
from tests.connectors.keys_salesforce import PRIVATE_KEY, PUBLIC_KEY
from tests.fakes.http_server import Reply
from tests.fakes.salesforce import SalesforceFake

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def fake() -> Iterator[SalesforceFake]:
    server = SalesforceFake().start()
    yield server
    server.stop()


def checked(fake: SalesforceFake, **more: str) -> list[Finding]:
    salesforce = Salesforce(**fake.options | more)
    try:
        return list(salesforce.check())
    finally:
        salesforce.close()


def wrong(findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity is not Severity.OK]


def test_all_is_well(fake: SalesforceFake) -> None:
    found = checked(fake, queue="Support", record_type="Question")
    assert wrong(found) == []
    facts = "\n".join(one.fact for one in found)
    for told in (
        "knows us",
        "Case.E2C_Key__c is there",
        "EmailMessage.E2C_Key__c is there",
        "'Support' exists",
        "API calls",
    ):
        assert told in facts


def _column(fake: SalesforceFake, kind: str) -> object:
    return fake.org.store.tables[kind].columns[fake.key_field]


SPOILT: tuple[tuple[Callable[[SalesforceFake], object], Severity, str, str], ...] = (
    (
        lambda fake: setattr(fake.door, "client_secret", "other"),
        Severity.STOPS_MAIL,
        "invalid_client",
        "client_secret_env",
    ),
    (
        lambda fake: setattr(fake.door, "scope", "refresh_token"),
        Severity.STOPS_MAIL,
        "lacks the scope api",
        "administrator",
    ),
    (
        lambda fake: fake.org.store.tables["Case"].columns.pop(fake.key_field),
        Severity.STOPS_MAIL,
        "Case has no field E2C_Key__c",
        "Unique",
    ),
    (
        lambda fake: setattr(_column(fake, "EmailMessage"), "unique", False),
        Severity.STOPS_MAIL,
        "EmailMessage.E2C_Key__c is not unique",
        "External ID and Unique",
    ),
    (
        lambda fake: setattr(_column(fake, "Case"), "external_id", False),
        Severity.STOPS_MAIL,
        "Case.E2C_Key__c is not an external ID",
        "External ID",
    ),
    (
        lambda fake: setattr(_column(fake, "Case"), "length", 20),
        Severity.STOPS_MAIL,
        "shorter than 40",
        "Text(40 or more)",
    ),
    (
        lambda fake: setattr(fake.org.store.tables["Case"], "createable", False),
        Severity.STOPS_MAIL,
        "may not create Cases",
        "administrator",
    ),
    (lambda fake: fake.org.store.tables.pop("EmailMessage"), Severity.WARNING, "no EmailMessage", "Email-to-Case"),
    (
        lambda fake: setattr(fake.org.store.tables["ContentVersion"], "createable", False),
        Severity.WARNING,
        "may not create files",
        "permission set",
    ),
    (lambda fake: setattr(fake, "calls_allowed", 10), Severity.WARNING, "of the 10 API calls", "buy more"),
)


@pytest.mark.parametrize("case", SPOILT, ids=[one[2] for one in SPOILT])
def test_what_is_wrong_is_named_with_its_cure(
    fake: SalesforceFake, case: tuple[Callable[[SalesforceFake], object], Severity, str, str]
) -> None:
    """C24 and C6 among them."""
    spoil, severity, fact, cure = case
    fake.calls_used = 6 if "10 API" in fact else 0
    spoil(fake)
    (found, *_) = wrong(checked(fake))
    assert found.severity is severity
    assert fact in found.fact
    assert cure in found.cure
    assert "not-a-secret" not in f"{found}"


@pytest.mark.parametrize(
    ("setting", "value", "cure"),
    [
        ("queue", "No such", "set queue"),
        ("record_type", "No such", "set record_type"),
        ("reopen_status", "Reopened", "set reopen_status to one of New, Working"),
        ("origin", "Pigeon", "set origin to one of Phone"),
        ("api_version", "v21.0", "administrator"),
    ],
)
def test_settings_that_the_org_does_not_know(fake: SalesforceFake, setting: str, value: str, cure: str) -> None:
    (found,) = wrong(checked(fake, **{setting: value}))
    assert found.severity is Severity.STOPS_MAIL
    assert cure in found.cure
    if setting == "queue":
        salesforce = Salesforce(**fake.options, queue=value)
        with pytest.raises(Unusable, match="set queue"):
            salesforce.create(delivery())
        salesforce.close()


def test_limits_that_our_user_may_not_see_stop_nothing(fake: SalesforceFake) -> None:
    refusal = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "View Setup is required"}]
    fake.fail("reply", f"GET {fake.base}limits", reply=Reply(403, refusal))
    assert wrong(checked(fake)) == []


def test_the_key_field_is_made_where_it_is_missing(fake: SalesforceFake) -> None:
    """And an unsafe org is refused until it is."""
    for kind in ("Case", "EmailMessage"):
        del fake.org.store.tables[kind].columns[fake.key_field]
    salesforce = Salesforce(**fake.options)
    with pytest.raises(Unusable, match="has no field E2C_Key__c"):
        salesforce.create(delivery())
    fake.door.may_make_fields = False
    assert [one.severity for one in salesforce.prepare()] == [Severity.STOPS_MAIL] * 2
    fake.door.may_make_fields = True
    assert [one.severity for one in salesforce.prepare()] == [Severity.OK] * 2
    assert list(salesforce.prepare()) == []
    salesforce.create(delivery())
    salesforce.close()


def test_settings_mistakes_are_named_at_once() -> None:
    options = {"url": "http://example.com", "client_id": "x", "api_version": "67", "key_field": "Key"}
    with pytest.raises(Misconfigured) as caught:
        build("crm", "salesforce", options, {})
    told = str(caught.value)
    for key in ("url: must be https", "api_version:", "key_field:", "client_secret: missing"):
        assert f"connectors.crm.{key}" in told
    for more, said in (
        ({"client_secret": "s", "user": "u"}, "not both"),
        ({"user": "u"}, "private_key: missing beside user"),
        ({"user": "u", "private_key": "hunter2-hunter2"}, "no private key in PEM"),
    ):
        with pytest.raises(Misconfigured, match=said) as caught:
            build("crm", "salesforce", {"url": "https://x.example", "client_id": "x", **more}, {})
        assert "hunter2" not in str(caught.value)


def test_an_assertion_is_for_its_host(fake: SalesforceFake) -> None:
    """A key on one line, as variables hold it; an assertion for another host is refused, with the cure."""
    fake.door.public_key = PUBLIC_KEY
    given = {"url": fake.url, "client_id": fake.door.client_id, "user": fake.door.user}
    for login, good in (("", True), ("https://test.salesforce.com", False)):
        salesforce = Salesforce(**given, private_key=PRIVATE_KEY.replace("\n", "\\n"), login=login)
        found = wrong(list(salesforce.check()))
        assert (found == []) is good
        assert good or ("audience is invalid" in found[0].fact and "private_key_env" in found[0].cure)
        salesforce.close()


def test_a_preview_shows_the_request_and_asks_nobody() -> None:
    salesforce = Salesforce(url="https://example.my.salesforce.com", client_id="x", client_secret="hush-hush")
    sent = delivery(fields={"queue": "Billing"}, attachments=(file_of(b"x", "a.txt"),))
    (shown,) = salesforce.preview(sent)
    assert (shown.method, shown.target) == ("POST", "/services/data/v67.0/composite")
    for word in ("allOrNone", sent.key, "(id of the queue 'Billing')", "(1 bytes in base64)", "Sforce-Auto-Assign"):
        assert word in shown.body
    further = salesforce.preview(delivery(case=CaseRef("500000000000001AAA", "1")))
    assert "500000000000001AAA" in further[0].body
    salesforce.close()


def test_cases_are_read_back_in_pages(fake: SalesforceFake) -> None:
    """Each once, with owner and answers; also one that only got an answer."""
    fake.queries.page = 3
    salesforce = Salesforce(**fake.options)
    cases = [salesforce.create(delivery(fields={"queue": "Tier 2"})) for _ in range(8)]
    salesforce.update(cases[0], Change(key="b" * 40, fields={"owner": "Ada Agent"}))
    fake.close_case(cases[1].id)
    old = (datetime.now(UTC) - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    fake.org.store.rows["Case"][cases[2].id]["SystemModstamp"] = old
    said = {"ParentId": cases[2].id, "Incoming": False, "Status": "3", "MessageDate": "2026-11-21T10:00:00.000+0000"}
    fake.org.store.add("EmailMessage", said)
    fake.org.store.add("EmailMessage", said | {"Status": "5", "MessageDate": "2026-11-20T10:00:00.000+0000"})
    found = list(salesforce.read_back(datetime.now(UTC) - timedelta(hours=1)))
    states = {one.case: one for one in found}
    assert len(found) == len(states) == 8
    assert (states[cases[0]].owner, states[cases[0]].queue) == ("Ada Agent", "")
    assert (states[cases[3]].owner, states[cases[3]].queue) == ("", "Tier 2")
    assert not states[cases[1]].open
    assert states[cases[1]].closed_at is not None
    assert states[cases[2]].first_answer_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert states[cases[2]].last_customer_at is not None
    assert list(salesforce.read_back(datetime.now(UTC) + timedelta(hours=1))) == []
    salesforce.close()
