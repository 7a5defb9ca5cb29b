"""Where a key is: on an issue, by its label and then by its property, or on a comment of the issue it was meant for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from connectors.contract import CaseGone, CaseRef, Delivery
from connectors.jira.api import is_issue_id
from connectors.jira.flavour import Flavour, Search, quoted
from connectors.jira.found import EVER, Found
from connectors.jira.marks import Marks
from connectors.jira.place import Place
from connectors.jira.times import moment
from connectors.jira.words import entry

#: as many issues, changed within so many days, are looked through for the case of a reply that nobody remembers
_RECENT_ISSUES: Final = 200
_RECENT_DAYS: Final = 60
_RECENT_MATCHES: Final = 5


class Finder:
    """Reads only. The index is asked for issues alone, and believed only about what the issue itself confirms."""

    def __init__(self, flavour: Flavour, project: Place, marks: Marks) -> None:
        self._flavour = flavour
        self._api = flavour.api
        self._project = project
        self._marks = marks

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
        until = EVER
        try:
            for comment in self._flavour.comments(case.id):
                if self._marks.is_on(comment, key):
                    return Found(case, _made_at(comment), until)
                until = _made_at(comment) if entry(comment) else until
        except CaseGone:
            return None
        return None

    def bounded(self, found: Found) -> Found:
        """With the time of our next message in the issue, where that of the issue's own message is not known yet."""
        if found.until != EVER:
            return found
        ours = [_made_at(one) for one in self._flavour.comments(found.case.id) if entry(one)]
        return replace(found, until=min((one for one in ours if one > found.since), default=EVER))

    def has_notice(self, case: CaseRef, key: str) -> bool:
        """Whether a comment already says which files of that message are missing."""
        return any(entry(comment).get("notice") == key for comment in self._flavour.comments(case.id))

    def _labelled(self, key: str) -> Found | None:
        """The oldest, should there be two."""
        jql = f"{self._marks.clause(key)} ORDER BY created ASC"
        issues = [one for one in self._flavour.search(Search(jql, properties=False)) if is_issue_id(str(one.get("id")))]
        for issue in sorted(issues, key=lambda one: int(one["id"])):
            # Two keys may share the label; and an issue that was deleted may still be in the index.
            if found := self._stamped(str(issue["id"]), key):
                return found
        return None

    def _stamped(self, issue_id: str, key: str) -> Found | None:
        try:
            query = {"fields": ",".join(("created", *self._marks.fields())), "properties": "e2c"}
            issue = self._api.get("issue", f"issue/{issue_id}", query, case_id=issue_id).data
        except CaseGone:
            return None
        if not isinstance(issue, dict) or self._marks.key_of(issue) != key or not issue.get("key"):
            return None
        return Found(self._api.ref(issue), _made_at(issue.get("fields") or {}), stamped=bool(entry(issue)))

    def _among_recent(self, delivery: Delivery) -> Found | None:
        """A reply whose case nobody remembers: the comments of the issues that were made from its ancestors."""
        ancestors = {*delivery.references, *delivery.in_reply_to}
        if not ancestors:
            return None
        jql = f"project = {quoted(self._project.key)} AND {self._marks.ours()}"
        jql += f' AND updated >= "-{_RECENT_DAYS}d" ORDER BY updated DESC'
        issues = self._flavour.search(Search(jql, ("created", *self._marks.fields()), most=_RECENT_ISSUES))
        matching = [one for one in issues if self._marks.entry(one).get("messageId") in ancestors]
        places = (self.comment(self._api.ref(one), delivery.key) for one in matching[:_RECENT_MATCHES])
        return next((found for found in places if found), None)


def _made_at(shown: dict[str, Any]) -> datetime:
    return moment(shown.get("created")) or datetime.min.replace(tzinfo=UTC)
