"""Jira beyond the kit: texts in both flavours, files, fields by name, changes and what is read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.conformance import delivery, file_of
from connectors.contract import Attachment, Change, Person, Rejected
from connectors.jira import Jira
from connectors.jira.adf import dense, document, plain
from connectors.jira.filenames import safe_name
from connectors.jira.wiki import markup
from connectors.jira.words import Page, Room, clean, fit
from tests.fakes.jira import JiraFake
from tests.fakes.jira.strict import adf_problem
from tests.fakes.jira.wiki import rendered

pytestmark = pytest.mark.usefixtures("at_once")

_TEXTS = st.text(st.characters(exclude_categories=()), max_size=200) | st.text(
    "[]~{}*_-+^?!|#\\&;:()h1bq. \n\x00@/", max_size=60
)


@pytest.fixture
def fake() -> Iterator[JiraFake]:
    server = JiraFake().start()
    yield server
    server.stop()


@pytest.fixture
def jira(fake: JiraFake) -> Iterator[Jira]:
    made = Jira(**fake.token_options)
    yield made
    made.close()


@settings(max_examples=200, deadline=None)
@given(_TEXTS)
def test_any_text_is_a_strict_document(text: str) -> None:
    """H33: no node but paragraphs, breaks and text, whatever the mail says; and the words are all there."""
    page = Page("From: x", clean(text))
    body = document(page)
    assert adf_problem(body) == ""
    assert adf_problem(dense(page)) == ""
    assert "".join(plain(body).split()) == "".join(f"From: x{clean(text)}".split())


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_any_text_is_only_text_in_wiki_markup(text: str) -> None:
    """H33: a reader sees these very words, and nothing in them was obeyed."""
    shown, obeyed = rendered(markup(Page("From: x", clean(text))))
    assert obeyed == []
    assert "".join(shown.split()) == "".join(f"From: x{clean(text)}".split())


def test_plain_words_stay_readable_in_wiki_text() -> None:
    """Addresses, hyphens within words and names with underscores need no escape."""
    text = "See https://example.com/a_b-c/?x=1, a well-known snake_case name, 2026-11-22 (or later)."
    assert markup(Page("From: Ann <ann@example.com>", text)) == f"From: Ann <ann@example.com>\n\n{text}"
    assert markup(Page("", "[~ann] C:\\temp h1. x")) == "\\[\\~ann\\] C:&#92;temp h1. x"


@pytest.mark.parametrize("sign", ["a", '"', "\\", "é", "漢", "😀", "a\n"])
def test_a_long_text_fits_by_whatever_it_counts(sign: str) -> None:
    """32,767 is counted in the document's JSON; in its escaped form, if Jira says so."""
    page = Page("From: x", sign * 100_000)
    for room in (Room(), Room(wide=True)):
        found = fit(document, page, room, dense)
        assert found.is_cut
        assert len(json.dumps(found.body, ensure_ascii=room.wide).encode("utf-16-le")) // 2 < 32_000
        assert "cut here" in plain(found.body)


def test_a_text_too_long_is_cut_and_the_original_attached(fake: JiraFake, jira: Jira) -> None:
    source = file_of(b"From: ann@example.com\r\n\r\nall of it", "message.eml", "message/rfc822")
    case = jira.create(delivery(text="long " * 40_000, source=source))
    issue = fake.issue(case.id)
    assert len(json.dumps(issue.fields["description"])) <= 30_000
    assert "200000 characters" in plain(issue.fields["description"])
    assert [one.sha256 for one in issue.files] == [source.sha256]


def test_a_site_that_takes_less_is_believed(fake: JiraFake, jira: Jira) -> None:
    """The limit is the site's own setting; it is learnt from the refusal."""
    fake.desk.max_chars = 5_000
    case = jira.create(delivery(text="word " * 3_000))
    assert len(json.dumps(fake.issue(case.id).fields["description"])) <= 5_000
    jira.append(delivery(case=case, text="漢" * 4_000))
    assert len(fake.issue(case.id).comments) == 1
    fake.desk.max_chars = 20
    with pytest.raises(Rejected, match="too long"):
        jira.create(delivery())


def test_files_that_do_not_fit_are_named(fake: JiraFake, jira: Jira) -> None:
    """C13: known beforehand, in the text; learnt from a refusal, in one comment, which a retry does not repeat."""
    fake.meta.upload_limit_bytes = 10
    large = file_of(b"x" * 11, "eleven.txt")
    case = jira.create(delivery(attachments=(large, file_of(b"y", "one.txt"))))
    issue = fake.issue(case.id)
    assert "[eleven.txt (11 bytes) is not attached: larger than the 10 bytes" in plain(issue.fields["description"])
    assert [one.name for one in issue.files] == ["one.txt"]
    fake.meta.upload_limit_bytes = 3
    sent = delivery(case=case, attachments=(file_of(b"12345", "five.txt"), file_of(b"z", "two.txt")))
    jira.append(sent)
    fresh = Jira(**fake.token_options)
    fake.meta.upload_limit_bytes = 10
    fresh._writer.files.limit_bytes()
    fake.meta.upload_limit_bytes = 3
    fresh.find(sent)
    assert [one.name for one in issue.files] == ["one.txt", "two.txt"]
    notices = [one for one in issue.comments if "five.txt (5 bytes) is not attached" in plain(one.body)]
    assert len(notices) == 1
    assert not notices[0].public
    fresh.close()


def test_more_files_than_a_form_takes_go_in_two(fake: JiraFake, jira: Jira) -> None:
    case = jira.create(delivery(attachments=tuple(file_of(b"%d" % n, f"{n}.txt") for n in range(70))))
    assert len(fake.issue(case.id).files) == 70
    assert len(fake.calls(f"POST /issue/{case.id}/attachments")) == 2


def test_no_attachments_at_all(fake: JiraFake, jira: Jira) -> None:
    fake.meta.attachments_on = False
    case = jira.create(delivery(attachments=(file_of(b"y", "one.txt"),)))
    assert "Jira takes no attachments" in plain(fake.issue(case.id).fields["description"])


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", 'a"; filename="b', "x\r\nX: y", "x" * 999 + ".pdf", "", "con.txt", "請求書.pdf", "\udc80"],
)
def test_names_of_files_are_labels(name: str) -> None:
    """H37, H38."""
    made = safe_name(Attachment(name=name, content_type="", size_bytes=0, sha256="0" * 64, content=b""))
    assert 0 < len(made.encode()) <= 150
    assert not set(made) & set('"/\\\r\n')


def test_fields_by_name(fake: JiraFake) -> None:
    jira = Jira(**fake.token_options, sender_field="customer EMAIL", set_reporter=True)
    fields = {"priority": "high", "owner": "AGENT@example.com", "queue": "billing, Shipping", "labels": "a,b c"}
    more = {"Colour": "blue", "Background": "long {code}", "customfield_10013": "2.5"}
    case = jira.create(delivery(fields=fields | more, requester=Person("Carl", "carl@example.com")))
    issue = fake.issue(case.id)
    expected: dict[str, Any] = {
        "priority": {"id": "2"},
        "assignee": {"id": fake.meta.agent.id},
        "components": [{"id": "101"}, {"id": "102"}],
        "customfield_10010": "carl@example.com",
        "customfield_10011": {"id": "202"},
        "customfield_10013": 2.5,
    }
    assert {name: issue.fields[name] for name in expected} == expected
    assert plain(issue.fields["customfield_10012"]).strip() == "long {code}"
    assert issue.labels[-3:] == ["a", "b", "c"]
    assert issue.reporter.email == "carl@example.com"
    jira.create(delivery())
    assert fake.issues[-1].reporter.email == "robot@example.com"
    jira.close()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"no_such": "x"}, "no field 'no_such'; known: .*Colour"),
        ({"priority": "Utmost"}, "Priority 'Utmost' is none of Jira's: Highest"),
        ({"owner": "Nobody Known"}, "Assignee 'Nobody Known' is nobody"),
        ({"Score": "many"}, "Score 'many' is no number"),
        ({"queue": "Nowhere"}, "Components 'Nowhere'"),
        ({"project": "SECRET"}, "cannot be set|of the kind 'project'"),
    ],
)
def test_unknown_names_are_refused_by_name(fake: JiraFake, jira: Jira, fields: dict[str, str], said: str) -> None:
    """C14."""
    with pytest.raises(Rejected, match=said):
        jira.create(delivery(fields=fields))
    assert fake.issues == []


def test_an_update_changes_what_it_names(fake: JiraFake, jira: Jira) -> None:
    case = jira.create(delivery())
    issue = fake.issue(case.id)
    change = Change(
        key=delivery().key,
        fields={"priority": "Highest", "owner": "Ada Agent", "status": "in progress", "labels": "late"},
        note="Nobody answered.",
    )
    fake.fail("reset_after", f"POST /rest/api/3/issue/{case.id}/comment")
    jira.update(case, change)
    fresh = Jira(**fake.token_options)
    fresh.update(case, change)
    assert (issue.fields["priority"], issue.status) == ({"id": "1"}, "2")
    assert issue.labels[-1] == "late"
    assert [plain(one.body).strip() for one in issue.comments] == ["Note by mail-to-case: Nobody answered."]
    assert not issue.comments[0].public
    with pytest.raises(Rejected, match="no transition leads to 'Nirvana'"):
        fresh.update(case, replace(change, fields={"status": "Nirvana"}))
    fresh.close()


def test_a_role_alone_sees_notes(fake: JiraFake) -> None:
    jira = Jira(**fake.token_options, internal_role="Agents")
    case = jira.create(delivery())
    jira.append(delivery(case=case, public=False))
    assert fake.issues[0].comments[0].visibility == {"type": "role", "value": "Agents"}
    jira.close()


@pytest.mark.parametrize("data_center", [False, True])
def test_states_do_not_depend_on_a_time_zone(data_center: bool) -> None:
    """The API's user lives eleven hours ahead; what changed a minute ago is listed, what changed before is not."""
    fake = JiraFake(data_center=data_center).start()
    jira = Jira(**fake.options)
    case, old = jira.create(delivery()), jira.create(delivery())
    fake.issue(old.id).updated_at -= timedelta(hours=5)
    jira.append(delivery(case=case))
    fake.issue(case.id).move("3")
    since = datetime.now(UTC) - timedelta(minutes=1)
    (state,) = jira.read_back(since)
    assert state.case == case
    assert (state.status, state.open, state.priority) == ("Done", False, "Medium")
    for moment in (state.opened_at, state.closed_at, state.last_customer_at):
        assert moment is not None
        assert abs((moment - datetime.now(UTC)).total_seconds()) < 30
    assert state.first_answer_at is None
    jira.close()
    fake.stop()
