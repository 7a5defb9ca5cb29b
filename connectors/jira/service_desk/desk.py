"""The service desk and request type of the settings, by name or id: where requests go, and what their form asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from connectors.contract import Rejected, Unusable
from connectors.jira.api import Api
from connectors.jira.fields import Field, field_of, known
from connectors.jira.project import Project
from connectors.jira.service_desk.api import DeskApi
from connectors.recent import Recent

_LIVES_S: Final = 600.0
_PAGE: Final = 50
_PAGES: Final = 40
ATTACHMENT: Final = "attachment"


@dataclass(frozen=True)
class Form:
    """What a request of the type may say, and what our user may do with it."""

    fields: tuple[Field, ...]
    on_behalf: bool
    participants: bool

    @property
    def takes_files(self) -> bool:
        """Whether files can go with the request, in the same call."""
        return any(one.id == ATTACHMENT for one in self.fields)


class Desk(Project):
    """Also the project behind it, and the issue type behind the request type."""

    def __init__(self, api: Api, service_desk: str, request_type: str, key_field: str) -> None:
        super().__init__(api, "", "")
        self.api = api
        self.calls = DeskApi(api)
        self.service_desk = service_desk
        self.request_type = request_type
        self.key_field_name = key_field
        self._desks: Recent[dict[str, Any]] = Recent(1, _LIVES_S)
        self._types: Recent[dict[str, Any]] = Recent(1, _LIVES_S)
        self._forms: Recent[Form] = Recent(1, _LIVES_S)

    @property
    def key(self) -> str:
        return str(self.shown().get("projectKey", ""))

    def shown(self) -> dict[str, Any]:
        """The service desk. Raises Unusable when there is none that we may see."""
        return self._desks.asked("", self._ask_desk)

    def shown_type(self) -> dict[str, Any]:
        """The request type. Raises Unusable when there is none that we may see."""
        return self._types.asked("", self._ask_type)

    def desk_id(self) -> str:
        """Of the service desk."""
        return self.service_desk if self.service_desk.isdigit() else str(self.shown()["id"])

    def request_type_id(self) -> str:
        """Of the request type."""
        return self.request_type if self.request_type.isdigit() else str(self.shown_type()["id"])

    def type_id(self) -> str:
        return str(self.shown_type().get("issueTypeId", ""))

    def form(self) -> Form:
        """The request type's fields that may be filled in from here."""
        return self._forms.asked("", self._ask_form)

    def key_field(self) -> Field | None:
        """The field that takes the key. Raises Unusable when the settings name one that the form has not."""
        if not self.key_field_name:
            return None
        try:
            found = known(self.form().fields, self.key_field_name)
        except Rejected as error:
            cure = "add it to the request type, or leave key_field out"
            raise Unusable(
                f"key_field: request type {self.request_type!r} has no such field; {cure} ({error})"
            ) from error
        if found.type != "string" or not found.id.startswith("customfield_"):
            raise Unusable(f"key_field: {found.name!r} is no text field of your own; name one that is")
        return found

    def _ask_desk(self) -> dict[str, Any]:
        if self.service_desk.isdigit():
            shown = self.calls.get("servicedesk", f"servicedesk/{self.service_desk}").data
            return shown if isinstance(shown, dict) else {}
        names = []
        for one in self._pages_of("servicedesk"):
            labels = (str(one.get("projectName")), str(one.get("projectKey")))
            if self.service_desk.casefold() in map(str.casefold, labels):
                return one
            names.append(labels[0])
        listed = ", ".join(names) or "none that we may see"
        raise Unusable(f"there is no service desk {self.service_desk!r}; set service_desk to one of: {listed}")

    def _ask_type(self) -> dict[str, Any]:
        path = f"servicedesk/{quote(self.desk_id())}/requesttype"
        if self.request_type.isdigit():
            shown = self.calls.get("requesttype", f"{path}/{self.request_type}").data
            return shown if isinstance(shown, dict) else {}
        names = []
        for one in self._pages_of(path):
            if str(one.get("name")).casefold() == self.request_type.casefold():
                return one
            names.append(str(one.get("name")))
        listed = ", ".join(names) or "none that we may see"
        raise Unusable(f"there is no request type {self.request_type!r}; set request_type to one of: {listed}")

    def _ask_form(self) -> Form:
        path = f"servicedesk/{quote(self.desk_id())}/requesttype/{quote(self.request_type_id())}/field"
        answer = self.calls.get("requesttype field", path)
        fields = tuple(_field(one) for one in answer.items("requestTypeFields") if one.get("visible") is not False)
        allowed = [answer.data.get(name) is True for name in ("canRaiseOnBehalfOf", "canAddRequestParticipants")]
        return Form(fields, *allowed)

    def _pages_of(self, path: str) -> Iterator[dict[str, Any]]:
        for page in range(_PAGES):
            answer = self.calls.get("servicedesk", path, {"start": page * _PAGE, "limit": _PAGE})
            shown = answer.items("values")
            yield from shown
            if answer.data.get("isLastPage", True) or not shown:
                return


def _field(shown: Mapping[str, Any]) -> Field:
    """From a request type's; its choices have other names than an issue's."""
    choices = [one for one in shown.get("validValues") or [] if isinstance(one, dict)]
    return field_of(
        str(shown.get("fieldId")),
        {
            "name": shown.get("name"),
            "required": shown.get("required"),
            "hasDefaultValue": bool(shown.get("defaultValues") or shown.get("presetValues")),
            "schema": shown.get("jiraSchema"),
            "allowedValues": [{"id": one.get("value"), "name": one.get("label")} for one in choices],
        },
    )
