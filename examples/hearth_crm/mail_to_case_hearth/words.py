"""What a message looks like in Hearth, and what Hearth's errors mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.contract import Attachment, AuthFailed, CaseRef, CaseState, ConnectorError, Delivery, Rejected
from connectors.http import Answer, Rules

MAX_TEXT_CHARS = 32_000
MAX_FILE_BYTES = 10 << 20
FIELDS = ("priority", "owner", "queue", "status")


class Taken(Rejected):
    """A message with this reference is there already."""


class HearthRules(Rules):
    """What the answers mean beyond their status."""

    def words(self, answer: Answer) -> str:
        if isinstance(answer.data, dict):
            return f"{answer.data.get('error', '')} {answer.data.get('detail', '')}"
        return super().words(answer)

    def special(self, answer: Answer, told: str) -> ConnectorError | None:
        if answer.status == 409 and b'"taken"' in answer.body:
            return Taken(told)
        if answer.status in (400, 401) and not answer.call.authorized:
            return AuthFailed(f"{told}; look at client and secret_env")
        return None


@dataclass(frozen=True)
class Parts:
    """A delivery divided into what Hearth takes: a text of its length, and files of its size."""

    text: str
    files: tuple[Attachment, ...]


def parts_of(delivery: Delivery) -> Parts:
    """Too long a text is cut, and the original lies beside it; too large a file is named."""
    files = [one for one in delivery.attachments if one.size_bytes <= MAX_FILE_BYTES]
    notices = [
        f"[{clean(one.name)} of {one.size_bytes} bytes is too large for Hearth]"
        for one in delivery.attachments
        if one.size_bytes > MAX_FILE_BYTES
    ]
    text = clean(delivery.text) or "(no text)"
    if len(text) > MAX_TEXT_CHARS - 1000:
        text = text[: MAX_TEXT_CHARS - 1000]
        notices.append(f"[cut here: the whole text has {len(delivery.text)} characters]")
        files += [one for one in (delivery.source,) if one and one.size_bytes <= MAX_FILE_BYTES]
    return Parts("\n\n".join([text, *notices]), tuple(files))


def clean(text: str) -> str:
    """Hearth stores neither NUL nor half a character."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def message_body(delivery: Delivery, text: str, file_ids: Sequence[str]) -> dict[str, Any]:
    """One message, as Hearth takes it in a new case or a further one."""
    return {
        "ref": delivery.key,
        "text": text,
        "from": {"name": clean(delivery.requester.name), "address": clean(delivery.requester.address)},
        "public": delivery.public,
        "files": list(file_ids),
    }


def case_body(delivery: Delivery) -> dict[str, Any]:
    """What a new case has beside its first message. Raises Rejected for a field that Hearth has not."""
    refuse_unknown(delivery.fields)
    follows = {"follows": delivery.follows.id} if delivery.follows else {}
    return {"subject": clean(delivery.subject), **delivery.fields, **follows}


def refuse_unknown(names: Any) -> None:
    """Raises Rejected, and names the fields that there are."""
    unknown = sorted(set(names) - set(FIELDS))
    if unknown:
        raise Rejected(f"Hearth has no field {', '.join(unknown)}; it has {', '.join(FIELDS)}")


def ref_of(case: dict[str, Any]) -> CaseRef:
    """The case in Hearth's own shape, as the worker knows it."""
    return CaseRef(str(case["id"]), f"H-{case['id']}")


def state_of(case: dict[str, Any]) -> CaseState:
    """As ``ref_of``, with all that Hearth says of it."""
    return CaseState(
        case=ref_of(case),
        status=case["status"],
        open=case["status"] != "closed",
        opened_at=datetime.fromisoformat(case["opened_at"]),
        changed_at=datetime.fromisoformat(case["changed_at"]),
        closed_at=_moment(case["closed_at"]),
        priority=case["priority"],
        owner=case["owner"],
        queue=case["queue"],
        key=case["ref"],
        first_answer_at=_moment(case["first_answer_at"]),
        last_answer_at=_moment(case["last_answer_at"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
