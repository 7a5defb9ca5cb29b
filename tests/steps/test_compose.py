"""What a CRM is told: keys that a rule cannot change, texts within limits, nothing cut in silence."""

from __future__ import annotations

import dataclasses

import pytest

from connectors.contract import Attachment, Capabilities, Dedupe, Delivery, Person
from tests.fakes.rigged import RiggedCrm
from tests.steps.letters import HEADER, RECEIVED, read, source
from worker.compose import NO_SUBJECT, compose, fitted, key_of, unread_key
from worker.slot import Slot

ORIGINAL = Attachment(
    name="original.eml", content_type="message/rfc822", size_bytes=9, sha256="0" * 64, content=b"mail"
)


def _limits(text: int, attachment: int = 1000) -> Capabilities:
    return Capabilities(dedupe=Dedupe.NATIVE, max_text_chars=text, max_attachment_bytes=attachment)


def _delivery(text: str) -> Delivery:
    person = Person("Ann", "ann@example.com")
    return Delivery(key="a" * 40, subject="s", text=text, requester=person, sent_at=RECEIVED, source=ORIGINAL)


class _Targeted(RiggedCrm):
    def __init__(self, target: str) -> None:
        super().__init__()
        self._target = target

    @property
    def target(self) -> str:
        return self._target


def test_c32_a_key_is_of_message_instance_and_target() -> None:
    crm = RiggedCrm()
    key = key_of("1" * 64, "crm", crm)
    assert len(key) == 40
    assert int(key, 16)
    assert key == key_of("1" * 64, "crm", RiggedCrm())
    others = {
        key_of("2" * 64, "crm", crm),
        key_of("1" * 64, "other", crm),
        key_of("1" * 64, "crm", _Targeted("PROJECT")),
        unread_key(Slot("crm", "INBOX", 1, 1)),
    }
    assert len(others | {key}) == 5


def test_names_and_targets_do_not_run_together() -> None:
    assert key_of("1" * 64, "a", _Targeted("bc")) != key_of("1" * 64, "ab", _Targeted("c"))


def test_unread_keys_are_of_the_slot_alone() -> None:
    slot = Slot("support", "INBOX", 7, 1)
    assert unread_key(slot) == unread_key(Slot("support", "INBOX", 7, 1))
    assert len({unread_key(dataclasses.replace(slot, uid=uid)) for uid in range(50)}) == 50
    assert unread_key(slot) != unread_key(dataclasses.replace(slot, uidvalidity=8))


def test_a_text_that_fits_is_left_alone() -> None:
    delivery = _delivery("x" * 500)
    assert fitted(delivery, _limits(500)) is delivery


def test_a_text_that_is_too_long_is_cut_says_so_and_brings_the_original() -> None:
    cut = fitted(_delivery("x" * 501), _limits(500))
    assert len(cut.text) == 500
    assert cut.text.startswith("xxx")
    assert cut.text.endswith("the whole message is attached as original.eml]")
    assert cut.attachments == (ORIGINAL,)


def test_it_does_not_promise_an_original_that_the_crm_would_not_take() -> None:
    cut = fitted(_delivery("x" * 501), _limits(500, attachment=8))
    assert cut.attachments == ()
    assert "is attached" not in cut.text
    assert "in the mailbox" in cut.text


@pytest.mark.parametrize("limit", [1, 10, 79, 95])
def test_even_a_limit_shorter_than_the_notice_is_kept(limit: int) -> None:
    assert len(fitted(_delivery("x" * 501), _limits(limit)).text) <= limit


def test_h16_a_subject_is_one_line_and_never_empty() -> None:
    message = read(HEADER + b"\r\nHello\r\n")
    for subject, told in (("  ", NO_SUBJECT), ("", NO_SUBJECT), ("a\n\tb ", "a b")):
        changed = dataclasses.replace(message, subject=subject)
        assert compose(changed, source(b"mail"), "a" * 40, "", {}).subject == told


def test_a_mail_that_could_not_be_read_says_so_in_its_case() -> None:
    message = dataclasses.replace(read(HEADER + b"\r\nHello\r\n"), text="", error="reading took longer than 10 s")
    told = compose(message, source(b"mail"), "a" * 40, "help@example.com", {"priority": "High"})
    assert told.text.startswith("[mail-to-case: this message could not be read (reading took longer than 10 s)")
    assert told.recipient == "help@example.com"
    assert told.fields == {"priority": "High"}
    assert told.source is not None
    assert told.source.open().read() == b"mail"


def test_a_mail_without_a_date_was_sent_when_it_came() -> None:
    message = dataclasses.replace(read(HEADER + b"\r\nHello\r\n"), sent_at=None)
    assert compose(message, source(b"mail"), "a" * 40, "", {}).sent_at == RECEIVED
