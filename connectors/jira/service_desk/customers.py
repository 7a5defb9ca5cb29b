"""Senders as customers of the service desk: made or found, admitted, and remembered for a while."""

from __future__ import annotations

from typing import Any, Final

from connectors.contract import AuthFailed, Delivery, Person, Rejected, Unusable
from connectors.jira.locks import KeyLocks
from connectors.jira.people import People
from connectors.jira.service_desk.desk import Desk
from connectors.jira.service_desk.rules import MayMakeNone
from connectors.jira.words import one_line
from connectors.recent import Recent

_KNOWN: Final = 20_000
_KNOWN_S: Final = 24 * 3600.0
#: what Jira refused is tried again after so long, so that a change there gets through
_REFUSED_S: Final = 3600.0
_NAME_CHARS: Final = 200
_PARTICIPANTS: Final = 20
_PAGE: Final = 10


class Customers:
    """Accounts by address; "" for somebody in whose name nothing can be raised."""

    def __init__(self, desk: Desk, people: People) -> None:
        self._desk = desk
        self._people = people
        self._known: Recent[str] = Recent(_KNOWN, _KNOWN_S)
        #: what our user may not do
        self._refused: Recent[bool] = Recent(10, _REFUSED_S)
        self._locks = KeyLocks()

    def account(self, person: Person) -> str:
        """Whom a request is raised on behalf of, made a customer first if need be; "" where Jira forbids it."""
        address = person.address.casefold()
        if not address or not self._desk.form().on_behalf:
            return ""
        with self._locks.held(address):
            known = self._known.get(address)
            if known is None:
                known = self._made(person) or self._found(person)
                self._known.put(address, known, _KNOWN_S if known else _REFUSED_S)
                self._admit(known)
            return known

    def forget(self, person: Person) -> None:
        """Jira would not have the account that we took for his."""
        self._known.put(person.address.casefold(), "", _REFUSED_S)

    def participants(self, delivery: Delivery, requester: str) -> list[str]:
        """The other recipients who have an account; nobody is made one for it."""
        if not self._desk.form().participants:
            return []
        passed_over = {delivery.requester.address.casefold(), delivery.recipient.casefold(), ""}
        others = {one.address.casefold(): one for one in (*delivery.to, *delivery.cc)}
        asked = [one for address, one in others.items() if address not in passed_over][:_PARTICIPANTS]
        accounts = dict.fromkeys(self._people.customer(one) for one in asked)
        return [one for one in accounts if one and one not in (requester, self._people.myself())]

    def _made(self, person: Person) -> str:
        if self._refused.get("make"):
            return ""
        try:
            name = one_line(person.name)[:_NAME_CHARS] or person.address
            return str(self._desk.calls.make_customer(name, person.address).value("accountId"))
        except MayMakeNone:
            self._refused.put("make", True)
        except Rejected:
            # Somebody has that address already, or Jira does not take it for one.
            return ""
        return ""

    def _found(self, person: Person) -> str:
        """Among the site's users, or among the desk's customers, who may be shown where those are not."""
        if account := self._people.customer(person):
            return account
        query = {"query": person.address, "limit": _PAGE}
        try:
            shown = self._desk.calls.customers(self._desk.desk_id(), query)
        except AuthFailed:
            raise
        except (Rejected, Unusable):
            return ""
        return next((str(one.get("accountId")) for one in shown if _has_address(one, person.address)), "")

    def _admit(self, account: str) -> None:
        if not account or self._refused.get("admit"):
            return
        try:
            self._desk.calls.admit_customer(self._desk.desk_id(), account)
        except AuthFailed:
            raise
        except (Rejected, Unusable):
            # It takes the desk's administrator. Where everybody may raise requests, it works without.
            self._refused.put("admit", True)


def _has_address(user: dict[str, Any], address: str) -> bool:
    return bool(user.get("accountId")) and str(user.get("emailAddress", "")).casefold() == address.casefold()
