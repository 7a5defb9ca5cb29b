"""Attachments: whole, whatever they are called, and however large without much memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from connectors.conformance.abilities import declared
from connectors.conformance.apart import in_a_process_of_its_own
from connectors.conformance.base import Theme
from connectors.conformance.rig import RiggedCrm
from connectors.conformance.samples import HOSTILE_NAMES, delivery, file_of, large_file
from connectors.contract import Connector

#: a connector that takes more than this is not asked what it does with more still
_TRIED_BYTES = 200 << 20


class Files(Theme):
    """The kit's tests of attachments."""

    def test_hostile_file_names_do_no_harm(self, crm: RiggedCrm, connector: Connector) -> None:
        """H37, H38."""
        declared(connector.capabilities.max_attachment_bytes, "sends no files")
        files = tuple(file_of(f"content {number}".encode(), name) for number, name in enumerate(HOSTILE_NAMES))
        case = connector.create(delivery(attachments=files))
        crm.settle()
        kept = {one.sha256 for one in crm.messages(case)[0].files}
        assert kept == {one.sha256 for one in files}

    def test_attachments_arrive_whole(self, crm: RiggedCrm, connector: Connector, tmp_path: Path) -> None:
        """From nothing to some megabytes, from memory and from disk, with a new case and with a further message."""
        declared(connector.capabilities.max_attachment_bytes, "sends no files")
        large = large_file(tmp_path / "large.bin", min(3 << 20, connector.capabilities.max_attachment_bytes))
        files = (file_of(b"", "empty.txt"), file_of(b"\x00", "zero.bin"), replace(large, content_type="no type at all"))
        case = connector.create(delivery(attachments=files))
        if connector.capabilities.append:
            connector.append(delivery(case=case, attachments=files[1:]))
        crm.settle()
        sent = [(one.size_bytes, one.sha256) for one in files]
        kept = [[(one.size_bytes, one.sha256) for one in message.files] for message in crm.messages(case)]
        assert kept == ([sent, sent[1:]] if connector.capabilities.append else [sent])

    def test_a_large_file_needs_little_memory(
        self, crm: RiggedCrm, connector: Connector, fresh_connector: Callable[[], Connector], tmp_path: Path
    ) -> None:
        """25 MB from the disk, measured in a process that holds nothing of the rig's."""
        allowed = connector.capabilities.max_attachment_bytes
        declared(allowed, "sends no files")
        large = large_file(tmp_path / "large.bin", min(self.largest_bytes, allowed))
        case, peak_bytes = in_a_process_of_its_own(
            fresh_connector, delivery(attachments=(file_of(b"x"),)), delivery(attachments=(large,))
        )
        crm.settle()
        assert [(one.size_bytes, one.sha256) for one in crm.messages(case)[0].files] == [
            (large.size_bytes, large.sha256)
        ]
        assert peak_bytes < self.memory_bytes, f"{peak_bytes >> 20} MiB for a file of {large.size_bytes >> 20}"

    def test_a_file_too_large_is_named(self, crm: RiggedCrm, connector: Connector, tmp_path: Path) -> None:
        """What cannot be sent is told in the case itself, and the rest of the message arrives."""
        allowed = connector.capabilities.max_attachment_bytes
        declared(allowed <= _TRIED_BYTES, "takes files of any size")
        path = tmp_path / "too-large.bin"
        with path.open("wb") as file:
            file.truncate(allowed + 1)
        large = replace(file_of(b"", path.name), content=path, size_bytes=allowed + 1, sha256="0" * 64)
        small = (file_of(b"small", "small.txt"),) if allowed else ()
        case = connector.create(delivery(attachments=(large, *small)))
        crm.settle()
        (kept,) = crm.messages(case)
        assert "too-large.bin" in kept.text
        assert [one.sha256 for one in kept.files] == [one.sha256 for one in small]
