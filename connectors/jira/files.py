"""Files of an issue: what fits goes there in one form, and after a doubt only what is not there yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from connectors.contract import Attachment, CaseGone, ConnectorError, InDoubt, Rejected
from connectors.jira.api import Api
from connectors.jira.memory import Recent
from connectors.jira.multipart import form, safe_name
from connectors.jira.times import moment

#: files in one request
_FORM_FILES: Final = 60
_LIMIT_LIVES_S: Final = 3600.0


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
        return Enclosed(fitting, tuple(_missing(one, why) for one in left_out))

    def attach(self, issue_id: str, files: Sequence[Attachment]) -> list[str]:
        """Send them; a line for each that Jira refused. Raises InDoubt when some may be missing: the text is there."""
        refused: list[str] = []
        try:
            for start in range(0, len(files), _FORM_FILES):
                refused += self._send(issue_id, files[start : start + _FORM_FILES])
        except Rejected:
            raise
        except ConnectorError as error:
            raise InDoubt(f"the text is in issue {issue_id}, maybe without all its files: {error}") from error
        return refused

    def _send(self, issue_id: str, files: Sequence[Attachment]) -> list[str]:
        try:
            self._api.upload(issue_id, form(files))
        except CaseGone:
            raise
        except Rejected as error:
            if len(files) == 1:
                return [_missing(files[0], str(error))]
            # One of them spoils the form for the others.
            return [line for one in files for line in self._send(issue_id, [one])]
        return []

    def attach_missing(self, issue_id: str, files: Sequence[Attachment], since: datetime) -> list[str]:
        """As ``attach``, for those not among the issue's attachments, by name and size, made since then."""
        if not files:
            return []
        answer = self._api.get("issue", f"issue/{issue_id}", {"fields": "attachment"}, case_id=issue_id)
        held = Counter(_identity(one) for one in _attachments(answer.data) if _made_at(one) >= since)
        lacking = []
        for file in files:
            place = (safe_name(file), file.size_bytes)
            if held[place] > 0:
                held[place] -= 1
            else:
                lacking.append(file)
        return self.attach(issue_id, lacking)


def _missing(file: Attachment, why: str) -> str:
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
