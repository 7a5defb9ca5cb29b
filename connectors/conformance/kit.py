"""The tests themselves, chosen by what a connector declares, never by its name."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.conformance.rig import Fault, RiggedCrm
from connectors.conformance.samples import HOSTILE_NAMES, HOSTILE_TEXTS, delivery, file_of
from connectors.conformance.verdicts import Act, attempt, get_over, judge
from connectors.contract import (
    CaseGone,
    CaseRef,
    Connector,
    ConnectorError,
    Dedupe,
    Delivery,
    Finding,
    InDoubt,
    Person,
    Retryable,
    Severity,
)


class ConnectorConformance:
    """Inherit, and define the fixtures ``crm`` (a RiggedCrm, fresh for each test) and ``connector``."""

    def test_check_writes_nothing(self, crm: RiggedCrm, connector: Connector) -> None:
        """Operator may run it at any time."""
        before = crm.writes()
        findings: Sequence[Finding] = connector.check()
        assert findings
        assert not [one for one in findings if one.severity is Severity.STOPS_MAIL]
        assert crm.writes() == before
        assert crm.keys() == []

    def test_preview_sends_nothing(self, crm: RiggedCrm, connector: Connector) -> None:
        before = crm.writes()
        shown = connector.preview(delivery(attachments=(file_of(b"x"),)))
        assert crm.writes() == before
        assert not [secret for secret in crm.secrets for one in shown if secret in repr(one)]

    def test_an_unknown_key_is_nowhere(self, crm: RiggedCrm, connector: Connector) -> None:
        connector.create(delivery())
        crm.settle()
        assert connector.find(delivery()) is None

    def test_a_created_case_is_found(self, crm: RiggedCrm, connector: Connector) -> None:
        sent = delivery()
        case = connector.create(sent)
        crm.settle()
        assert crm.keys() == [sent.key]
        assert sent.text.splitlines()[1] in crm.messages(case)[0].text
        if connector.capabilities.dedupe is not Dedupe.NONE:
            found = connector.find(sent)
            assert found is not None
            assert found.id == case.id

    def test_the_same_key_twice_is_one_case(self, crm: RiggedCrm, connector: Connector) -> None:
        """Even if the second comes with other words: it refuses or returns, and never overwrites."""
        sent = delivery()
        case = connector.create(sent)
        crm.settle()
        subject, messages = crm.subject(case), crm.messages(case)
        again = attempt(connector.create, replace(sent, subject="Other", text="Other words"))
        assert again is None or isinstance(again, ConnectorError)
        assert crm.keys() == [sent.key]
        assert (crm.subject(case), crm.messages(case)) == (subject, messages)

    def test_two_creates_at_once_are_one_case(self, crm: RiggedCrm, connector: Connector) -> None:
        for _ in range(5):
            sent = delivery()
            with ThreadPoolExecutor(4) as pool:
                told = list(pool.map(lambda one: attempt(connector.create, one), [sent] * 4))
            assert None in told
            assert all(one is None or isinstance(one, Retryable | InDoubt) for one in told)
            assert crm.keys().count(sent.key) == 1

    def test_an_append_joins_once_and_is_stamped(self, crm: RiggedCrm, connector: Connector) -> None:
        case = connector.create(delivery())
        reply = delivery(case=case, requester=Person("Ben", "ben@example.com"))
        if not connector.capabilities.append:
            with pytest.raises(CaseGone):
                connector.append(reply)
            return
        assert connector.append(reply).id == case.id
        attempt(connector.append, reply)
        crm.settle()
        assert len(crm.messages(case)) == 2
        assert crm.keys().count(reply.key) == 1
        if connector.capabilities.dedupe is not Dedupe.NONE:
            found = connector.find(reply)
            assert found is not None
            assert found.id == case.id

    def test_an_append_to_a_closed_case_is_not_lost(self, crm: RiggedCrm, connector: Connector) -> None:
        """Reopened, or a follow-up; the text says the vendor's rule is obeyed only if the message is there."""
        case = self._appendable(crm, connector)
        if case is None:
            return
        crm.close_case(case)
        closed = crm.status(case)
        reply = delivery(case=case)
        landed = connector.append(reply)
        crm.settle()
        assert crm.keys().count(reply.key) == 1
        assert reply.text.splitlines()[1] in crm.messages(landed)[-1].text
        assert crm.status(landed) != closed

    def test_an_append_to_a_deleted_case_says_so(self, crm: RiggedCrm, connector: Connector) -> None:
        """C9: the worker then opens a new case that follows the lost one."""
        case = self._appendable(crm, connector)
        if case is None:
            return
        crm.delete_case(case)
        reply = delivery(case=case)
        with pytest.raises(CaseGone):
            connector.append(reply)
        assert connector.find(reply) is None
        fresh = connector.create(replace(reply, case=None, follows=case))
        assert fresh.id != case.id

    def test_an_agents_edit_survives_every_retry(self, crm: RiggedCrm, connector: Connector) -> None:
        sent = delivery()
        case = connector.create(sent)
        crm.settle()
        crm.edit(case)
        edited = crm.subject(case)
        attempt(connector.create, sent)
        connector.find(sent)
        if connector.capabilities.append:
            reply = delivery(case=case)
            connector.append(reply)
            attempt(connector.append, reply)
        assert crm.subject(case) == edited != sent.subject

    def test_each_fault_of_a_create_is_told_apart(self, crm: RiggedCrm, connector: Connector) -> None:
        for fault in self._faults(crm):
            self._suffer(crm, connector, fault, connector.create, delivery())

    def test_each_fault_of_an_append_is_told_apart(self, crm: RiggedCrm, connector: Connector) -> None:
        case = self._appendable(crm, connector)
        if case is None:
            return
        for fault in self._faults(crm):
            self._suffer(crm, connector, fault, connector.append, delivery(case=case))

    def test_hostile_text_arrives_as_text(self, crm: RiggedCrm, connector: Connector) -> None:
        """H31, H32, H33: nothing is rendered, filled in, or obeyed; nothing makes the connector stumble."""
        for text in HOSTILE_TEXTS:
            sent = delivery(text=text, subject=f"About {text[:60]!r}", requester=Person(text[:60], "ann@example.com"))
            case = connector.create(sent)
            crm.settle()
            kept = crm.messages(case)[0].text
            words = [word for word in text[:2000].split() if word.isascii() and word.isprintable()]
            assert [word for word in words if word not in kept] == []
            assert crm.keys().count(sent.key) == 1

    def test_hostile_file_names_do_no_harm(self, crm: RiggedCrm, connector: Connector) -> None:
        """H37, H38."""
        if not connector.capabilities.max_attachment_bytes:
            return
        files = tuple(file_of(f"content {number}".encode(), name) for number, name in enumerate(HOSTILE_NAMES))
        case = connector.create(delivery(attachments=files))
        crm.settle()
        kept = {one.sha256 for one in crm.messages(case)[0].files}
        assert kept == {one.sha256 for one in files}

    def test_attachments_arrive_whole(self, crm: RiggedCrm, connector: Connector, tmp_path: Path) -> None:
        """From nothing to some megabytes, from memory and from disk, with a new case and with a further message."""
        if not connector.capabilities.max_attachment_bytes:
            return
        large = tmp_path / "large.bin"
        large.write_bytes(bytes(range(256)) * (3 << 12))
        files = (file_of(b"", "empty.txt"), file_of(b"\x00", "zero.bin"), file_of(large, "large.bin", "no type at all"))
        case = connector.create(delivery(attachments=files))
        if connector.capabilities.append:
            connector.append(delivery(case=case, attachments=files[1:]))
        crm.settle()
        sent = [(one.size_bytes, one.sha256) for one in files]
        kept = [[(one.size_bytes, one.sha256) for one in message.files] for message in crm.messages(case)]
        assert kept == ([sent, sent[1:]] if connector.capabilities.append else [sent])

    def test_a_note_stays_internal(self, crm: RiggedCrm, connector: Connector) -> None:
        if not connector.capabilities.internal_notes:
            return
        case = connector.create(delivery(public=False))
        crm.settle()
        assert [one.public for one in crm.messages(case)] == [False]

    def test_a_case_is_found_by_message_id(self, crm: RiggedCrm, connector: Connector) -> None:
        """The last one known wins; an unknown one is nobody's."""
        first, second = delivery(), delivery()
        connector.create(first)
        case = connector.create(second)
        crm.settle()
        found = connector.correlate([first.message_id, second.message_id, "unknown@example.com"])
        assert connector.correlate(["unknown@example.com"]) is None
        assert (found.id if found else None) == (case.id if connector.capabilities.correlates else None)

    def test_no_secret_is_shown(self, crm: RiggedCrm, connector: Connector, caplog: pytest.LogCaptureFixture) -> None:
        """Neither in an error, nor in the log, nor in the connector's own picture."""
        with caplog.at_level(logging.DEBUG):
            told = [repr(connector), str(connector.check())]
            for fault in self._faults(crm):
                crm.fail_next(fault)
                error = attempt(connector.create, delivery())
                told += [str(error), repr(error), repr(error.__cause__) if error else ""]
                crm.settle()
        shown = "\n".join([*told, caplog.text])
        assert [secret for secret in crm.secrets if secret in shown] == []

    def test_it_closes_twice(self, crm: RiggedCrm, connector: Connector) -> None:
        connector.create(delivery())
        connector.close()
        connector.close()

    def _faults(self, crm: RiggedCrm) -> list[Fault]:
        """In the order of the enumeration: those that a connector may remember come last."""
        return [fault for fault in Fault if fault in crm.faults]

    def _appendable(self, crm: RiggedCrm, connector: Connector) -> CaseRef | None:
        case = connector.create(delivery())
        crm.settle()
        return case if connector.capabilities.append else None

    def _suffer(self, crm: RiggedCrm, connector: Connector, fault: Fault, act: Act, sent: Delivery) -> None:
        """C3, C5, C12, C14, C17, C19, C20: told as what it is; and whatever was told, one record in the end."""
        crm.fail_next(fault)
        told = attempt(act, sent)
        judge(fault, told)
        assert get_over(crm, connector, act, sent, told) == 1, f"{fault.name}: not one record in the end"
