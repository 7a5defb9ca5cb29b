"""Files on their way to a request: laid down first, so that they arrive together with the words that bring them."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.contract import Attachment, Rejected, Retryable
from connectors.jira.files import FORM_FILES, Files, missing
from connectors.jira.multipart import form
from connectors.jira.service_desk.desk import Desk


class DeskFiles(Files):
    """As the platform's, by way of temporary files."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.api)
        self._desk = desk

    def lay_down(self, files: Sequence[Attachment]) -> tuple[list[str], list[str]]:
        """Temporary ids, and a line for each file that Jira refused. Nobody sees them yet."""
        ids: list[str] = []
        refused: list[str] = []
        for start in range(0, len(files), FORM_FILES):
            laid, lines = self._laid(files[start : start + FORM_FILES])
            ids, refused = ids + laid, refused + lines
        return ids, refused

    def _laid(self, files: Sequence[Attachment]) -> tuple[list[str], list[str]]:
        try:
            ids = self._desk.calls.lay_down(self._desk.desk_id(), form(files))
        except Rejected as error:
            if len(files) == 1:
                return [], [missing(files[0], str(error))]
            # One of them spoils the form for the others.
            parts = [self._laid([one]) for one in files]
            return [id_ for ids, _ in parts for id_ in ids], [line for _, lines in parts for line in lines]
        if len(ids) != len(files):
            raise Retryable(f"{len(files)} files were laid down, and the answer names {len(ids)}")
        return ids, []

    def send(self, issue_id: str, files: Sequence[Attachment]) -> list[str]:
        """In a comment of their own, where the request type has no field for them."""
        ids, refused = self.lay_down(files)
        if ids:
            self._desk.calls.write("attachment", issue_id, {"temporaryAttachmentIds": ids, "public": True})
        return refused
