"""The account behind the token: its number, its time zone, and the page where agents see a ticket."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.contract import CaseRef, ConnectorError
from connectors.hubspot.records import Records
from connectors.hubspot.rules import HubSpotRules

_TICKET_KIND = "0-5"


@dataclass(frozen=True)
class Details:
    """``page``: the address of the account's tickets, or ""."""

    number: str
    zone_name: str
    page: str


class Account:
    """Asked for once; nothing but a prettier link and a better midnight hangs on it."""

    def __init__(self, records: Records, rules: HubSpotRules) -> None:
        self._records = records
        self._rules = rules
        self._lock = threading.Lock()
        self._asked = False
        self._page = ""

    def details(self) -> Details:
        """As HubSpot tells them now; the daily limit's midnight is known from then on."""
        data = self._records.get(f"/account-info/{self._records.version}/details").data
        told: dict[str, Any] = data if isinstance(data, dict) else {}
        number, domain = str(told.get("portalId") or ""), str(told.get("uiDomain") or "app.hubspot.com")
        zone_name = str(told.get("timeZone") or "")
        try:
            self._rules.zone = ZoneInfo(zone_name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._rules.zone = None
        self._page = f"https://{domain}/contacts/{number}/record/{_TICKET_KIND}" if number else ""
        return Details(number, zone_name, self._page)

    def ref(self, number: str) -> CaseRef:
        """The ticket as people quote it, with its page as far as that is known."""
        with self._lock:
            if not self._asked:
                self._asked = True
                self._ask()
        return CaseRef(number, number, f"{self._page}/{number}" if self._page else "")

    def _ask(self) -> None:
        try:
            self.details()
        except ConnectorError:
            # A link is a courtesy: no mail waits for it, and what was written stays written.
            self._page = ""
