"""Zendesk beyond the kit: files, texts and fields, and what check and preview show."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.conformance import delivery, file_of
from connectors.contract import (
    Attachment,
    AuthFailed,
    CaseRef,
    Person,
    Rejected,
    Unusable,
)
from connectors.zendesk import Zendesk
from connectors.zendesk.uploads import safe_name
from tests.fakes.zendesk import ZendeskFake

CREATE, UPDATE, UPLOAD = "POST /api/v2/tickets", "PUT /api/v2/tickets/", "POST /api/v2/uploads"


def _ref(number: int) -> CaseRef:
    return CaseRef(str(number), str(number))


def test_files_that_do_not_fit_are_named_in_the_text(fake: ZendeskFake, zendesk: Zendesk, tmp_path: Path) -> None:
    """C13: too large for Zendesk, or refused there; the message goes in all the same."""
    huge = tmp_path / "huge.iso"
    with huge.open("wb") as file:
        file.truncate(50_000_001)
    too_large = Attachment(name="huge.iso", content_type="x/y", size_bytes=50_000_001, sha256="0", content=huge)
    fake.desk.upload_limit_bytes = 10
    case = zendesk.create(delivery(attachments=(too_large, file_of(b"x" * 11, "eleven.txt"), file_of(b"y", "one.txt"))))
    comment = fake.desk.tickets[int(case.id)].comments[0]
    assert [one.name for one in comment.files] == ["one.txt"]
    assert "[huge.iso (50000001 bytes) is not attached: larger than the 50 MB" in comment.body
    assert "[eleven.txt (11 bytes) is not attached" in comment.body
    assert "413" in comment.body


def test_a_text_too_long_is_cut_with_a_notice_and_the_original(fake: ZendeskFake, zendesk: Zendesk) -> None:
    source = file_of(b"From: ann@example.com\r\n\r\nall of it", "message.eml", "message/rfc822")
    case = zendesk.create(delivery(text="long " * 40_000, html="<p>" + "x" * 70_000, source=source))
    comment = fake.desk.tickets[int(case.id)].comments[0]
    assert len(comment.body) <= 65_535
    assert "200000 characters" in comment.body
    assert [one.sha256 for one in comment.files] == [source.sha256]


def test_mail_without_sender_or_words_still_goes_in(fake: ZendeskFake, zendesk: Zendesk) -> None:
    nobody = Person("", "")
    case = zendesk.create(delivery(requester=nobody, text="\x00", html=""))
    assert "names no sender" in fake.desk.tickets[int(case.id)].comments[0].body
    zendesk.append(delivery(case=case, requester=nobody, text=" "))
    follower = zendesk.create(delivery(follows=case, html="<p>a</p>"))
    assert f"continues case {case.number}" in fake.desk.tickets[int(follower.id)].comments[0].html_body


def test_notes_do_not_reopen(fake: ZendeskFake, zendesk: Zendesk) -> None:
    case = zendesk.create(delivery())
    ticket = fake.desk.tickets[int(case.id)]
    for public, expected in ((False, "solved"), (True, "open")):
        ticket.fields["status"] = "solved"
        zendesk.append(delivery(case=case, public=public))
        assert ticket.status == expected


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"colour": "red"}, "no field 'colour'"),
        ({"priority": "Highest"}, "priority 'Highest' is none of Zendesk's: low, normal"),
        ({"queue": "Nobody"}, "no group 'Nobody'"),
        ({"owner": "Tier 2"}, "no agent 'Tier 2'.*use queue"),
        ({"brand": "Other"}, "no brand 'Other'"),
        ({"printer": "dot matrix"}, "'Printer' has no option 'dot matrix'; known: printer_ink"),
        ({"pages": "many"}, "'Pages' takes a number"),
        ({"urgent?": "perhaps"}, "'Urgent\\?' is a checkbox"),
        ({"retired": "x"}, "no field 'retired'"),
    ],
)
def test_a_field_that_is_not_zendesks_is_told(zendesk: Zendesk, fields: dict[str, str], said: str) -> None:
    """C14: this message is held; the others go on."""
    with pytest.raises(Rejected, match=said):
        zendesk.create(delivery(fields=fields))


def test_what_admins_have_named_goes_by_name(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """Custom fields by title, their options by the name that agents see, brands and owners: asked for once."""
    fields = {
        "brand": "second brand",
        "owner": "Agent",
        "order number": "4711",
        "Printer": "Laser",
        "Kinds": "ink jet, printer_laser",
        "Urgent?": "yes",
        "Pages": "12",
        "99": "by number",
    }
    for _ in range(2):
        case = zendesk.create(delivery(fields=fields))
    ticket = fake.desk.tickets[int(case.id)]
    assert (ticket.fields["brand_id"], ticket.fields["assignee_id"]) == (22, 1)
    assert {one["id"]: one["value"] for one in ticket.fields["custom_fields"]} == {
        31: "4711",
        32: "printer_laser",
        35: ["printer_ink", "printer_laser"],
        33: True,
        34: "12",
        99: "by number",
    }
    lists = ("ticket_fields", "brands", "users?", "users")
    assert [fake.count(f"GET /api/v2/{name}") for name in lists] == [1, 1, 0, 1]


def test_a_group_in_the_settings_that_is_not_there_stops_all(fake: ZendeskFake) -> None:
    zendesk = Zendesk(**fake.options, group="Nobody")
    with pytest.raises(Unusable, match="set group"):
        zendesk.create(delivery())
    zendesk.close()


def test_a_missing_scope_is_told_when_it_is_used(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """C7: unknown scopes still give a token; it is refused later, and that stops the connector."""
    fake.client_scopes = {"tickets:read"}
    with pytest.raises(Unusable, match="tickets:write") as caught:
        zendesk.create(delivery())
    assert not isinstance(caught.value, AuthFailed)


def test_preview_is_what_would_be_sent(fake: ZendeskFake, zendesk: Zendesk) -> None:
    sent = delivery(attachments=(file_of(b"x", "a b.txt"),))
    upload, create = zendesk.preview(sent)
    assert upload.target == "/api/v2/uploads?filename=a b.txt"
    assert fake.log == []
    zendesk.create(sent)
    body = next(seen.body for seen, _ in fake.log if seen.path == "/api/v2/tickets")
    shown, really = json.loads(create.body), json.loads(body)
    really["ticket"]["comment"]["uploads"] = ["UPLOAD-1"]
    assert shown == really
    (append,) = zendesk.preview(delivery(case=_ref(7)))
    assert (append.method, append.target) == ("PUT", "/api/v2/tickets/7")


@given(st.text(max_size=300))
def test_a_file_name_is_only_a_label(name: str) -> None:
    """H37, H38."""
    shown = safe_name(replace(file_of(b"x"), name=name))
    assert 0 < len(shown.encode()) <= 151
    assert not set(shown) & set('/\\:*?"<>|\x00\r\n\u202e')
    assert shown not in (".", "..", "con", "nul")


def test_the_fake_stands_alone_and_keeps_its_state(tmp_path: Path) -> None:
    """End-to-end runs kill workers; the CRM they talk to lives on."""
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "tests.fakes.zendesk", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        zendesk = Zendesk(url=url, client_id=ZendeskFake.client_id, client_secret=ZendeskFake.client_secret)
        sent = delivery()
        zendesk.create(sent)
        zendesk.close()
        process.terminate()
    assert process.returncode == 0
    assert sent.key in state.read_text()
