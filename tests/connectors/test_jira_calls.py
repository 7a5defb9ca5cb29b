"""Jira beyond the kit: calls and their cost, what a doubt leads to, limits, reopening, logins."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import AuthFailed, CaseGone, CaseRef, Delivery, InDoubt, Rejected, Unusable
from connectors.jira import Jira
from tests.fakes.http_server import Reply
from tests.fakes.jira import JiraFake
from tests.fakes.jira.records import Comment

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def fake() -> Iterator[JiraFake]:
    server = JiraFake().start()
    yield server
    server.stop()


@pytest.fixture
def jira(fake: JiraFake) -> Iterator[Jira]:
    made = Jira(**fake.token_options, labels=("vip",))
    yield made
    made.close()


@pytest.fixture
def fresh(fake: JiraFake) -> Iterator[Jira]:
    """Another process."""
    made = Jira(**fake.token_options)
    yield made
    made.close()


CREATE = "POST /rest/api/3/issue"


def test_calls_per_mail(fake: JiraFake, jira: Jira) -> None:
    """One a new issue, one more for all its files; two a further message, for its status must be looked at."""
    case = jira.create(delivery(attachments=(file_of(b"a"), file_of(b"b", "b"))))
    assert fake.calls() == ["GET /attachment/meta", "POST /issue", f"POST /issue/{case.id}/attachments"]
    fake.log.clear()
    jira.create(delivery())
    jira.append(delivery(case=case))
    assert fake.calls() == ["POST /issue", f"GET /issue/{case.id}", f"POST /issue/{case.id}/comment"]


def test_a_new_issue_has_everything_in_one_call(fake: JiraFake, jira: Jira) -> None:
    sent = delivery(subject="x" * 300)
    case = jira.create(sent)
    issue = fake.issue(case.id)
    assert issue.labels == [f"e2c-{sent.key[:16]}", "mail-to-case", "vip"]
    assert issue.properties == {"e2c": {"key": sent.key, "messageId": sent.message_id}}
    assert len(issue.fields["summary"]) == 255
    first = issue.fields["description"]["content"][0]["content"][0]["text"]
    assert first == "From: Ann Example <ann@example.com>"
    assert (case.number, case.url) == (issue.key, f"{fake.url}/browse/{issue.key}")


def test_keys_that_share_a_label_are_told_apart(fake: JiraFake, jira: Jira, fresh: Jira) -> None:
    """The label has sixteen digits of the key; the property has them all. The oldest of two is adopted (C23)."""
    sent = delivery()
    twin = replace(sent, key=sent.key[:16] + "0" * 24)
    other = jira.create(twin)
    assert fresh.find(sent) is None
    first, second = jira.create(sent), fresh.create(sent)
    assert len({other.id, first.id, second.id}) == 3
    found = Jira(**fake.token_options)
    ref = found.find(sent)
    assert ref is not None
    assert ref.id == first.id
    found.close()


def test_a_doubt_is_not_doubled_while_the_search_lags(fake: JiraFake, jira: Jira) -> None:
    """C22: at once a second try of the same process refuses; once somebody has looked, it goes ahead or adopts."""
    fake.desk.lag_s = 3600.0
    sent = delivery(attachments=(file_of(b"one"),))
    fake.fail("reset_after", CREATE)
    with pytest.raises(InDoubt):
        jira.create(sent)
    with pytest.raises(InDoubt, match="does not show it yet"):
        jira.create(sent)
    assert len(fake.issues) == 1
    fake.settle()
    found = jira.find(sent)
    assert found is not None
    assert [one.name for one in fake.issue(found.id).files] == ["note.txt"]
    assert jira.create(sent).id == found.id
    assert fake.keys() == [sent.key]


def test_files_lost_on_the_way_are_sent_by_find(fake: JiraFake, jira: Jira, fresh: Jira) -> None:
    """C29: the text is in, the files are not: the delivery is not done, even for another process."""
    sent = delivery(attachments=(file_of(b"one", "one.txt"), file_of(b"two", "two.txt")))
    where = "POST /rest/api/3/issue/10100/attachments"
    fake.fail("reply", where, reply=Reply(503, b"", {"Retry-After": "9"}))
    with pytest.raises(InDoubt, match="without all its files"):
        jira.create(sent)
    found = fresh.find(sent)
    assert found is not None
    assert [one.name for one in fake.issue(found.id).files] == ["one.txt", "two.txt"]
    fresh.find(sent)
    jira.create(sent)
    assert len(fake.issue(found.id).files) == 2


def test_a_comment_in_doubt_is_found_behind_a_hundred_others(fake: JiraFake, jira: Jira, fresh: Jira) -> None:
    case = jira.create(delivery())
    reply = delivery(case=case)
    jira.append(reply)
    issue = fake.issue(case.id)
    issue.comments += [Comment(500_000 + n, issue.comments[0].body, fake.meta.agent) for n in range(250)]
    found = fresh.find(reply)
    assert found is not None
    assert found.id == case.id


def test_a_lost_ledger_is_bridged_by_the_message_id(fake: JiraFake, jira: Jira, fresh: Jira) -> None:
    """Witness 3 alone: a reply whose case nobody remembers is found in the issue that its ancestor made."""
    root = delivery()
    case = jira.create(root)
    jira.create(delivery())
    reply = delivery(references=(root.message_id,))
    jira.append(replace(reply, case=case))
    found = fresh.find(reply)
    assert found is not None
    assert found.id == case.id
    assert fresh.find(delivery(references=(root.message_id,))) is None


@pytest.mark.parametrize("settings", [{}, {"reopen_transition": "work ON"}, {"reopen_status": "in progress"}])
def test_a_done_issue_is_opened_again(fake: JiraFake, settings: dict[str, str]) -> None:
    """C11: by the way that the settings name, else the likeliest; ways are asked for once; notes do not reopen."""
    jira = Jira(**fake.token_options, **settings)
    case = jira.create(delivery())
    issue = fake.issue(case.id)
    for _ in range(2):
        issue.move("3")
        jira.append(delivery(case=case, public=False))
        assert issue.status == "3"
        jira.append(delivery(case=case))
        assert issue.status == ("2" if settings else "1")
    assert len(fake.calls(f"GET /issue/{case.id}/transitions")) == 1
    jira.close()


def test_a_race_for_the_transition_is_won_by_either(fake: JiraFake, jira: Jira) -> None:
    """C12: 409 and a lost answer: look again; an issue that cannot be opened is gone, and the mail makes a new one."""
    case = jira.create(delivery())
    issue = fake.issue(case.id)
    where = f"POST /rest/api/3/issue/{case.id}/transitions"
    for kind, more in (("reply", {"reply": Reply(409, {"errorMessages": ["conflict"]})}), ("reset_after", {})):
        issue.move("3")
        fake.fail(kind, where, **more)
        jira.append(delivery(case=case))
        assert issue.status == "1"
    issue.move("3")
    fake.desk.stuck = {"41", "51"}
    with pytest.raises(CaseGone, match="no transition leads back"):
        jira.append(delivery(case=case))
    assert len(issue.comments) == 2


def test_a_moved_issue_is_quoted_by_its_new_key(fake: JiraFake, jira: Jira) -> None:
    """C10: the id stays."""
    case = jira.create(delivery())
    fake.issue(case.id).key = "OTHER-7"
    assert jira.append(delivery(case=case)).number == "OTHER-7"


def test_a_full_issue_is_gone_and_a_foreign_id_too(fake: JiraFake, jira: Jira) -> None:
    """H30: what is no id never gets into an address."""
    case = jira.create(delivery())
    issue = fake.issue(case.id)
    issue.comments = [Comment(n, "", fake.meta.agent) for n in range(5_000)]
    with pytest.raises(CaseGone, match="5,000"):
        jira.append(delivery(case=case))
    for id_ in ("999999", "../project/SUP", "", "SUP-1", "1" * 40):
        foreign = delivery(case=CaseRef(id_, id_))
        with pytest.raises(CaseGone):
            jira.append(foreign)
        assert jira.find(foreign) is None


def test_jql_takes_nothing_from_a_mail(fake: JiraFake, jira: Jira) -> None:
    hostile = replace(delivery(references=('" OR project = SECRET',)), key='x" OR labels != "')
    for act in (jira.find, jira.create):
        with pytest.raises(Rejected, match="hexadecimal"):
            act(hostile)
    sent = delivery(references=('") OR project = "SECRET', "x"), message_id='" ORDER BY x')
    assert jira.find(sent) is None
    assert all("SECRET" not in seen.body.decode() for seen, _ in fake.log)


def test_each_login_reaches_its_own_door(fake: JiraFake) -> None:
    """A scoped token and a service account go through the gateway; at the site they are strangers."""
    for options in (fake.options, fake.scoped_options, fake.token_options):
        jira = Jira(**options)
        jira.create(delivery())
        jira.close()
    paths = [seen.path for seen, _ in fake.log if seen.path.endswith("/issue")]
    assert [path.startswith(f"/ex/jira/{fake.cloud_id}/") for path in paths] == [True, True, False]
    stranger = Jira(**(fake.token_options | {"token": fake.scoped_token}))
    with pytest.raises(AuthFailed):
        stranger.create(delivery())
    stranger.close()


def test_what_the_settings_got_wrong_stops_the_connector(fake: JiraFake) -> None:
    """C28 too: a search that is gone says so; no message is held for what concerns them all."""
    wrong = Jira(**(fake.token_options | {"project": "NONE"}))
    with pytest.raises(Unusable, match="project"):
        wrong.create(delivery())
    wrong.close()
    centre = Jira(url=fake.url, token="x", project="SUP")
    fake.fail("reply", "POST /rest/api/2/search", reply=Reply(410, {"errorMessages": ["removed"]}))
    with pytest.raises(Unusable, match="removed"):
        centre.find(delivery())
    centre.close()


def test_a_key_in_two_threads_is_one_comment(fake: JiraFake, jira: Jira) -> None:
    reply: Delivery = delivery(case=jira.create(delivery()), attachments=(file_of(b"x"),))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(jira.append, [reply] * 4))
    assert fake.keys().count(reply.key) == 1
    assert len(fake.issues[0].files) == 1
