"""Owners: by e-mail address, full name or number."""

from __future__ import annotations

import threading
from typing import Any

from connectors.contract import Rejected
from connectors.hubspot.records import Records, is_number
from connectors.recent import Recent

_LIVES_S = 3600.0
_PAGE = 100
_PAGES = 50


class Owners:
    """Read once an hour, and again when a name is asked for that was not there."""

    def __init__(self, records: Records) -> None:
        self._records = records
        #: number → its address and its full name
        self._read: Recent[dict[str, tuple[str, str]]] = Recent(1, _LIVES_S)
        self._turn = threading.Lock()

    def number(self, name: str) -> str:
        """The owner's number. Raises Rejected when nobody, or more than one, bears the name."""
        found = self._look(name)
        if not found:
            self._read.forget("")
            found = self._look(name)
        if not found:
            raise Rejected(f"HubSpot has no owner {name!r}; give the e-mail address of one")
        if len(found) > 1:
            raise Rejected(f"HubSpot has {len(found)} owners {name!r}; give the e-mail address of one")
        return found[0]

    def address(self, number: str) -> str:
        """Of the owner with that number; the number itself when nobody has it."""
        return self._all().get(number, (number, ""))[0]

    def _look(self, name: str) -> list[str]:
        wanted = name.strip().casefold()
        return [
            number
            for number, (address, full_name) in self._all().items()
            if wanted in (number, address.casefold(), full_name.casefold())
        ]

    def _all(self) -> dict[str, tuple[str, str]]:
        with self._turn:
            known = self._read.get("")
            if known is None:
                known = self._pages()
                self._read.put("", known)
            return known

    def _pages(self) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        after = ""
        for _ in range(_PAGES):
            query = {"limit": str(_PAGE)} | ({"after": after} if after else {})
            answer = self._records.get(f"/crm/owners/{self._records.version}", **query)
            found |= dict(_owner(one) for one in answer.items("results") if is_number(str(one.get("id"))))
            after = next_page(answer.data)
            if not after:
                break
        return found


def _owner(one: dict[str, Any]) -> tuple[str, tuple[str, str]]:
    names = " ".join(str(one.get(name) or "") for name in ("firstName", "lastName")).strip()
    return str(one["id"]), (str(one.get("email") or ""), names)


def next_page(data: Any) -> str:
    """The mark of the page after this one, or ""."""
    found = data
    for name in ("paging", "next", "after"):
        found = found.get(name) if isinstance(found, dict) else None
    return str(found) if found else ""
