"""Who is who at Jira: ourselves, agents by name or address, and customers who happen to have an account."""

from __future__ import annotations

from typing import Any, Final

from connectors.contract import Person, Rejected, Unusable
from connectors.jira.flavour import Flavour
from connectors.jira.place import Place
from connectors.recent import Recent

_LIVES_S: Final = 600.0
_PAGE: Final = 50


class People:
    """Looked up once in a while, so that a change in Jira gets through."""

    def __init__(self, flavour: Flavour, project: Place) -> None:
        self._flavour = flavour
        self._project = project
        self._agents: Recent[str] = Recent(1_000, _LIVES_S)
        #: "" is remembered too: most customers have no account
        self._customers: Recent[str] = Recent(10_000, 3600.0)
        self._own: Recent[str] = Recent(1, 24 * 3600.0)

    def myself(self) -> str:
        """The identity of the API's user."""
        known = self._own.get("")
        if known is None:
            answer = self._flavour.api.get("myself", "myself")
            known = str(answer.value(self._flavour.user_key))
            self._own.put("", known)
        return known

    def assignable(self, field: str, text: str) -> str:
        """The agent of the project with that name, address or identity. Raises Rejected when nobody has it."""
        known = self._agents.get(text.casefold())
        if known is None:
            found = self._matching(self._asked("user/assignable/search", text, project=self._project.key), text)
            if not found:
                raise Rejected(f"{field} {text!r} is nobody who can be assigned in project {self._project.key}")
            if len(found) > 1:
                raise Rejected(f"{field} {text!r} is the name of several; use the address")
            known = found[0]
            self._agents.put(text.casefold(), known)
        return known

    def customer(self, person: Person) -> str:
        """The account with that address, or "" when there is none that we may see."""
        if not person.address:
            return ""
        known = self._customers.get(person.address.casefold())
        if known is None:
            known = self._account(person)
            self._customers.put(person.address.casefold(), known)
        return known

    def _account(self, person: Person) -> str:
        try:
            users = self._asked("user/search", person.address)
        except (Rejected, Unusable):
            # Without the right to browse users, everybody is a stranger.
            return ""
        same = [one for one in users if str(one.get("emailAddress", "")).casefold() == person.address.casefold()]
        return str(same[0].get(self._flavour.user_key, "")) if same else ""

    def _asked(self, path: str, text: str, **more: str) -> list[dict[str, Any]]:
        query = {**self._flavour.user_query(text), "maxResults": _PAGE, **more}
        answer = self._flavour.api.get(path, path, query)
        return [one for one in answer.data if isinstance(one, dict)] if isinstance(answer.data, list) else []

    def _matching(self, users: list[dict[str, Any]], text: str) -> list[str]:
        key, wanted = self._flavour.user_key, text.casefold()
        active = [one for one in users if one.get("active", True) and one.get(key)]
        for name in (key, "emailAddress", "displayName"):
            if same := [str(one[key]) for one in active if str(one.get(name, "")).casefold() == wanted]:
                return same
        return []
