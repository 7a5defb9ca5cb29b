"""A fake Zendesk Support: stateful and strict, on a real socket, with the vendor's windows and limits."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.http_server import FakeServer, Fault, Reply, Seen
from tests.fakes.zendesk.desk import Desk
from tests.fakes.zendesk.export import Export
from tests.fakes.zendesk.limits import Counters
from tests.fakes.zendesk.records import Ticket
from tests.fakes.zendesk.strict import Refusal, no_endpoint

__all__ = ["Fault", "Reply", "Ticket", "ZendeskFake"]

SCOPES = ("tickets:read", "tickets:write", "users:read", "users:write")


class ZendeskFake(FakeServer):
    """Log in with ``client_id``/``client_secret`` or ``email``/``token``; see ``options``."""

    client_id = "mail-to-case-client"
    client_secret = "not-a-secret-but-long-enough"
    email = "agent@example.com"
    token = "not-a-token-but-long-enough"

    def __init__(self, port: int = 0, state: Path | None = None) -> None:
        super().__init__(port)
        self.desk = Desk()
        self.export = Export(self.desk)
        self.state = state
        self.token_lives_s = 1800
        #: as Zendesk shows it; None: the client was made before tokens had to end
        self.token_ends_at: str | None = "2026-11-22T12:00:00Z"
        self.client_scopes: set[str] = set(SCOPES)
        self.tokens: dict[str, tuple[float, set[str]]] = {}
        self.tokens_given = 0
        self.counters = Counters()
        #: updates in ten minutes of one ticket
        self.ticket_limit = 30
        #: what was refused because no such client would ever be right: an unknown field or endpoint, a bad shape
        self.violations: list[str] = []

    @property
    def options(self) -> dict[str, Any]:
        """Constructor keywords of the connector, by OAuth."""
        return {"url": self.url, "client_id": self.client_id, "client_secret": self.client_secret}

    @property
    def tickets(self) -> list[Ticket]:
        """Those that are not deleted, oldest first."""
        with self.lock:
            return [one for one in self.desk.tickets.values() if not one.deleted]

    def keys(self) -> list[str]:
        """Every marker on every ticket, doubles included."""
        return [key for one in self.tickets for key in one.keys]

    def expire_tokens(self) -> None:
        with self.lock:
            self.tokens.clear()

    def answer(self, seen: Seen) -> Reply:
        self.desk.url = self.url
        try:
            reply = self._routed(seen)
        except Refusal as refusal:
            reply = refusal.reply
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reply = Reply(400, {"error": {"title": "Bad request", "message": f"{type(error).__name__}"}})
        self._save(seen)
        if reply.status in (400, 404, 405, 422) and not _is_lawful(reply):
            self.violations.append(f"{seen.method} {seen.path}: {reply.status} {reply.body}")
        return Reply(reply.status, reply.body, self.counters.headers(_kind(seen)) | dict(reply.headers))

    def _routed(self, seen: Seen) -> Reply:
        path = seen.path.removesuffix(".json")
        if path.startswith("/_fake/"):
            return self._control(seen)
        if (seen.method, path) == ("POST", "/oauth/tokens"):
            return self._give_token(seen.json)
        scopes = self._scopes(seen)
        if path == "/api/v2/users/me":
            return Reply(
                200,
                {
                    "user": self.desk.agent.shown()
                    if scopes is not None
                    else {"id": None, "name": "Anonymous user", "email": "invalid@example.com"}
                },
            )
        if scopes is None:
            raise Refusal(Reply(401, {"error": "Couldn't authenticate you"}))
        self._count(seen)
        return self._granted(seen, path, scopes)

    def _granted(self, seen: Seen, path: str, scopes: set[str]) -> Reply:
        for method, pattern, scope, handler in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == seen.method:
                if scope and not {scope, scope.partition(":")[2]} & scopes:
                    message = "Missing the following required scopes: " + scope
                    raise Refusal(Reply(403, {"error": {"title": "Forbidden", "message": message}}))
                return handler(seen, *(int(number) for number in found.groups()))
        raise no_endpoint()

    def _routes(self) -> tuple[tuple[str, str, str, Callable[..., Reply]], ...]:
        desk = self.desk
        return (
            ("POST", "/api/v2/tickets", "tickets:write", desk.create),
            ("GET", "/api/v2/tickets", "tickets:read", desk.list_by_external_id),
            ("GET", "/api/v2/tickets/count", "tickets:read", desk.count),
            ("PUT", r"/api/v2/tickets/(\d+)", "tickets:write", self._update),
            ("GET", r"/api/v2/tickets/(\d+)", "tickets:read", desk.show),
            ("GET", r"/api/v2/tickets/(\d+)/audits", "tickets:read", desk.audits),
            ("POST", "/api/v2/uploads", "tickets:write", desk.upload),
            ("POST", "/api/v2/users/create_or_update", "users:write", desk.save_user),
            ("GET", "/api/v2/users/search", "users:read", desk.search_users),
            ("GET", r"/api/v2/users/(\d+)/tickets/requested", "tickets:read", desk.requested),
            ("GET", "/api/v2/groups", "", desk.lists.groups),
            ("GET", "/api/v2/brands", "", desk.lists.brands),
            ("GET", "/api/v2/ticket_fields", "", desk.lists.ticket_fields),
            ("GET", "/api/v2/users", "users:read", desk.list_users),
            ("GET", "/api/v2/incremental/tickets/cursor", "tickets:read", self.export.answer),
            ("GET", "/api/v2/oauth/tokens/current", "", self._current_token),
        )

    def _update(self, seen: Seen, number: int) -> Reply:
        return self.desk.update(seen, number, self.ticket_limit)

    def _give_token(self, body: Any) -> Reply:
        right = body.get("client_id") == self.client_id and body.get("client_secret") == self.client_secret
        if body.get("grant_type") != "client_credentials" or not right:
            said = {"error": "invalid_client", "error_description": f"refused: {body.get('client_secret')}"}
            return Reply(401, said)
        self.tokens_given += 1
        value = f"access-{self.tokens_given:06d}-{time.monotonic_ns():x}"
        # Names that do not exist give a token all the same; it is refused only when it is used.
        granted = set(str(body.get("scope", "read")).split()) & self.client_scopes
        self.tokens[value] = (time.monotonic() + self.token_lives_s, granted)
        shown = {"access_token": value, "token_type": "bearer", "scope": " ".join(sorted(granted))}
        return Reply(201, shown | {"expires_in": self.token_lives_s})

    def _scopes(self, seen: Seen) -> set[str] | None:
        """What the caller may do, or None for a stranger."""
        kind, _, value = seen.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            known = base64.b64encode(f"{self.email}/token:{self.token}".encode()).decode()
            return set(SCOPES) if value == known else None
        ends, scopes = self.tokens.get(value, (0.0, set()))
        return scopes if kind == "Bearer" and time.monotonic() < ends else None

    def _current_token(self, seen: Seen) -> Reply:
        value = seen.headers["authorization"].removeprefix("Bearer ")
        shown = {"id": 1, "scopes": sorted(self.tokens[value][1]), "token": value[:10]}
        return Reply(200, {"token": shown | {"expires_at": self.token_ends_at}})

    def _count(self, seen: Seen) -> None:
        said = "Number of allowed API requests per minute exceeded"
        self.counters.count("account", {"error": "APIRateLimitExceeded", "description": said}, 7)
        if kind := _kind(seen):
            self.counters.count(kind, {"error": "EndpointRateLimitExceeded", "description": said}, 11)

    def _control(self, seen: Seen) -> Reply:
        """For a fake in a process of its own: read what it holds, plan a fault."""
        if seen.path == "/_fake/faults":
            self.faults.append(Fault(**seen.json))
        return Reply(200, self.snapshot())

    def snapshot(self) -> dict[str, Any]:
        """Tickets, comments, files and keys, as plain values."""
        return {"tickets": [_plain(one) for one in self.tickets], "requests": len(self.log), "keys": self.keys()}

    def _save(self, seen: Seen) -> None:
        if self.state is not None and seen.method != "GET":
            fresh = self.state.with_suffix(".new")
            fresh.write_text(json.dumps(self.snapshot()))
            fresh.replace(self.state)


def _plain(ticket: Ticket) -> dict[str, Any]:
    comments = [
        {
            "author_id": comment.author_id,
            "public": comment.public,
            "body": comment.body,
            "html_body": comment.html_body,
            "attachments": [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in comment.files],
        }
        for comment in ticket.comments
    ]
    return {"id": ticket.id, **ticket.fields, "keys": ticket.keys, "comments": comments}


def _kind(seen: Seen) -> str:
    if seen.method == "PUT" and re.fullmatch(r"/api/v2/tickets/\d+", seen.path):
        return "tickets-update"
    return "incremental-exports-cursor" if seen.path.startswith("/api/v2/incremental/") else ""


#: refusals that a careful client meets too
_LAWFUL = ("IdempotentRequestError", "RecordNotFound", "closed prevents ticket update", "limit of 5000 comments")


def _is_lawful(reply: Reply) -> bool:
    return any(said in str(reply.body) for said in (*_LAWFUL, "is too short"))
