"""Names to Zendesk's numbers: authors and groups, looked up once in a while."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from connectors.contract import Person, Rejected, Unusable
from connectors.http import Call, HttpClient, json_body
from connectors.recent import Recent
from connectors.zendesk.catalogue import pages
from connectors.zendesk.rules import NameMissing
from connectors.zendesk.ticket import user

_AGENTS = urlencode([("role[]", "agent"), ("role[]", "admin")]) + "&"
_PLAIN = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\Z")


class People:
    """Authors by address, groups and agents by name; forgotten after a while, so that a change there gets through."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._authors: Recent[int] = Recent(10_000, 3600.0)
        self._groups: Recent[int] = Recent(1_000, 600.0)
        self._agents: Recent[tuple[int, ...]] = Recent(5_000, 600.0)

    def learn(self, person: Person, user_id: int) -> None:
        """What another answer told in passing."""
        self._authors.put(person.address.lower(), user_id)

    def known(self, person: Person) -> int | None:
        """The user with that address, if there is one; makes none."""
        found = self._authors.get(person.address.lower())
        # Only a plain address is put into the search, whose language other characters belong to.
        if found is None and _PLAIN.match(person.address):
            path = "/api/v2/users/search?" + urlencode({"query": f"email:{person.address}"})
            users = self._http.send(Call(method="GET", path=path)).items("users")
            wanted = person.address.lower()
            same = [one["id"] for one in users if str(one.get("email")).lower() == wanted and "id" in one]
            found = same[0] if same and isinstance(same[0], int) else None
            if found is not None:
                self.learn(person, found)
        return found

    def author(self, person: Person) -> int | None:
        """The user with that address, made if need be; None when there is no address. Never renames anybody."""
        if not person.address:
            return None
        known = self._authors.get(person.address.lower())
        if known is None:
            known = self._update_or_create(person)
            self.learn(person, known)
        return known

    def _update_or_create(self, person: Person) -> int:
        # With the address alone an existing user stays as agents know him; only an unknown one needs the name.
        try:
            return self._save({"email": person.address})
        except NameMissing:
            return self._save(dict(user(person)))

    def _save(self, values: dict[str, object]) -> int:
        body = json_body({"user": {**values, "skip_verify_email": True}})
        call = Call(method="POST", path="/api/v2/users/create_or_update", body=body, prepares=True)
        return self._http.send(call).number("user", "id")

    def group(self, name: str) -> int:
        """The group's number. Raises Rejected when there is none, since a route's field asked for it."""
        known = self._groups.get(name.casefold())
        if known is None:
            self._read_groups()
            known = self._groups.get(name.casefold())
        if known is None:
            raise Rejected(f"Zendesk has no group {name!r}")
        return known

    def own_group(self, name: str) -> int:
        """As ``group``, for the one in the settings. Raises Unusable when there is none."""
        try:
            return self.group(name)
        except Rejected as error:
            raise Unusable(f"{error}; set group to the name of one, as Zendesk's Admin Center shows it") from error

    def _read_groups(self) -> None:
        for group in pages(self._http, "groups"):
            if isinstance(group.get("id"), int):
                self._groups.put(str(group.get("name", "")).casefold(), group["id"])

    def agent(self, name: str) -> int:
        """The number of the agent with that name. Raises Rejected when there is none, or more than one."""
        known = self._agents.get(name.casefold())
        if known is None:
            self._read_agents()
            known = self._agents.get(name.casefold())
        if known is None:
            raise Rejected(f"Zendesk has no agent {name!r}; an e-mail address does as well; for a group use queue")
        if len(known) > 1:
            raise Rejected(f"Zendesk has {len(known)} agents with the name {name!r}; give the e-mail address")
        return known[0]

    def _read_agents(self) -> None:
        found: dict[str, tuple[int, ...]] = {}
        for agent in pages(self._http, "users", _AGENTS):
            if isinstance(agent.get("id"), int) and agent.get("active") is not False:
                name = str(agent.get("name", "")).casefold()
                found[name] = (*found.get(name, ()), agent["id"])
        for name, numbers in found.items():
            self._agents.put(name, numbers)
