"""What a message and its route ask of a new request, sorted by where it can be said: on the form, or afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from connectors.contract import Delivery, Rejected, Unusable
from connectors.jira.cloud import Cloud
from connectors.jira.fields import Values, known, named
from connectors.jira.flavour import Flavour
from connectors.jira.people import People
from connectors.jira.service_desk.desk import Desk, Form
from connectors.jira.service_desk.marks import field_text
from connectors.jira.wiki import markup
from connectors.jira.words import Page, summary_of

_LABEL_CHARS: Final = 255
MUST_HAVE: Final = ("summary", "description")


@dataclass(frozen=True)
class Asked:
    """``form`` goes with the request; ``fields`` and ``labels`` can only be set once there is an issue."""

    form: dict[str, Any]
    fields: dict[str, Any]
    labels: tuple[str, ...]


class Wiki(Cloud):
    """Texts of requests are wiki text, and people are named by their accounts."""

    def render(self, page: Page) -> Any:
        return markup(page)

    def user(self, identity: str) -> dict[str, str]:
        return {self.user_key: identity}


class Sorter:
    """Looks fields up by name, on the request type's form first, then on the screen of its issue type."""

    def __init__(self, flavour: Flavour, desk: Desk, people: People) -> None:
        self._desk = desk
        self._on_form = Values(Wiki(flavour.api), people)
        self._on_issue = Values(flavour, people)

    def sort(self, delivery: Delivery, sender_field: str) -> Asked:
        """Raises Rejected for a name that neither knows, or for a value that a field cannot take."""
        asked = dict(delivery.fields)
        labels = asked.pop("labels", asked.pop("tags", "")).replace(",", " ").split()
        if sender_field and delivery.requester.address:
            asked.setdefault(sender_field, delivery.requester.address)
        form: dict[str, Any] = {}
        fields: dict[str, Any] = {}
        shown = self._desk.form().fields
        for name, text in asked.items():
            if named(shown, name):
                field = known(shown, name)
                form[field.id] = self._on_form.of(field, text)
            else:
                field = known(self._desk.screen().fields, name)
                fields[field.id] = self._on_issue.of(field, text)
        return Asked(form, fields, tuple(one[:_LABEL_CHARS] for one in labels))

    def filled(self, delivery: Delivery, asked: Asked, files: list[str]) -> Callable[[Any], dict[str, Any]]:
        """From the description to the whole form. Raises Rejected for fields that Jira demands and nobody fills.

        What a route asks for may not replace what we must say ourselves.
        """
        form = self._desk.form()
        own: dict[str, Any] = {"summary": summary_of(delivery)}
        if field := self._desk.key_field():
            own[field.id] = field_text(delivery)
        if files:
            own["attachment"] = files
        self._demand(form, {*asked.form, *own})
        return lambda description: {**asked.form, **own, "description": description}

    def _demand(self, form: Form, filled: set[str]) -> None:
        there = {one.id for one in form.fields}
        if absent := [name for name in MUST_HAVE if name not in there]:
            cure = "add it to the request type's form"
            raise Unusable(f"request type {self._desk.request_type!r} lacks the field {absent[0]}; {cure}")
        if lacking := unfilled(form, filled):
            names = ", ".join(lacking)
            raise Rejected(
                f"request type {self._desk.request_type!r} demands {names}, which mail and route do not fill"
            )


def unfilled(form: Form, filled: set[str]) -> list[str]:
    """Fields that must be filled in and are not, as people know them."""
    must = [one for one in form.fields if one.required and not one.has_default]
    return [f"{one.name!r} ({one.id})" for one in must if one.id not in filled and one.id not in MUST_HAVE]
