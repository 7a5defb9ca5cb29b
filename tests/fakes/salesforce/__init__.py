"""A fake Salesforce org: stateful and strict, on a real socket, with transactions, locks, rules and an allowance."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.fakes.http_server import FakeServer, Fault, Reply, Seen
from tests.fakes.salesforce.asking import Queries, by_external_id, described, one_record
from tests.fakes.salesforce.composite import run_composite
from tests.fakes.salesforce.door import Door
from tests.fakes.salesforce.form import Form
from tests.fakes.salesforce.org import Org
from tests.fakes.salesforce.snapshot import snapshot
from tests.fakes.salesforce.strict import Refusal

__all__ = ["Fault", "Org", "Refusal", "Reply", "SalesforceFake"]

VERSION = "67.0"


class SalesforceFake(FakeServer):
    """Log in with ``client_id`` and ``client_secret``, or by an assertion that ``door.public_key`` fits."""

    def __init__(self, port: int = 0, state: Path | None = None, key_field: str = "E2C_Key__c") -> None:
        super().__init__(port)
        self.key_field = key_field
        self.org = Org(key_field)
        self.door = Door()
        self.queries = Queries(self.org)
        self.state = state
        self.calls_used = 0
        self.calls_allowed = 1_000_000
        self.base = f"/services/data/v{VERSION}/"
        self._forms = threading.local()

    @property
    def options(self) -> dict[str, Any]:
        """Constructor keywords of the connector, by client credentials."""
        more = {"client_id": self.door.client_id, "client_secret": Door.client_secret}
        return {"url": self.url, "key_field": self.key_field, **more}

    def keys(self) -> list[str]:
        """Every key on every message, doubles included."""
        with self.lock:
            messages = [one[self.key_field] for one in self.org.store.living("EmailMessage") if self.key_field in one]
            cases = [one[self.key_field] for one in self.org.store.living("Case") if one.get(self.key_field)]
            return [*messages, *self._stamps(), *(one for one in cases if one not in messages)]

    def _stamps(self) -> list[str]:
        """Of comments that stand for messages, in an org without EmailMessage."""
        if "EmailMessage" in self.org.store.tables:
            return []
        comments = "\n".join(one["CommentBody"] for one in self.org.store.living("CaseComment"))
        return re.findall(r"\[mail-to-case ([0-9a-f]{40})\]", comments)

    def watcher(self, path: str, headers: Mapping[str, str]) -> Callable[[bytes], None] | None:
        self._forms.one = None
        if path.endswith("/composite"):
            # Longer than what is kept of a body.
            self._forms.one = bytearray()
            return self._forms.one.extend
        if not headers.get("content-type", "").startswith("multipart/form-data"):
            return None
        self._forms.one = Form(headers["content-type"])
        return self._feed

    def _feed(self, chunk: bytes) -> None:
        form = self._forms.one
        try:
            if isinstance(form, Form):
                form.feed(chunk)
        except (Refusal, ValueError) as refusal:
            self._forms.one = refusal

    def answer(self, seen: Seen) -> Reply:
        self.org.store.transaction()
        try:
            reply = self._routed(seen)
        except Refusal as refusal:
            self.org.store.roll_back()
            reply = Reply(refusal.status, refusal.body)
        self._save(seen)
        used = {"Sforce-Limit-Info": f"api-usage={self.calls_used}/{self.calls_allowed}"}
        return Reply(reply.status, reply.body, used | dict(reply.headers))

    def _routed(self, seen: Seen) -> Reply:
        if seen.path.startswith("/_fake/"):
            return self._control(seen)
        if (seen.method, seen.path) == ("POST", "/services/oauth2/token"):
            fields = parse_qs(seen.body.decode(), keep_blank_values=True)
            return self.door.token(seen, {name: values[0] for name, values in fields.items()}, self.url)
        self.door.admit(seen)
        if not seen.path.startswith(self.base):
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        self._count()
        return self._granted(seen, seen.path.removeprefix(self.base).removesuffix("/"))

    def _count(self) -> None:
        self.calls_used += 1
        if self.calls_used > self.calls_allowed:
            raise Refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def _granted(self, seen: Seen, path: str) -> Reply:
        if (seen.method, path) == ("POST", "composite"):
            return Reply(200, run_composite(self.org.store, self._json(seen), self._sub))
        if (seen.method, path) == ("GET", "query"):
            return Reply(200, self.queries.run(self.base, seen.first("q")))
        if seen.method == "GET" and path.startswith("query/"):
            return Reply(200, self.queries.more(self.base, path.removeprefix("query/")))
        if (seen.method, path) == ("GET", "limits"):
            left = max(self.calls_allowed - self.calls_used, 0)
            return Reply(200, {"DailyApiRequests": {"Max": self.calls_allowed, "Remaining": left}})
        if (seen.method, path) == ("POST", "tooling/sobjects/CustomField"):
            return self.door.make_field(self.org, self._json(seen))
        return self._record(seen, path)

    def _record(self, seen: Seen, path: str) -> Reply:
        if path == "sobjects/ContentVersion" and seen.headers.get("content-type", "").startswith("multipart/"):
            return Reply(201, {"id": self._keep_form(), "success": True, "errors": []})
        body = self._json(seen) if seen.method in ("POST", "PATCH") else None
        status, shown = self._run(seen.method, path, seen.first("fields"), (body, dict(seen.headers)))
        return Reply(status, b"" if shown is None else shown)

    def _keep_form(self) -> str:
        form, self._forms.one = self._forms.one, None
        if isinstance(form, Refusal):
            raise form
        if not isinstance(form, Form):
            raise Refusal(400, "INVALID_MULTIPART_REQUEST", "no form was read")
        record, size, sha256 = form.finish()
        if set(record) - {"Title", "PathOnClient", "FirstPublishLocationId"} or self.org.full:
            raise Refusal(400, "STORAGE_LIMIT_EXCEEDED" if self.org.full else "INVALID_FIELD", "not taken")
        return self.org.keep_file(record, size, sha256)

    def _json(self, seen: Seen) -> Any:
        if "json" not in seen.headers.get("content-type", ""):
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type not supported")
        try:
            whole = self._forms.one
            return json.loads(whole if isinstance(whole, bytearray) else seen.body)
        except ValueError as error:
            raise Refusal(
                400, "JSON_PARSER_ERROR", "The HTTP entity body is required, but this one is no JSON"
            ) from error

    def _sub(self, method: str, url: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        path, _, query = url.partition("?")
        if not path.startswith(self.base):
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        fields = parse_qs(query).get("fields", [""])[0]
        return self._run(method, path.removeprefix(self.base), fields, (body, headers))

    def _run(self, method: str, path: str, fields: str, given: tuple[Any, dict[str, str]]) -> tuple[int, Any]:
        """A single record's request, alone or within a composite."""
        parts = [unquote(one) for one in path.split("/")]
        if parts[0] != "sobjects" or not 2 <= len(parts) <= 4:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        kind, rest = parts[1], parts[2:]
        if method == "POST" and not rest:
            return 201, {"id": self.org.insert(kind, *given), "success": True, "errors": []}
        if method == "PATCH" and len(rest) == 1:
            self.org.patch(kind, rest[0], *given)
            return 204, None
        if method != "GET" or not rest:
            raise Refusal(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed")
        if rest == ["describe"]:
            return 200, described(self.org, kind)
        row = by_external_id(self.org, kind, *rest) if len(rest) == 2 else self.org.store.get(kind, rest[0])
        return 200, one_record(self.org, self.base, kind, row, fields)

    def _control(self, seen: Seen) -> Reply:
        """For a fake in a process of its own: read what it holds, plan a fault."""
        if seen.path == "/_fake/faults":
            self.faults.append(Fault(**seen.json))
        return Reply(200, self.snapshot())

    def snapshot(self) -> dict[str, Any]:
        """Cases, messages, files and keys, as plain values."""
        with self.lock:
            return snapshot(self.org, self.key_field) | {"requests": len(self.log), "keys": self.keys()}

    def _save(self, seen: Seen) -> None:
        if self.state is not None and seen.method != "GET":
            fresh = self.state.with_suffix(".new")
            fresh.write_text(json.dumps(self.snapshot()))
            fresh.replace(self.state)

    def close_case(self, case_id: str) -> None:
        """As an agent does, a moment ago."""
        with self.lock:
            closed = time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime(time.time() - 2))
            self.org.store.change("Case", case_id, {"Status": "Closed", "IsClosed": True, "ClosedDate": closed})
