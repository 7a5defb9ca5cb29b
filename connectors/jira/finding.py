"""Where a key is: on an issue, by its label and then by its property, or on a comment of the issue it was meant for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from connectors.contract import CaseGone, CaseRef, Delivery
from connectors.jira.api import is_issue_id
from connectors.jira.flavour import Flavour, Search, quoted
from connectors.jira.times import moment
from connectors.jira.words import LABEL, entry, key_of, marker

#: as many issues, changed within so many days, are looked through for the case of a reply that nobody remembers
_RECENT_ISSUES: Final = 200
_RECENT_DAYS: Final = 60
_RECENT_MATCHES: Final = 5


@dataclass(frozen=True)
class Found:
    """The issue that holds the key, and when the message came to be there."""

    case: CaseRef
    since: datetime


class Finder:
    """Reads only. The index is asked for issues alone, and believed only about what the issue itself confirms."""

    def __init__(self, flavour: Flavour, project: str) -> None:
        self._flavour = flavour
        self._api = flavour.api
        self._project = project

    def find(self, delivery: Delivery, hint: CaseRef | None) -> Found | None:
        """The message's place. ``hint`` is the issue that this process believes to have made for it."""
        return (
            (self._stamped(hint.id, delivery.key) if hint else None)
            or (self.comment(delivery.case, delivery.key) if delivery.case else None)
            or self._labelled(delivery.key)
            or (self._among_recent(delivery) if delivery.case is None else None)
        )

    def comment(self, case: CaseRef, key: str) -> Found | None:
        """The comment with that key."""
        if not is_issue_id(case.id):
            return None
        try:
            for comment in self._flavour.comments(case.id):
                if key_of(comment) == key:
                    return Found(case, _made_at(comment))
        except CaseGone:
            return None
        return None

    def has_notice(self, case: CaseRef, key: str) -> bool:
        """Whether a comment already says which files of that message are missing."""
        return any(entry(comment).get("notice") == key for comment in self._flavour.comments(case.id))

    def _labelled(self, key: str) -> Found | None:
        """The oldest, should there be two."""
        jql = f"labels = {quoted(marker(key))} ORDER BY created ASC"
        issues = [one for one in self._flavour.search(Search(jql, properties=False)) if is_issue_id(str(one.get("id")))]
        for issue in sorted(issues, key=lambda one: int(one["id"])):
            # Two keys may share the label; and an issue that was deleted may still be in the index.
            if found := self._stamped(str(issue["id"]), key):
                return found
        return None

    def _stamped(self, issue_id: str, key: str) -> Found | None:
        try:
            query = {"fields": "created", "properties": "e2c"}
            issue = self._api.get("issue", f"issue/{issue_id}", query, case_id=issue_id).data
        except CaseGone:
            return None
        if not isinstance(issue, dict) or key_of(issue) != key or not issue.get("key"):
            return None
        return Found(self._api.ref(issue), _made_at(issue.get("fields") or {}))

    def _among_recent(self, delivery: Delivery) -> Found | None:
        """A reply whose case nobody remembers: the comments of the issues that were made from its ancestors."""
        ancestors = {*delivery.references, *delivery.in_reply_to}
        if not ancestors:
            return None
        jql = f"project = {quoted(self._project)} AND labels = {quoted(LABEL)}"
        jql += f' AND updated >= "-{_RECENT_DAYS}d" ORDER BY updated DESC'
        issues = self._flavour.search(Search(jql, ("created",), most=_RECENT_ISSUES))
        matching = [one for one in issues if entry(one).get("messageId") in ancestors]
        places = (self.comment(self._api.ref(one), delivery.key) for one in matching[:_RECENT_MATCHES])
        return next((found for found in places if found), None)


def _made_at(shown: dict[str, Any]) -> datetime:
    return moment(shown.get("created")) or datetime.min.replace(tzinfo=UTC)
