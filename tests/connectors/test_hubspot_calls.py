"""HubSpot beyond the kit: what goes out, what a crash leaves and the next try completes, odd addresses, doubles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import tenacity

from connectors.conformance import delivery, file_of
from connectors.contract import CaseGone, CaseRef, Change, Connector, ConnectorError, Person, Rejected, Retryable
from connectors.hubspot import HubSpot
from tests.fakes.http_server import Reply
from tests.fakes.hubspot import HubSpotFake

TICKET, EMAIL = "POST /crm/objects/2026-03/tickets", "POST /crm/objects/2026-03/emails"
UPLOAD, STAT = "POST /files/2026-03/files", "GET /files/2026-03/files/stat/"
UPSERT = "POST /crm/objects/2026-03/contacts/batch/upsert"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotFake]:
    monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
    server = HubSpotFake().start()
    yield server
    server.stop()


@pytest.fixture
def another(fake: HubSpotFake) -> Iterator[Callable[..., HubSpot]]:
    """Makes what another process would have: a connector with an empty memory."""
    made: list[HubSpot] = []

    def make(**options: str) -> HubSpot:
        made.append(HubSpot(**fake.options, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def hubspot(another: Callable[..., HubSpot]) -> HubSpot:
    return another()


def _only(fake: HubSpotFake, kind: str) -> dict[str, str]:
    (one,) = fake.live(kind)
    return one.properties


def test_a_new_case_is_a_ticket_and_an_email_that_hang_together(fake: HubSpotFake, hubspot: HubSpot) -> None:
    sent = delivery(
        html="<p>rich</p>",
        recipient="help@example.com",
        cc=(Person("Zoe", "zoe@example.com"),),
        attachments=(file_of(b"a", "a.txt"), file_of(b"b", "b.txt")),
        fields={"priority": "high", "owner": "Ada Agent", "queue": "billing", "status": "looked at"},
    )
    case = hubspot.create(sent)
    (ticket,), (email,), (contact,) = fake.live("tickets"), fake.live("emails"), fake.live("contacts")
    expected = {"subject": sent.subject, "content": sent.text, "source_type": "EMAIL", "e2c_key": sent.key}
    expected |= {
        "hs_pipeline": "77",
        "hs_pipeline_stage": "702",
        "hs_ticket_priority": "HIGH",
        "hubspot_owner_id": "501",
    }
    assert ticket.properties == expected
    assert ticket.links == {"contacts": [contact.id], "emails": [email.id]}
    assert contact.properties == {"email": "ann@example.com", "firstname": "Ann", "lastname": "Example"}
    headers = json.loads(email.properties["hs_email_headers"])
    assert headers["from"] == {"email": "ann@example.com", "firstName": "Ann", "lastName": "Example"}
    assert headers["to"] == [{"email": "help@example.com"}]
    assert headers["cc"] == [{"email": "zoe@example.com", "firstName": "Zoe"}]
    assert email.properties["hs_email_direction"] == "INCOMING_EMAIL"
    assert email.properties["hs_email_html"] == "<p>rich</p>"
    assert [one.access for one in fake.files_of(email)] == ["PRIVATE", "PRIVATE"]
    assert case.url == f"https://app-eu1.hubspot.com/contacts/4711/record/0-5/{ticket.id}"
    assert fake.violations == []


def test_calls_per_mail(fake: HubSpotFake, hubspot: HubSpot) -> None:
    """A known author: two calls a new case and one more a file; two a further message, the state of its ticket one."""
    hubspot.create(delivery())
    fake.log.clear()
    case = hubspot.create(delivery(attachments=(file_of(b"x"),)))
    assert len(fake.log) == 3
    fake.log.clear()
    hubspot.append(delivery(case=case))
    assert len(fake.log) == 2


@pytest.mark.parametrize("stage", [UPSERT, TICKET, UPLOAD, EMAIL])
@pytest.mark.parametrize("applied", [False, True])
def test_a_crash_after_any_stage_is_completed_by_another_process(
    fake: HubSpotFake, stage: str, applied: bool, another: Callable[..., HubSpot]
) -> None:
    """I1, C17: one ticket, one e-mail, both files, whatever the dead process had done; ``find`` is sure before."""
    sent = delivery(attachments=(file_of(b"one", "1.txt"), file_of(b"two", "2.txt")))
    kind = "reset_after" if applied else "reset_before"
    dead, next_one = another(), another()
    # Neither is a file in doubt to be looked up.
    fake.fail(kind, f"{stage}|{STAT}", times=99)
    with pytest.raises(ConnectorError):
        dead.create(sent)
    fake.faults.clear()
    found = next_one.find(sent)
    assert (found is not None) == (applied and stage == EMAIL)
    case = found or next_one.create(sent)
    (email,) = fake.live("emails")
    assert [one.id for one in fake.live("tickets")] == [case.id]
    assert email.links["tickets"] == [case.id]
    assert [one.size for one in fake.files_of(email)] == [3, 3]
    # What had been uploaded is found by its name, not uploaded again.
    assert len(fake.files.kept) == 2


def test_the_second_key_is_found_whatever_status_says_so(fake: HubSpotFake, another: Callable[..., HubSpot]) -> None:
    """409 and 400 are both in use for a unique property."""
    for status in (409, 400):
        fake.portal.double_status = status
        sent = delivery()
        made = []
        for _ in range(2):
            hubspot = another()
            made.append(hubspot.create(sent).id)
        assert made[0] == made[1]
        assert len([one for one in fake.live("emails") if one.properties["e2c_key"] == sent.key]) == 1


def test_a_ticket_without_its_message_is_not_found(fake: HubSpotFake, hubspot: HubSpot) -> None:
    sent = delivery()
    fake.fail("reply", EMAIL, reply=Reply(429, {"policyName": "TEN_SECONDLY_ROLLING"}), times=1)
    with pytest.raises(Retryable):
        hubspot.create(sent)
    assert len(fake.live("tickets")) == 1
    assert hubspot.find(sent) is None
    hubspot.create(sent)
    # This process knows the ticket that it began.
    assert fake.count(TICKET) == 1
    assert len(fake.live("tickets")) == len(fake.live("emails")) == 1


def test_one_odd_address_costs_nobody_else_a_contact(fake: HubSpotFake, hubspot: HubSpot) -> None:
    """C25: 207; each author's contact, or a ticket without one that shows the address."""
    hubspot.create(delivery())
    fake.fail("delay", UPSERT, seconds=0.3)
    people = [Person("", "slow@example.com"), *(Person(f"P {n}", f"p{n}@example.com") for n in range(4))]
    people += [Person("Odd", "odd@localhost"), Person("No", ""), Person("Not", "no address")]
    sent = [delivery(requester=one) for one in people]
    with ThreadPoolExecutor(8) as pool:
        cases = dict(zip([one.address for one in people], pool.map(hubspot.create, sent), strict=True))
    contacts = {one.properties["email"] for one in fake.live("contacts")}
    assert contacts == {"ann@example.com", "slow@example.com", *(f"p{n}@example.com" for n in range(4))}
    tickets = {one.id: one for one in fake.live("tickets")}
    assert all(tickets[cases[f"p{n}@example.com"].id].links["contacts"] for n in range(4))
    for address in ("odd@localhost", "no address"):
        alone = tickets[cases[address].id]
        assert "contacts" not in alone.links
        assert address in alone.properties["content"]
    assert "names no sender" in tickets[cases[""].id].properties["content"]
    assert fake.count(UPSERT) < 8
    assert fake.violations == []


def test_what_agents_wrote_of_a_contact_stays(
    fake: HubSpotFake, hubspot: HubSpot, another: Callable[..., HubSpot]
) -> None:
    hubspot.create(delivery())
    _only(fake, "contacts")["firstname"] = "Anna-Maria"
    other = another()
    other.create(delivery(requester=Person("ANN!!", "Ann@Example.com")))
    assert _only(fake, "contacts")["firstname"] == "Anna-Maria"


def test_a_contact_that_was_deleted_is_made_again(fake: HubSpotFake, hubspot: HubSpot) -> None:
    hubspot.create(delivery())
    fake.live("contacts")[0].archived = True
    hubspot.create(delivery())
    assert len(fake.live("contacts")) == 1
    assert fake.live("tickets")[1].links["contacts"] == [fake.live("contacts")[0].id]


def test_a_closed_ticket_is_reopened_where_it_is(
    fake: HubSpotFake, hubspot: HubSpot, another: Callable[..., HubSpot]
) -> None:
    """In the pipeline that it is in now; a note for agents alone opens nothing; an open one stays as it is."""
    chosen = another(reopen_stage="Waiting on us")
    case = hubspot.create(delivery())
    ticket = fake.live("tickets")[0]
    for connector, closed, expected in (
        (hubspot, ("0", "4"), "1"),
        (chosen, ("0", "4"), "3"),
        (chosen, ("77", "703"), "701"),
    ):
        ticket.properties |= dict(zip(("hs_pipeline", "hs_pipeline_stage"), closed, strict=True))
        connector.append(delivery(case=case, public=False))
        assert ticket.properties["hs_pipeline_stage"] == closed[1]
        reply = delivery(case=case)
        connector.append(reply)
        assert ticket.properties["hs_pipeline_stage"] == expected
        # Closed again by an agent, while another process is not sure of the same reply.
        ticket.properties["hs_pipeline_stage"] = closed[1]
        another().append(reply)
        assert ticket.properties["hs_pipeline_stage"] == closed[1]
    ticket.properties |= {"hs_pipeline": "0", "hs_pipeline_stage": "2"}
    chosen.append(delivery(case=case))
    assert ticket.properties["hs_pipeline_stage"] == "2"


def test_a_ticket_that_is_gone(fake: HubSpotFake, hubspot: HubSpot) -> None:
    """C9, C10: deleted before, deleted in between, or merged: its number leads nowhere any more."""
    case = hubspot.create(delivery())
    for number in ("9999999", "no number", "../1"):
        with pytest.raises(CaseGone):
            hubspot.append(delivery(case=CaseRef(number, number)))
    refusal = Reply(400, {"status": "error", "category": "VALIDATION_ERROR", "message": "association"})
    fake.fail("reply", EMAIL, reply=refusal)
    with pytest.raises(Rejected) as caught:
        hubspot.append(delivery(case=case))
    assert not isinstance(caught.value, CaseGone)
    fake.live("tickets")[0].archived = True
    with pytest.raises(CaseGone):
        hubspot.append(delivery(case=case))


def test_an_email_whose_ticket_was_deleted_hangs_on_the_next(
    fake: HubSpotFake, hubspot: HubSpot, another: Callable[..., HubSpot]
) -> None:
    """The key is taken by an e-mail that nobody sees; the mail is not lost with it."""
    case = hubspot.create(delivery())
    reply = delivery(case=case)
    hubspot.append(reply)
    fake.live("tickets")[0].archived = True
    other = another()
    assert other.find(reply) is None
    with pytest.raises(CaseGone):
        other.append(reply)
    fresh = other.create(replace(reply, case=None, follows=case))
    assert [one.properties["e2c_key"] for one in fake.on(fresh.id)] == [reply.key]
    assert f"continues case {case.number}" in fake.live("tickets")[0].properties["content"]
    found = other.find(reply)
    assert found is not None
    assert found.id == fresh.id


def test_the_same_mail_by_two_ways_is_two_cases(fake: HubSpotFake, hubspot: HubSpot) -> None:
    """Its Message-ID leads to the first: a second one must not be refused because of it."""
    sent = delivery()
    for status in (409, 400):
        fake.portal.double_status = status
        copy = replace(sent, key=delivery().key)
        case = hubspot.create(copy)
        assert [one.properties["e2c_key"] for one in fake.on(case.id)] == [copy.key]
    assert len(fake.live("emails")) == 2
    first = hubspot.correlate(["unknown@example.com", sent.message_id])
    assert first is not None
    assert first.id == fake.live("tickets")[0].id


def test_correlating_does_not_search(fake: HubSpotFake, hubspot: HubSpot) -> None:
    """Two calls, however many references; the search's lag does not matter."""
    fake.bulk.lag_s = 3600.0
    sent = delivery(message_id="hostile \x00\ud800 <id>" + "x" * 5_000)
    case = hubspot.create(sent)
    fake.log.clear()
    found = hubspot.correlate([*(f"{n}@example.com" for n in range(300)), sent.message_id])
    assert found is not None
    assert found.id == case.id
    assert len(fake.log) == 2
    fake.live("tickets")[0].archived = True
    assert hubspot.correlate([sent.message_id]) is None
    assert hubspot.correlate([]) is None


def test_a_file_in_doubt_is_looked_up_before_it_is_uploaded_again(fake: HubSpotFake, hubspot: HubSpot) -> None:
    hubspot.create(delivery())
    fake.log.clear()
    fake.fail("reset_after", UPLOAD)
    hubspot.create(delivery(attachments=(file_of(b"x"),)))
    assert (fake.count(UPLOAD), fake.count(STAT), len(fake.files.kept)) == (1, 1, 1)
    fake.fail("reset_before", UPLOAD)
    sent = delivery(attachments=(file_of(b"y"),))
    with pytest.raises(Retryable):
        hubspot.create(sent)
    hubspot.create(sent)
    assert len(fake.files.kept) == 2


def test_a_refused_file_is_named_in_the_message(fake: HubSpotFake, hubspot: HubSpot) -> None:
    """C13."""
    fake.files.limit_bytes = 10
    case = hubspot.create(delivery(attachments=(file_of(b"x" * 11, "big.txt"), file_of(b"y", "small.txt"))))
    (email,) = fake.on(case.id)
    assert "big.txt (11 bytes) is not attached" in email.properties["hs_email_text"]
    assert [one.size for one in fake.files_of(email)] == [1]


def test_changes_and_their_note(fake: HubSpotFake, hubspot: HubSpot, another: Callable[..., HubSpot]) -> None:
    case = hubspot.create(delivery())
    change = Change(key=delivery().key, fields={"owner": "TIER2@example.com", "status": "closed"}, note="<b>late</b>")
    for connector in (hubspot, another()):
        connector.update(case, change)
    assert _only(fake, "tickets")["hs_pipeline_stage"] == "4"
    assert _only(fake, "tickets")["hubspot_owner_id"] == "502"
    assert _only(fake, "notes")["hs_note_body"] == "&lt;b&gt;late&lt;/b&gt;"
    hubspot.update(case, Change(key=delivery().key, fields={"queue": "Billing"}))
    assert _only(fake, "tickets")["hs_pipeline_stage"] == "701"
    for fields in ({"owner": "nobody"}, {"status": "no such"}, {"queue": "none"}, {"priority": "5"}, {"X Y": "z"}):
        with pytest.raises(Rejected) as caught:
            hubspot.update(case, Change(key=delivery().key, fields=fields))
        assert next(iter(fields)) in str(caught.value) or next(iter(fields.values())) in str(caught.value)


def test_reading_back_in_spite_of_the_lag(fake: HubSpotFake, hubspot: HubSpot) -> None:
    """What the search did not show in time is told by the next reading, though it changed before that one's since."""
    fake.bulk.lag_s = 0.2
    case = hubspot.create(delivery(fields={"priority": "low", "owner": "ada@example.com"}))
    early = datetime.now(UTC)
    assert list(hubspot.read_back(early)) == []
    fake.bulk.lag_s = 0.0
    (state,) = hubspot.read_back(datetime.now(UTC))
    assert (state.case.id, state.status, state.queue, state.priority) == (case.id, "New", "Support Pipeline", "LOW")
    assert (state.owner, state.open, state.closed_at, state.first_answer_at) == ("ada@example.com", True, None, None)
    assert list(hubspot.read_back(datetime.now(UTC))) == []
    ticket = fake.live("tickets")[0]
    ticket.properties |= {"time_to_first_agent_reply": "60000", "hs_last_message_received_at": "1763719200000"}
    fake.portal.touch(ticket)
    (state,) = hubspot.read_back(early)
    assert state.first_answer_at is not None
    assert (state.first_answer_at - state.opened_at).total_seconds() == 60
    assert state.last_customer_at == datetime(2025, 11, 21, 10, 0, tzinfo=UTC)


def test_reading_back_many(fake: HubSpotFake, hubspot: HubSpot) -> None:
    """Pages of the search, batches of the reading; tickets of others are not ours."""
    for number in range(450):
        fake.portal.add("tickets", {"subject": "x", "hs_pipeline_stage": "1", "e2c_key": f"{number:040x}"})
    fake.portal.add("tickets", {"subject": "not ours", "hs_pipeline_stage": "1"})
    states = list(hubspot.read_back(datetime(2026, 1, 1, tzinfo=UTC)))
    assert len({one.key for one in states}) == len(states) == 450
    assert fake.count("POST /crm/objects/2026-03/tickets/search") == 3
    assert fake.violations == []


def test_preview_shows_the_very_requests(fake: HubSpotFake, hubspot: HubSpot) -> None:
    """The bodies are those that are sent, but for numbers that are not known yet."""
    sent = delivery(attachments=(file_of(b"x", "x.txt"),))
    shown = [*hubspot.preview(sent)]
    assert {seen.method for seen, _ in fake.log} == {"GET"}
    hubspot.create(sent)
    posted = [seen for seen, _ in fake.log if seen.method == "POST" and "/contacts/batch/update" not in seen.path]
    assert [one.target for one in shown] == [seen.path for seen in posted]
    previewed, email = json.loads(shown[-1].body), posted[-1].json
    shown_ticket, ticket = json.loads(shown[1].body), posted[1].json
    assert shown_ticket["properties"] == ticket["properties"]
    assert previewed["properties"].keys() == email["properties"].keys()
    assert previewed["properties"]["hs_email_text"] == email["properties"]["hs_email_text"]
    further: Connector = hubspot
    assert [one.target for one in further.preview(delivery(case=CaseRef("1", "1"), requester=Person("", "")))] == [
        "/crm/objects/2026-03/emails"
    ]


def test_who_writes_to_the_same_record_is_waited_for(fake: HubSpotFake, hubspot: HubSpot) -> None:
    """C12: a conflict while a ticket is reopened, changed, or its author made, holds no mail."""
    case = hubspot.create(delivery())
    fake.live("tickets")[0].properties["hs_pipeline_stage"] = "4"
    conflict = Reply(409, {"status": "error", "category": "CONFLICT", "message": "busy"})
    acts: list[tuple[str, Callable[[], object]]] = [
        ("PATCH ", lambda: hubspot.append(delivery(case=case))),
        ("PATCH ", lambda: hubspot.update(case, Change(key=delivery().key, fields={"priority": "LOW"}))),
        (UPSERT, lambda: hubspot.create(delivery(requester=Person("", "new@example.com")))),
    ]
    for where, act in acts:
        fake.fail("reply", where, reply=conflict, times=3)
        with pytest.raises(Retryable):
            act()
        fake.faults.clear()
        act()


def test_a_message_that_an_agent_took_off_its_ticket_is_not_lost(fake: HubSpotFake, hubspot: HubSpot) -> None:
    sent = delivery()
    case = hubspot.create(sent)
    fake.live("emails")[0].links.pop("tickets")
    found = hubspot.find(sent)
    assert found is not None
    assert found.id == case.id
