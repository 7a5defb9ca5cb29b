"""Hearth, as a small server that keeps its state: cases, messages, files, and who may log in."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fake_wire import Handler, Server, Spoil

_FIELDS = ("priority", "owner", "queue", "status")


def _now() -> str:
    return datetime.now(UTC).isoformat()


@dataclass
class Message:
    ref: str
    text: str
    public: bool
    files: list[dict[str, Any]]
    by_agent: bool = False
    at: str = field(default_factory=_now)


@dataclass
class Case:
    id: int
    ref: str
    subject: str
    fields: dict[str, str]
    messages: list[Message]
    opened_at: str = field(default_factory=_now)
    changed_at: str = field(default_factory=_now)
    closed_at: str | None = None
    deleted: bool = False

    def touch(self, **fields: str) -> None:
        self.fields |= fields
        self.changed_at = _now()
        if "status" in fields:
            self.closed_at = self.changed_at if fields["status"] == "closed" else None

    def shown(self) -> dict[str, Any]:
        answers = [one.at for one in self.messages if one.by_agent] or [None]
        times = {"opened_at": self.opened_at, "changed_at": self.changed_at, "closed_at": self.closed_at}
        who = {"id": self.id, "ref": self.ref, "subject": self.subject, **self.fields}
        return who | times | {"first_answer_at": answers[0], "last_answer_at": answers[-1]}


class Refusal(Exception):
    """An answer other than the one hoped for."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class FakeHearth:
    """``start`` and ``stop`` may be called again, on the same port."""

    client, secret = "mail-to-case", "not-a-secret-but-long-enough"

    def __init__(self) -> None:
        self.port = 0
        self.lock = threading.RLock()
        self.cases: dict[int, Case] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.spoils: list[Spoil] = []
        self.log: list[str] = []
        self.token = secrets.token_hex(16)
        self.wanted_secret = self.secret
        self._server: Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = Server(("127.0.0.1", self.port), Handler)
        self._server.fake = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server:
            server.shutdown()
            server.server_close()
            self._thread.join()

    def spoiled(self, place: str) -> Spoil | None:
        with self.lock:
            self.log.append(place)
            return next((one for one in self.spoils if one.hits(place)), None)

    def answer(self, request: dict[str, Any]) -> tuple[int, Any]:
        """Status and JSON."""
        with self.lock:
            try:
                return self._routed(request)
            except Refusal as refusal:
                return refusal.status, {"error": refusal.error}

    def _routed(self, request: dict[str, Any]) -> tuple[int, Any]:
        place, query, body = request["place"], request["query"], request["json"]
        if place == "POST /login":
            return self._log_in(body)
        if request["authorization"] != f"Bearer {self.token}":
            raise Refusal(401, "who are you?")
        if place == "GET /me":
            return 200, {"user": self.client}
        if place == "POST /files":
            return self._keep_file(request)
        if place == "GET /cases":
            return 200, {"cases": [one.shown() for one in self._asked_for(query)]}
        if place == "POST /cases":
            return self._open(body)
        return self._on_case(place, body)

    def _log_in(self, body: Any) -> tuple[int, Any]:
        if body != {"client": self.client, "secret": self.wanted_secret}:
            raise Refusal(401, f"not known: {body}")
        self.token = secrets.token_hex(16)
        return 200, {"token": self.token, "expires_in": 3600}

    def _keep_file(self, request: dict[str, Any]) -> tuple[int, Any]:
        name = request["query"].get("name", [""])[0]
        number = f"F{len(self.files)}"
        self.files[number] = {"name": name, "size": request["size"], "sha256": request["sha256"]}
        return 201, {"file": number}

    def _asked_for(self, query: dict[str, list[str]]) -> list[Case]:
        living = [one for one in self.cases.values() if not one.deleted]
        if "ref" in query:
            return [one for one in living if query["ref"][0] in {message.ref for message in one.messages}]
        since, after = datetime.fromisoformat(query["changed_since"][0]), int(query["after"][0])
        found = [one for one in living if one.id > after and datetime.fromisoformat(one.changed_at) >= since]
        return found[:2]

    def _open(self, body: Any) -> tuple[int, Any]:
        message, fields = self._message(body["message"]), dict.fromkeys(_FIELDS, "") | {"status": "new"}
        fields |= {name: body[name] for name in _FIELDS if name in body}
        case = Case(len(self.cases) + 1, message.ref, body["subject"], fields, [message])
        self.cases[case.id] = case
        return 201, {"case": case.shown()}

    def _message(self, body: Any) -> Message:
        if body["ref"] in {one.ref for case in self.cases.values() for one in case.messages}:
            raise Refusal(409, "taken")
        if len(body["text"]) > 32_000 or "\x00" in body["text"]:
            raise Refusal(422, "text: too long, or with NUL")
        return Message(body["ref"], body["text"], body["public"], [self.files[one] for one in body.get("files", [])])

    def _on_case(self, place: str, body: Any) -> tuple[int, Any]:
        found = re.fullmatch(r"(POST|PATCH) /cases/(\d+)(/messages|/files)?", place)
        case = self.cases.get(int(found[2])) if found else None
        if found is None or case is None or case.deleted:
            raise Refusal(404, "no such case")
        if found[1] == "PATCH":
            case.touch(**body)
        elif found[3] == "/files":
            case.messages[-1].files.append(self.files[body["file"]])
        else:
            case.messages.append(self._message(body))
            case.touch(**({"status": "open"} if case.fields["status"] == "closed" and body["public"] else {}))
        return 200, {"case": case.shown()}
