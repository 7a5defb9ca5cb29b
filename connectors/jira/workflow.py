"""From one status to another: an issue that is done is opened again when its customer writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from connectors.contract import CaseGone, CaseRef, InDoubt, Rejected, Retryable
from connectors.http import Answer
from connectors.jira.api import Api
from connectors.recent import Recent

_LIVES_S: Final = 600.0
_TRIES: Final = 3

Choice = Callable[[list[dict[str, Any]]], dict[str, Any] | None]


@dataclass(frozen=True)
class Standing:
    """Where an issue stands, and the part of its workflow that decides where it may go."""

    case: CaseRef
    status: str
    category: str
    place: tuple[str, str, str]

    @property
    def is_done(self) -> bool:
        """Whether nobody has to do anything about it any more."""
        return self.category == "done"


class Workflow:
    """``transition`` or ``status`` names the way back; with neither, the likeliest is taken.

    ``responded`` names the way that an open issue takes when its customer has written, where it has that way.
    """

    def __init__(self, api: Api, transition: str, status: str, responded: str = "") -> None:
        self._api = api
        self._responded = responded.casefold()
        self._transition = transition.casefold()
        self._status = status.casefold()
        #: where it stands → the ways from there
        self._ways: Recent[list[dict[str, Any]]] = Recent(500, _LIVES_S)

    def standing(self, issue_id: str) -> Standing:
        """By id, so not from the index. Raises CaseGone."""
        query = {"fields": "status,issuetype,project"}
        answer = self._api.get("issue", f"issue/{issue_id}", query, case_id=issue_id)
        if str(answer.value("id")) != issue_id:
            raise CaseGone(f"issue {issue_id} is another one now")
        answer.value("key")
        place = (_id_of(answer, "project"), _id_of(answer, "issuetype"), _id_of(answer, "status"))
        status = answer.value("fields", "status")
        name = str(status.get("name", "")) if isinstance(status, dict) else ""
        category = status.get("statusCategory") if isinstance(status, dict) else None
        key = str(category.get("key", "")) if isinstance(category, dict) else ""
        return Standing(self._api.ref(answer.data), name, key, place)

    def reopened(self, issue_id: str) -> CaseRef:
        """The issue, which is not done when this returns. Raises CaseGone when there is no way back."""
        standing = self.standing(issue_id)
        if not standing.is_done:
            if self._responded:
                self._move(standing, self._way_on, lambda now: now.status != standing.status)
            return standing.case
        moved = self._move(standing, self._way_back, lambda now: not now.is_done)
        if not moved:
            raise CaseGone(f"issue {standing.case.number} is {standing.status}, and no transition leads back")
        return standing.case

    def set_status(self, issue_id: str, status: str) -> None:
        """Bring it there. Raises Rejected when no transition leads there from where it stands."""
        wanted = status.casefold()
        standing = self.standing(issue_id)
        if standing.status.casefold() == wanted:
            return
        there = self._move(
            standing, lambda ways: _leading_to(ways, wanted), lambda now: now.status.casefold() == wanted
        )
        if not there:
            raise Rejected(f"issue {standing.case.number} is {standing.status}; no transition leads to {status!r}")

    def _move(self, standing: Standing, choose: Choice, arrived: Callable[[Standing], bool]) -> bool:
        """Whether it got there, by us or by somebody at the same time; False when there is no way."""
        said: Exception | None = None
        for _ in range(_TRIES):
            way = choose(self._from(standing))
            if way is None:
                return False
            try:
                self._api.write("transitions", standing.case.id, {"transition": {"id": str(way["id"])}})
            except (Retryable, Rejected, InDoubt) as error:
                if _is_no_race(error):
                    raise
                said = error
                # Somebody was quicker, or the workflow has changed, or it is not known: look again.
                self._ways.forget(standing.place)
                standing = self.standing(standing.case.id)
                if arrived(standing):
                    return True
            else:
                return True
        if isinstance(said, Rejected):
            return False
        raise Retryable(f"issue {standing.case.number} cannot be moved on: {said}")

    def _from(self, standing: Standing) -> list[dict[str, Any]]:
        known = self._ways.get(standing.place)
        if known is None:
            path = f"issue/{standing.case.id}/transitions"
            answer = self._api.get("transitions", path, case_id=standing.case.id)
            known = [one for one in answer.items("transitions") if "id" in one]
            self._ways.put(standing.place, known)
        return known

    def _way_on(self, ways: list[dict[str, Any]]) -> dict[str, Any] | None:
        return _called(ways, self._responded)

    def _way_back(self, ways: list[dict[str, Any]]) -> dict[str, Any] | None:
        if self._transition:
            return _called(ways, self._transition)
        if self._status:
            return _leading_to(ways, self._status)
        open_ = [one for one in ways if _category(one) not in ("done", "")]
        return min(open_, key=_unlikeliness, default=None)


def _is_no_race(error: Exception) -> bool:
    """Whether looking again cannot help: the issue is gone, or Jira asks us to wait."""
    return isinstance(error, CaseGone) or getattr(error, "retry_after_s", None) is not None


def _called(ways: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((one for one in ways if str(one.get("name")).casefold() == name), None)


def _leading_to(ways: list[dict[str, Any]], status: str) -> dict[str, Any] | None:
    return next((one for one in ways if str((one.get("to") or {}).get("name")).casefold() == status), None)


def _category(way: dict[str, Any]) -> str:
    return str(((way.get("to") or {}).get("statusCategory") or {}).get("key", ""))


def _unlikeliness(way: dict[str, Any]) -> tuple[bool, bool]:
    return "reopen" not in str(way.get("name")).casefold(), _category(way) != "new"


def _id_of(answer: Answer, field: str) -> str:
    found = answer.value("fields", field)
    return str(found.get("id", "")) if isinstance(found, dict) else ""
