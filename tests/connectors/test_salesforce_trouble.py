"""Salesforce: what becomes of a message when the org will not have it, or not as it is, or does not say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.conformance import delivery, file_of
from connectors.conformance.verdicts import attempt
from connectors.contract import (
    CaseRef,
    Change,
    InDoubt,
    Rejected,
    Retryable,
    Throttled,
    Unusable,
)
from connectors.salesforce import Salesforce
from tests.connectors.rigs_salesforce import rolled_back
from tests.fakes.http_server import Reply
from tests.fakes.salesforce import SalesforceFake

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def fake() -> Iterator[SalesforceFake]:
    server = SalesforceFake().start()
    yield server
    server.stop()


@pytest.fixture
def salesforce(fake: SalesforceFake) -> Iterator[Salesforce]:
    made = Salesforce(**fake.options)
    yield made
    made.close()


def rows(fake: SalesforceFake, kind: str) -> list[dict[str, Any]]:
    return fake.org.store.living(kind)


def case_of(fake: SalesforceFake, case: CaseRef) -> dict[str, Any]:
    return fake.org.store.get("Case", case.id)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_double_is_found_in_any_language(fake: SalesforceFake, language: str) -> None:
    """C12: nothing is known of the first try but the key."""
    fake.org.store.language = language
    sent, reply = delivery(), delivery()
    first, second = Salesforce(**fake.options), Salesforce(**fake.options)
    case = first.create(sent)
    assert second.create(replace(sent, subject="Other")).id == case.id
    reply = replace(reply, case=case)
    assert first.append(reply) == second.append(reply)
    assert fake.keys() == [sent.key, reply.key]
    first.close()
    second.close()


def test_another_unique_field_is_no_double_of_ours(fake: SalesforceFake, salesforce: Salesforce) -> None:
    fake.org.store.tables["Case"].columns["Region__c"].unique = True
    salesforce.create(delivery(fields={"Region__c": "north"}))
    with pytest.raises(Rejected, match="Region__c"):
        salesforce.create(delivery(fields={"Region__c": "north"}))
    assert len(rows(fake, "Case")) == 1


def test_a_locked_case_is_tried_again_later(fake: SalesforceFake, salesforce: Salesforce) -> None:
    """C12: rolled back as a whole, so nothing has happened; other cases go on."""
    case, other = salesforce.create(delivery()), salesforce.create(delivery())
    fake.org.locked[case.id] = float("inf")
    reply = delivery(case=case, attachments=(file_of(b"x"),))
    with pytest.raises(Retryable) as caught:
        salesforce.append(reply)
    assert not isinstance(caught.value, Throttled)
    salesforce.append(delivery(case=other))
    assert not fake.org.files(case.id)
    fake.org.locked.clear()
    salesforce.append(reply)
    assert fake.keys().count(reply.key) == 1


def test_the_allowance_is_heeded(fake: SalesforceFake, salesforce: Salesforce) -> None:
    """C8: 403 with the code is a wait for all; from 80 % on we slow down."""
    case = salesforce.create(delivery())
    fake.calls_allowed = fake.calls_used
    with pytest.raises(Throttled) as caught:
        salesforce.append(delivery(case=case))
    assert caught.value.retry_after_s == 900
    assert caught.value.bucket == ""
    fake.calls_used, fake.calls_allowed = 850, 1_000
    told = [attempt(salesforce.append, delivery(case=case)) for _ in range(70)]
    assert str(told[-1]).startswith("our own limit of 60 calls in 60 s")
    assert told.count(None) == 60


def test_a_full_or_closed_org_stops_the_connector(fake: SalesforceFake, salesforce: Salesforce) -> None:
    fake.org.full = True
    with pytest.raises(Unusable, match=r"STORAGE_LIMIT_EXCEEDED.*make room"):
        salesforce.create(delivery())
    fake.org.full = False
    fake.fail("reply", "POST", reply=Reply(403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "no"}]))
    with pytest.raises(Unusable, match="REST API on"):
        salesforce.create(delivery())
    fake.fail("reply", "POST", reply=Reply(410, [{"errorCode": "UNSUPPORTED_API_VERSION", "message": "no"}]))
    with pytest.raises(Unusable, match="api_version"):
        salesforce.create(delivery())


def test_html_where_json_was_promised_is_no_success(fake: SalesforceFake, salesforce: Salesforce) -> None:
    page = b"<html><title>Down for maintenance</title></html>"
    for status, expected in ((400, Rejected), (503, InDoubt), (404, Unusable)):
        fake.fail("reply", f"POST {fake.base}", times=3, reply=Reply(status, page, {"Content-Type": "text/html"}))
        with pytest.raises(expected):
            salesforce.create(delivery())
        fake.faults.clear()


def test_large_files_come_after_and_are_looked_for(
    fake: SalesforceFake, salesforce: Salesforce, tmp_path: Path
) -> None:
    """C29: the case is there without them, so its delivery is in doubt, and not done, until they are too."""
    large = tmp_path / "large.bin"
    large.write_bytes(b"0123456789abcdef" * 120_000)
    files = (file_of(b"small"), file_of(large, "large.bin"))
    sent = delivery(attachments=files)
    fake.fail("reply", f"POST {fake.base}sobjects/ContentVersion", times=2, reply=Reply(503, b""))
    with pytest.raises(InDoubt):
        salesforce.create(sent)
    assert len(rows(fake, "Case")) == 1
    assert salesforce.find(sent) is None
    case = salesforce.create(sent)
    assert salesforce.find(sent) == case
    fake.fail("reset_after", f"POST {fake.base}sobjects/ContentVersion")
    reply = delivery(case=case, attachments=files)
    salesforce.append(reply)
    held = [fake.org.files(one["Id"]) for one in rows(fake, "EmailMessage")]
    assert [[one["sha256"] for one in some] for some in held] == [[one.sha256 for one in files]] * 2


def test_a_case_that_could_not_be_reopened_is_reopened_in_the_end(fake: SalesforceFake, salesforce: Salesforce) -> None:
    case = salesforce.create(delivery())
    fake.close_case(case.id)
    reply = delivery(case=case)
    salesforce.correlate(["x@example.com"])
    seen = len(fake.log)

    def second_composite_fails(method: str, path: str) -> Any:
        late = sum(one.path.endswith("/composite") for one, _ in fake.log[seen:]) >= 1
        return plan if method == "POST" and late else None

    plan = fake.fail("reply", "NEVER", reply=rolled_back("FIELD_CUSTOM_VALIDATION_EXCEPTION", "not now"))
    fake.take_fault = second_composite_fails  # type: ignore[method-assign]
    with pytest.raises(InDoubt):
        salesforce.append(reply)
    assert salesforce.find(reply) is None
    del fake.take_fault  # type: ignore[method-assign]
    assert salesforce.append(reply).id == case.id
    assert (case_of(fake, case)["Status"], fake.keys().count(reply.key)) == ("New", 1)


def test_a_file_that_is_refused_becomes_a_notice(fake: SalesforceFake, salesforce: Salesforce) -> None:
    """C13: once without it, since nothing happened."""
    fake.org.refuse_empty_files = True
    salesforce.create(delivery(attachments=(file_of(b"", "empty.txt"), file_of(b"x", "x.txt"))))
    (message,) = rows(fake, "EmailMessage")
    assert "empty.txt (0 bytes) is not attached" in message["TextBody"]
    assert [one["Title"] for one in fake.org.files(message["Id"])] == ["x.txt"]


def test_files_too_large_together_go_one_by_one(fake: SalesforceFake, salesforce: Salesforce) -> None:
    fake.fail("reply", f"POST {fake.base}composite", reply=Reply(413, b""))
    files = (file_of(b"one", "one.txt"), file_of(b"two", "two.txt"))
    salesforce.create(delivery(attachments=files))
    (message,) = rows(fake, "EmailMessage")
    assert [one["sha256"] for one in fake.org.files(message["Id"])] == [one.sha256 for one in files]


def test_a_large_file_that_is_refused_for_good_is_told_to_the_agents(
    fake: SalesforceFake, salesforce: Salesforce, tmp_path: Path
) -> None:
    """The message cannot be changed any more; the comment is written once, however often it is tried."""
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * 2_000_000)
    sent = delivery(attachments=(file_of(large, "large.bin"),))
    refusal = Reply(400, [{"errorCode": "FIELD_INTEGRITY_EXCEPTION", "message": "file type is blocked"}])
    fake.fail("reply", f"POST {fake.base}sobjects/ContentVersion", times=2, reply=refusal)
    assert salesforce.create(sent) == salesforce.create(sent)
    (comment,) = rows(fake, "CaseComment")
    assert "large.bin (2000000 bytes) is not attached" in comment["CommentBody"]
    assert not comment["IsPublished"]


def test_the_same_note_is_written_once_and_an_agents_change_stays(fake: SalesforceFake, salesforce: Salesforce) -> None:
    """The answer is lost; fields and note were written together, so that the second try leaves both alone."""
    case = salesforce.create(delivery())
    change = Change(key="d" * 40, fields={"priority": "High"}, note="Nobody has answered.")
    fake.fail("reset_after", f"POST {fake.base}composite")
    with pytest.raises(InDoubt):
        salesforce.update(case, change)
    fake.org.store.change("Case", case.id, {"Priority": "Low"})
    salesforce.update(case, change)
    assert len(rows(fake, "CaseComment")) == 1
    assert case_of(fake, case)["Priority"] == "Low"
    with pytest.raises(Rejected, match="Nobody Known"):
        salesforce.update(case, replace(change, key="e" * 40, fields={"owner": "Nobody Known"}))
