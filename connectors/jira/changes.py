"""What an escalation does to an issue: fields, owner, labels, status by a transition, and one note."""

from __future__ import annotations

from typing import Any

from connectors.contract import CaseGone, CaseRef, Change, InDoubt
from connectors.jira.api import is_issue_id
from connectors.jira.fields import Field, Values, field_of, known
from connectors.jira.finding import Finder
from connectors.jira.flavour import Flavour
from connectors.jira.people import People
from connectors.jira.words import NOTE, PROPERTY, Page, Room, clean
from connectors.jira.workflow import Workflow
from connectors.jira.writing import INTERNAL, Writer
from connectors.recent import Recent


class Changes:
    """Every part may be repeated: fields say how things shall be, and the note is looked for before it is added."""

    def __init__(self, flavour: Flavour, people: People, workflow: Workflow, writer: Writer, finder: Finder) -> None:
        self._flavour = flavour
        self._api = flavour.api
        self._values = Values(flavour, people)
        self._workflow = workflow
        self._writer = writer
        self._finder = finder
        self._noted: Recent[bool] = Recent(10_000, 24 * 3600.0)

    def apply(self, case: CaseRef, change: Change) -> None:
        """Raises CaseGone, or Rejected for a field that the issue has not or a name that nobody bears."""
        if not is_issue_id(case.id):
            raise CaseGone("there is no issue with such an id")
        asked = dict(change.fields)
        labels = asked.pop("labels", asked.pop("tags", "")).replace(",", " ").split()
        status = asked.pop("status", "")
        self._edit(case, asked, labels)
        if status:
            self._workflow.set_status(case.id, status)
        if change.note:
            self._note(case, change)

    def _edit(self, case: CaseRef, asked: dict[str, str], labels: list[str]) -> None:
        body: dict[str, Any] = {}
        if asked:
            screen = self._screen(case)
            fields = [(known(screen, name), text) for name, text in asked.items()]
            body["fields"] = {field.id: self._values.of(field, text) for field, text in fields}
        if labels:
            body["update"] = {"labels": [{"add": label} for label in labels]}
        if body:
            self._api.write("issue", case.id, body, "PUT")

    def _screen(self, case: CaseRef) -> list[Field]:
        answer = self._api.get("editmeta", f"issue/{case.id}/editmeta", case_id=case.id)
        fields = answer.value("fields")
        shown = fields if isinstance(fields, dict) else {}
        return [field_of(id_, one) for id_, one in shown.items() if isinstance(one, dict)]

    def _note(self, case: CaseRef, change: Change) -> None:
        if self._noted.get(change.key) or self._finder.comment(case, change.key):
            return
        page = Page("", NOTE + clean(change.note))
        stamped = {"key": PROPERTY, "value": {"key": change.key}}
        body = {
            "body": self._flavour.fitted(page, Room(wide=True)).body,
            "properties": [stamped, INTERNAL],
            **self._writer.restriction(),
        }
        try:
            self._api.write("comment", case.id, body)
        except InDoubt:
            if not self._finder.comment(case, change.key):
                raise
        self._noted.put(change.key, True)
