"""What an account's admins have named: custom fields and brands, looked up once in a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import Rejected
from connectors.http import Call, HttpClient
from connectors.recent import Recent

_PAGE = 100
_PAGES = 20
_LIVES_S = 600.0


@dataclass(frozen=True)
class CustomField:
    """``options``: what a route may say, in small letters, to the option's tag."""

    id: int
    title: str
    kind: str
    options: Mapping[str, str]


class Catalogue:
    """Both are forgotten after ten minutes, so that a change in Zendesk gets through."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._fields: Recent[CustomField] = Recent(5_000, _LIVES_S)
        self._brands: Recent[int] = Recent(1_000, _LIVES_S)

    def custom(self, title: str) -> CustomField | None:
        """The active custom field with that title, whatever its case."""
        known = self._fields.get(title.casefold())
        if known is None:
            for one in pages(self._http, "ticket_fields"):
                if isinstance(one.get("id"), int) and one.get("active") is not False:
                    self._fields.put(str(one.get("title", "")).casefold(), _field(one))
            known = self._fields.get(title.casefold())
        return known

    def brand(self, name: str) -> int:
        """The brand's number. Raises Rejected when there is none."""
        known = self._brands.get(name.casefold())
        if known is None:
            for one in pages(self._http, "brands"):
                if isinstance(one.get("id"), int) and one.get("active") is not False:
                    self._brands.put(str(one.get("name", "")).casefold(), one["id"])
            known = self._brands.get(name.casefold())
        if known is None:
            raise Rejected(f"Zendesk has no brand {name!r}")
        return known


def pages(http: HttpClient, name: str, query: str = "") -> Iterator[dict[str, Any]]:
    """Every record of a short list, such as groups."""
    for page in range(1, _PAGES + 1):
        path = f"/api/v2/{name}?{query}per_page={_PAGE}{f'&page={page}' if page > 1 else ''}"
        answer = http.send(Call(method="GET", path=path))
        found = answer.items(name)
        yield from found
        # Some of these lists come whole, whatever page is asked for.
        if len(found) < _PAGE or not answer.data.get("next_page"):
            return


def _field(one: Mapping[str, Any]) -> CustomField:
    given = one.get("custom_field_options")
    options: dict[str, str] = {}
    for option in given if isinstance(given, list) else ():
        if isinstance(option, dict) and isinstance(option.get("value"), str):
            options |= {word.casefold(): option["value"] for word in (str(option.get("name")), option["value"])}
    return CustomField(one["id"], str(one.get("title", "")), str(one.get("type", "")), options)
