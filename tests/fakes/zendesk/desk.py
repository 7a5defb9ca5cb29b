"""What the fake Zendesk does: tickets, comments, audits, uploads, users, groups."""

from __future__ import annotations

import itertools
import time
from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.zendesk.lists import Lists
from tests.fakes.zendesk.records import Audit, Comment, File, Ticket, Upload, User, now
from tests.fakes.zendesk.strict import (
    COMMENT,
    ON_CREATE,
    ON_UPDATE,
    TICKET,
    USER,
    Refusal,
    check_comment,
    check_ticket,
    collision,
    invalid,
    mapping,
    not_found,
)

MAX_COMMENTS = 5_000


class Desk:
    """Called under the server's lock, one request at a time."""

    def __init__(self) -> None:
        self.url = ""
        self.agent = User(1, "Agent", "agent@example.com", "admin")
        self.tickets: dict[int, Ticket] = {}
        self.users: dict[int, User] = {1: self.agent}
        self.uploads: dict[str, Upload] = {}
        self.lists = Lists()
        self.idempotent: dict[str, tuple[float, bytes, int]] = {}
        self.key_lives_s = 7200.0
        self.upload_lives_s = 3600.0
        self.upload_limit_bytes = 50_000_000
        self._numbers = itertools.count(100)

    def create(self, seen: Seen) -> Reply:
        key = seen.headers.get("idempotency-key", "")
        made_at, body, number = self.idempotent.get(key, (0.0, b"", 0))
        if number and time.monotonic() - made_at < self.key_lives_s:
            if body != seen.body:
                said = "Request parameters don't match the given idempotency key"
                return Reply(400, {"error": "IdempotentRequestError", "description": said})
            return self._created(self.tickets[number], "hit")
        ticket = self._new_ticket(mapping(seen.json["ticket"], "ticket", TICKET))
        if key:
            self.idempotent[key] = (time.monotonic(), seen.body, ticket.id)
        return self._created(ticket, "miss")

    def _created(self, ticket: Ticket, lookup: str) -> Reply:
        headers = {"X-Idempotency-Lookup": lookup, "Location": f"{self.url}/api/v2/tickets/{ticket.id}.json"}
        return Reply(201, {"ticket": ticket.shown(self.url), "audit": {"id": ticket.audits[-1].id}}, headers)

    def _new_ticket(self, given: dict[str, Any]) -> Ticket:
        if ON_UPDATE & given.keys():
            raise invalid("updated_stamp", "is for updates")
        check_ticket(given)
        source = given.get("via_followup_source_id")
        if source is not None and (source not in self.tickets or self.tickets[source].status != "closed"):
            raise invalid("via_followup_source_id", "the source is not closed")
        comment = self._comment(given["comment"], None)
        fields: dict[str, Any] = {name: given.get(name) for name in ("subject", "external_id", "recipient")}
        fields |= {"status": "new", "tags": [], "custom_fields": []} | self._settable(given)
        fields["requester_id"] = self._requester(given)
        comment.author_id = fields["requester_id"]
        ticket = Ticket(next(self._numbers), fields, followup_source_id=source)
        self.tickets[ticket.id] = ticket
        self._add(ticket, comment, given)
        return ticket

    def _requester(self, given: dict[str, Any]) -> int:
        if "requester" not in given:
            return self.agent.id
        requester = mapping(given["requester"], "requester", {"name", "email"})
        return self._user(requester["email"], requester["name"]).id

    def _settable(self, given: dict[str, Any]) -> dict[str, Any]:
        """What may be set at any time, checked."""
        names = ("status", "priority", "tags", "subject", "type")
        fields = {name: given[name] for name in names if name in given}
        agents = {one.id: one for one in self.users.values() if one.role != "end-user"}
        if "assignee_email" in given:
            found = [one.id for one in agents.values() if one.email == given["assignee_email"]]
            fields["assignee_id"] = found[0] if found else 0
        if "assignee_id" in given:
            fields["assignee_id"] = given["assignee_id"]
        if fields.get("assignee_id", 1) not in agents:
            raise invalid("assignee", "is not an agent")
        for name, known in (("group", self.lists.group_names), ("brand", self.lists.brand_names)):
            if f"{name}_id" in given:
                if given[f"{name}_id"] not in known:
                    raise invalid(name, "is invalid")
                fields[f"{name}_id"] = given[f"{name}_id"]
        if "custom_fields" in given:
            fields["custom_fields"] = self.lists.checked(given["custom_fields"])
        return fields

    def _user(self, email: str, name: str) -> User:
        known = next((one for one in self.users.values() if one.email.lower() == email.lower()), None)
        if known is None:
            if "@" not in email:
                raise invalid("email", "is not properly formatted")
            if not name.strip():
                raise invalid("name", "is too short")
            known = User(next(self._numbers), name, email)
            self.users[known.id] = known
        return known

    def _comment(self, given: Any, author_id: int | None) -> Comment:
        comment = mapping(given, "comment", COMMENT)
        check_comment(comment)
        author = comment.get("author_id", author_id or self.agent.id)
        if author not in self.users:
            raise invalid("author", "is invalid")
        files = [file for token in comment.get("uploads", []) for file in self._take(token)]
        body, rich = comment.get("body", ""), comment.get("html_body", "")
        return Comment(next(self._numbers), author, comment["public"], body, rich, files)

    def _take(self, token: str) -> list[File]:
        upload = self.uploads.pop(token, None)
        if upload is None or time.monotonic() - upload.made_at > self.upload_lives_s:
            raise invalid("uploads", "token is unknown or has expired")
        return upload.files

    def _add(self, ticket: Ticket, comment: Comment | None, given: dict[str, Any]) -> None:
        ticket.updated_at = now()
        events: list[dict[str, Any]] = [{"id": next(self._numbers), "type": "Change", "field_name": "status"}]
        if comment is not None:
            ticket.comments.append(comment)
            text = comment.body or comment.html_body
            events = [{"id": comment.id, "type": "Comment", "body": text, "public": comment.public}]
        author = comment.author_id if comment else self.agent.id
        ticket.audits.append(Audit(next(self._numbers), author, dict(given.get("metadata", {})), events))

    def update(self, seen: Seen, number: int, limit: int) -> Reply:
        ticket = self._living(number)
        given = mapping(seen.json["ticket"], "ticket", TICKET - ON_CREATE)
        if ticket.status == "closed":
            raise invalid("status", "closed prevents ticket update")
        if given.get("safe_update") and given.get("updated_stamp") != ticket.updated_at:
            raise collision()
        self._limit(ticket, limit)
        check_ticket(given)
        settable = self._settable(given)
        if "comment" in given and len(ticket.comments) >= MAX_COMMENTS:
            raise invalid("comment", "limit of 5000 comments reached")
        self._add(ticket, self._comment(given["comment"], None) if "comment" in given else None, given)
        ticket.fields |= settable
        return Reply(200, {"ticket": ticket.shown(self.url), "audit": self._audit(ticket, ticket.audits[-1])})

    def _limit(self, ticket: Ticket, limit: int) -> None:
        moment = time.monotonic()
        ticket.updates = [one for one in ticket.updates if moment - one < 600]
        if len(ticket.updates) >= limit:
            body = {"error": "TicketUpdateRateLimitExceeded", "description": "Too many updates of this ticket"}
            raise Refusal(Reply(429, body, {"Retry-After": "9"}))
        ticket.updates.append(moment)

    def _living(self, number: int) -> Ticket:
        ticket = self.tickets.get(number)
        if ticket is None or ticket.deleted:
            raise not_found()
        return ticket

    def show(self, seen: Seen, number: int) -> Reply:
        return Reply(200, {"ticket": self._living(number).shown(self.url)})

    def list_by_external_id(self, seen: Seen) -> Reply:
        wanted = seen.first("external_id")
        listed = [one for one in self.tickets.values() if not one.deleted and not one.archived]
        found = [one for one in listed if one.external_id == wanted]
        return self._listed(found)

    def _listed(self, found: list[Ticket]) -> Reply:
        return Reply(200, {"tickets": [one.shown(self.url) for one in found], "next_page": None, "count": len(found)})

    def count(self, seen: Seen) -> Reply:
        return Reply(200, {"count": {"value": len(self.tickets), "refreshed_at": now()}})

    def audits(self, seen: Seen, number: int) -> Reply:
        audits = self._living(number).audits
        ordered = audits[::-1] if seen.first("sort_order") == "desc" else audits
        size, page = min(int(seen.first("per_page") or 100), 100), int(seen.first("page") or 1)
        if self.tickets[number].archived:
            # Those of an archived ticket come whole, oldest first, whatever was asked for.
            ordered, size, page = audits, len(audits), 1
        shown = ordered[(page - 1) * size : page * size]
        following = f"{self.url}{seen.path}?page={page + 1}" if len(ordered) > page * size else None
        body = {"audits": [self._audit(self.tickets[number], one) for one in shown], "next_page": following}
        return Reply(200, body | {"previous_page": None, "count": len(audits)})

    def _audit(self, ticket: Ticket, audit: Audit) -> dict[str, Any]:
        shown = {"id": audit.id, "ticket_id": ticket.id, "author_id": audit.author_id, "events": audit.events}
        metadata = {"system": {"client": "fake"}, "custom": audit.custom}
        return shown | {"created_at": audit.created_at, "metadata": metadata, "via": {"channel": "api"}}

    def upload(self, seen: Seen) -> Reply:
        if not seen.first("filename"):
            raise Refusal(Reply(400, {"error": {"title": "Invalid attribute", "message": "filename is missing"}}))
        if seen.size_bytes > self.upload_limit_bytes:
            raise Refusal(Reply(413, {"error": "AttachmentTooLarge", "description": "Attachment is too large"}))
        number = next(self._numbers)
        media_type = seen.headers.get("content-type", "")
        file = File(number, seen.first("filename"), media_type, seen.size_bytes, seen.sha256)
        token = seen.first("token") or f"upload-{number}"
        upload = self.uploads.setdefault(token, Upload(token, [], time.monotonic()))
        upload.files.append(file)
        shown = [one.shown(self.url) for one in upload.files]
        return Reply(201, {"upload": {"token": token, "attachment": shown[-1], "attachments": shown}})

    def save_user(self, seen: Seen) -> Reply:
        given = mapping(seen.json["user"], "user", USER)
        before = len(self.users)
        user = self._user(given["email"], given.get("name", ""))
        user.name = given.get("name", user.name)
        return Reply(201 if len(self.users) > before else 200, {"user": user.shown()})

    def search_users(self, seen: Seen) -> Reply:
        wanted = seen.first("query").removeprefix("email:").lower()
        found = [one.shown() for one in self.users.values() if one.email.lower() == wanted]
        return Reply(200, {"users": found, "count": len(found), "next_page": None})

    def requested(self, seen: Seen, user_id: int) -> Reply:
        found = [one for one in self.tickets.values() if not one.deleted and one.fields["requester_id"] == user_id]
        newest = sorted(found, key=lambda one: (one.updated_at, one.id), reverse=True)
        return self._listed(newest[: int(seen.first("per_page") or 100)])

    def list_users(self, seen: Seen) -> Reply:
        roles = seen.query.get("role[]", [])
        found = [one.shown() for one in self.users.values() if one.role in roles or not roles]
        return Reply(200, {"users": found, "next_page": None, "count": len(found)})
