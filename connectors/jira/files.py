"""Files of an issue: what fits goes there in one form, and after a doubt only what is not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from connectors.contract import Attachment, CaseGone, ConnectorError, InDoubt, Rejected
from connectors.jira.api import Api
from connectors.jira.filenames import safe_name
from connectors.jira.found import Found
from connectors.jira.multipart import form
from connectors.jira.times import moment
from connectors.recent import Recent

#: files in one request
FORM_FILES: Final = 60
_LIMIT_LIVES_S: Final = 3600.0
_SENT_LIVES_S: Final = 24 * 3600.0


@dataclass(frozen=True)
class Enclosed:
    """The files that go, and a line for each that does not."""

    files: tuple[Attachment, ...] = ()
    notices: tuple[str, ...] = ()


class Files:
    """Attachments belong to the issue, never to a comment; so the text names what is missing."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._limit: Recent[int] = Recent(1, _LIMIT_LIVES_S)
        #: by attachment id, the SHA-256 of what this process sent
        self._sent: Recent[str] = Recent(20_000, _SENT_LIVES_S)

    def limit_bytes(self) -> int:
        """The largest file that the site takes; 0 when it takes none."""
        known = self._limit.get("")
        if known is None:
            answer = self._api.get("attachment meta", "attachment/meta")
            enabled, limit = answer.value("enabled"), answer.data.get("uploadLimit")
            known = (limit if isinstance(limit, int) else 1 << 30) if enabled else 0
            self._limit.put("", known)
        return known

    def sort(self, attachments: Sequence[Attachment]) -> Enclosed:
        """Which of them may go. Asks the site for its limit when there are any."""
        if not attachments:
            return Enclosed()
        limit = self.limit_bytes()
        fitting = tuple(one for one in attachments if limit and one.size_bytes <= limit)
        why = f"larger than the {limit} bytes that Jira takes" if limit else "Jira takes no attachments"
        left_out = [one for one in attachments if one not in fitting]
        return Enclosed(fitting, tuple(missing(one, why) for one in left_out))

    def attach(self, issue_id: str, files: Sequence[Attachment]) -> list[str]:
        """Send them; a line for each that Jira refused. Raises InDoubt when some may be missing: the text is there."""
        refused: list[str] = []
        try:
            for start in range(0, len(files), FORM_FILES):
                refused += self.send(issue_id, files[start : start + FORM_FILES])
        except Rejected:
            raise
        except ConnectorError as error:
            raise InDoubt(f"the text is in issue {issue_id}, maybe without all its files: {error}") from error
        return refused

    def send(self, issue_id: str, files: Sequence[Attachment]) -> list[str]:
        """As one form; a line for each that Jira refused."""
        try:
            self._learn(self._api.upload(issue_id, form(files)).data, files)
        except CaseGone:
            raise
        except Rejected as error:
            if len(files) == 1:
                return [missing(files[0], str(error))]
            # One of them spoils the form for the others.
            return [line for one in files for line in self.send(issue_id, [one])]
        return []

    def attach_missing(self, issue_id: str, files: Sequence[Attachment], found: Found) -> list[str]:
        """As ``attach``, for those not among the issue's attachments that came with this message.

        They are told by name and size, by the time between this message and the next of ours, and by their content
        where this process has sent them: another message's file may well bear the same name and be as long.
        """
        if not files:
            return []
        answer = self._api.get("issue", f"issue/{issue_id}", {"fields": "attachment"}, case_id=issue_id)
        held = [one for one in _attachments(answer.data) if found.since <= _made_at(one) < found.until]
        lacking = []
        for file in files:
            same = [one for one in held if self._may_be(one, file)]
            if same:
                held.remove(same[0])
            else:
                lacking.append(file)
        return self.attach(issue_id, lacking)

    def _may_be(self, held: dict[str, Any], file: Attachment) -> bool:
        sent = self._sent.get(str(held.get("id")))
        return _identity(held) == (safe_name(file), file.size_bytes) and sent in (None, file.sha256)

    def _learn(self, shown: Any, files: Sequence[Attachment]) -> None:
        """The ids of what was sent just now, in the order of the form."""
        if isinstance(shown, list) and len(shown) == len(files):
            for one, file in zip(shown, files, strict=True):
                if isinstance(one, dict) and _identity(one) == (safe_name(file), file.size_bytes):
                    self._sent.put(str(one.get("id")), file.sha256)


def missing(file: Attachment, why: str) -> str:
    """The line that tells of it."""
    return f"{safe_name(file)} ({file.size_bytes} bytes) is not attached: {why}"


def _attachments(issue: Any) -> list[dict[str, Any]]:
    fields = issue.get("fields") if isinstance(issue, dict) else None
    found = fields.get("attachment") if isinstance(fields, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _made_at(attachment: dict[str, Any]) -> datetime:
    return moment(attachment.get("created")) or datetime.max.replace(tzinfo=UTC)


def _identity(attachment: dict[str, Any]) -> tuple[str, int]:
    size = attachment.get("size")
    return str(attachment.get("filename")), size if isinstance(size, int) else -1
