"""A fake Jira, Cloud or Data Center: stateful and strict, on a real socket, with the vendor's limits and lag."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.http_server import FakeServer, Fault, Reply, Seen
from tests.fakes.jira.customers import desk_refusal
from tests.fakes.jira.desk import Desk
from tests.fakes.jira.form import FormReader
from tests.fakes.jira.meta import PROJECT, Meta
from tests.fakes.jira.records import STATUSES, Issue
from tests.fakes.jira.service_desk import ROOT, ServiceDesk
from tests.fakes.jira.strict import Refusal, refuse

__all__ = ["Fault", "Issue", "JiraFake", "Reply"]


class JiraFake(FakeServer):
    """Cloud: an account's token at the site or (with scopes) at the gateway, a service account at the gateway.

    Data Center: a personal token. Site, gateway and login are all at ``url``.
    """

    cloud_id = "11223344-a1b2-3b33-c444-def123456789"
    email = "robot@example.com"
    token = "not-a-token-but-long-enough"
    scoped_token = "not-a-scoped-token-but-long"
    client_id = "mail-to-case-client"
    client_secret = "not-a-secret-but-long-enough"

    def __init__(self, port: int = 0, *, data_center: bool = False) -> None:
        super().__init__(port)
        self.data_center = data_center
        self.root = "/rest/api/2" if data_center else "/rest/api/3"
        self.meta = Meta(adf=not data_center)
        self.desk = Desk(self.meta)
        self.service = ServiceDesk(self.desk)
        self.token_lives_s = 3600
        self.tokens: dict[str, float] = {}
        self.tokens_given = 0
        self.rate_headers: dict[str, str] = {}
        self._form = threading.local()

    @property
    def options(self) -> dict[str, Any]:
        """Constructor keywords: of a service account, or of Data Center's token."""
        if self.data_center:
            return {"url": self.url, "token": self.token, **self._place()}
        who = {"client_id": self.client_id, "client_secret": self.client_secret, "cloud_id": self.cloud_id}
        return {"url": self.url, "gateway": self.url, "login_url": self.url, **who, **self._place()}

    @property
    def token_options(self) -> dict[str, Any]:
        """Of an account's token without scopes."""
        return {"url": self.url, "email": self.email, "token": self.token, **self._place()}

    @property
    def scoped_options(self) -> dict[str, Any]:
        """Of an account's token with scopes."""
        gateway = {"gateway": self.url, "cloud_id": self.cloud_id}
        return self.token_options | {"token": self.scoped_token} | gateway

    @property
    def desk_options(self) -> dict[str, Any]:
        """Of a service account, for the service desk."""
        desk = {"service_desk": self.service.name, "request_type": "Email request"}
        return {name: one for name, one in self.options.items() if name not in ("project", "issue_type")} | desk

    def _place(self) -> dict[str, Any]:
        return {"project": PROJECT, "issue_type": "Task"}

    @property
    def issues(self) -> list[Issue]:
        """Those that are not deleted, oldest first."""
        with self.lock:
            return [one for one in self.desk.issues.values() if not one.deleted]

    def issue(self, id_: str) -> Issue:
        return self.desk.issues[int(id_)]

    def keys(self) -> list[str]:
        """Every key on every issue and comment, doubles included."""
        return [key for one in self.issues for key in one.keys]

    def calls(self, where: str = "") -> list[str]:
        """``METHOD /path`` of every request to the API, without its root, whose beginning is ``where``."""
        with self.lock:
            seen = [f"{one.method} {_below(one.path)}" for one, _ in self.log]
        return [one for one in seen if one.startswith(where)]

    def settle(self) -> None:
        """The index has caught up."""
        with self.lock:
            for one in self.desk.issues.values():
                one.indexed_at = 0.0

    def expire_tokens(self) -> None:
        with self.lock:
            self.tokens.clear()

    def watcher(self, path: str, headers: Mapping[str, str]) -> Callable[[bytes], None] | None:
        self._form.reader = None
        found = re.search(r"boundary=([\w'()+,./:=?-]+)", headers.get("content-type", ""))
        if not path.endswith(("/attachments", "/attachTemporaryFile")) or not found:
            return None
        self._form.reader = FormReader(found[1])
        feed: Callable[[bytes], None] = self._form.reader.feed
        return feed

    def answer(self, seen: Seen) -> Reply:
        self.desk.url = self.url + self.root
        try:
            reply = self._routed(seen)
        except Refusal as refusal:
            reply = refusal.reply
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"Invalid request payload: {error!r}"[:200]
            reply = Reply(400, {"errorMessages": [said], "errorMessage": said, "errors": {}})
        return Reply(reply.status, reply.body, self.rate_headers | dict(reply.headers))

    def _routed(self, seen: Seen) -> Reply:
        if seen.path.startswith("/_fake/"):
            return self._control(seen)
        if (seen.method, seen.path) == ("POST", "/oauth/token"):
            return self._give_token(seen.json)
        gateway = f"/ex/jira/{self.cloud_id}"
        self._admit(seen, at_gateway=seen.path.startswith("/ex/jira/"))
        path = seen.path.removeprefix(gateway)
        if not self.data_center and re.fullmatch(r"/rest/api/[23]/search", path):
            raise refuse(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")
        for method, pattern, handler in (*self._routes(), *self._desk_routes()):
            found = re.fullmatch(pattern if pattern.startswith(ROOT) else self.root + pattern, path)
            if found and method == seen.method:
                return handler(seen, *found.groups())
        raise Refusal(Reply(404, b"<html>Oops, you've found a dead link.</html>", {"Content-Type": "text/html"}))

    def _control(self, seen: Seen) -> Reply:
        """For a fake in a process of its own: read what it holds, plan a fault, let the index catch up."""
        if seen.path == "/_fake/faults":
            self.faults.append(Fault(**seen.json))
        if seen.path == "/_fake/settle":
            self.settle()
        return Reply(200, self.snapshot())

    def snapshot(self) -> dict[str, Any]:
        """Issues, comments, files and keys, as plain values."""
        return {"issues": [_plain(one) for one in self.issues], "requests": len(self.log), "keys": self.keys()}

    def _admit(self, seen: Seen, *, at_gateway: bool) -> None:
        kind, _, value = seen.headers.get("authorization", "").partition(" ")
        if at_gateway:
            scoped = base64.b64encode(f"{self.email}:{self.scoped_token}".encode()).decode()
            known = time.monotonic() < self.tokens.get(value, 0.0) if kind == "Bearer" else value == scoped
        elif self.data_center:
            known = (kind, value) == ("Bearer", self.token)
        else:
            known = (kind, value) == ("Basic", base64.b64encode(f"{self.email}:{self.token}".encode()).decode())
        if not known:
            headers = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
            raise refuse(401, "Client must be authenticated to access this resource.", headers=headers)

    def _give_token(self, body: Any) -> Reply:
        right = body.get("client_id") == self.client_id and body.get("client_secret") == self.client_secret
        if body.get("grant_type") != "client_credentials" or not right:
            said = {"error": "access_denied", "error_description": f"refused: {body.get('client_secret')}"}
            return Reply(401, said)
        self.tokens_given += 1
        value = f"access-{self.tokens_given:06d}-{time.monotonic_ns():x}"
        self.tokens[value] = time.monotonic() + self.token_lives_s
        return Reply(200, {"access_token": value, "token_type": "Bearer", "expires_in": self.token_lives_s})

    def _attach(self, seen: Seen, which: str) -> Reply:
        reader = self._form.reader
        if reader is None or not reader.ended:
            raise refuse(400, "The form is not complete.")
        return self.desk.attach(seen, which, reader.parts)

    def _routes(self) -> tuple[tuple[str, str, Callable[..., Reply]], ...]:
        desk, meta, one = self.desk, self.meta, r"/issue/([\w-]+)"
        return (
            ("POST", "/issue", desk.create),
            ("GET", one, desk.show),
            ("PUT", one, desk.edit),
            ("GET", f"{one}/editmeta", lambda _, which: (desk.living(which), meta.edit_screen())[1]),
            ("POST", f"{one}/comment", desk.comment),
            ("GET", f"{one}/comment", desk.list_comments),
            ("POST", f"{one}/attachments", self._attach),
            ("GET", f"{one}/transitions", desk.transitions),
            ("POST", f"{one}/transitions", desk.move),
            ("GET", "/attachment/meta", meta.attachment_meta),
            ("GET", "/myself", meta.myself),
            ("GET", "/mypermissions", meta.permissions),
            ("GET", r"/project/(\w+)", meta.project),
            ("GET", r"/issue/createmeta/(\w+)/issuetypes", meta.types),
            ("GET", r"/issue/createmeta/(\w+)/issuetypes/(\w+)", meta.create_screen),
            ("GET", "/user/assignable/search", meta.assignable),
            ("GET", "/user/search", meta.search_users),
            *(self._old_routes() if self.data_center else self._new_routes()),
        )

    def _desk_routes(self) -> tuple[tuple[str, str, Callable[..., Reply]], ...]:
        return () if self.data_center else self.service.routes(self._lay_down)

    def _lay_down(self, seen: Seen, desk_id: str) -> Reply:
        reader = self._form.reader
        if reader is None or not reader.ended:
            raise desk_refusal(400, "The form is not complete.")
        return self.service.lay_down(seen, desk_id, reader.parts)

    def _old_routes(self) -> tuple[tuple[str, str, Callable[..., Reply]], ...]:
        return (("POST", "/search", self.desk.old_search),)

    def _new_routes(self) -> tuple[tuple[str, str, Callable[..., Reply]], ...]:
        return (
            ("POST", "/search/jql", self.desk.search),
            ("POST", "/issue/bulkfetch", self.desk.fetch),
            ("POST", "/changelog/bulkfetch", self.desk.changes),
            ("POST", "/comment/list", self.desk.comments_by_id),
        )


def _plain(issue: Issue) -> dict[str, Any]:
    comments = [{"body": one.body, "public": one.public, "properties": one.properties} for one in issue.comments]
    files = [{"name": one.name, "size": one.size, "sha256": one.sha256, "after": one.after} for one in issue.files]
    shown = {"id": str(issue.id), "key": issue.key, "fields": issue.fields, "status": STATUSES[issue.status][0]}
    people = {"reporter": issue.reporter.email, "participants": issue.participants}
    return {**shown, **people, "keys": issue.keys, "comments": comments, "attachments": files}


def _below(path: str) -> str:
    return re.sub(r"^(/ex/jira/[\w-]+)?/rest(/api/\d|(?=/servicedeskapi))", "", path)
