"""Hearth as a connector: files first, then one request that makes the record and stamps it with the key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.contract import (
    Attachment,
    AuthFailed,
    Capabilities,
    CaseGone,
    CaseRef,
    CaseState,
    Change,
    Connector,
    Dedupe,
    Delivery,
    Finding,
    InDoubt,
    Request,
    Severity,
)
from connectors.http import Call, ClientCredentials, HttpClient, Secrets, Token, Upload, json_body, url_problem
from mail_to_case_hearth import words
from mail_to_case_hearth.words import HearthRules, Taken


class Hearth(Connector):
    """Options: url, client, secret (given as secret_env)."""

    capabilities = Capabilities(
        dedupe=Dedupe.NATIVE,
        internal_notes=True,
        updates=True,
        reads_back=True,
        answers=True,
        max_text_chars=words.MAX_TEXT_CHARS,
        max_attachment_bytes=words.MAX_FILE_BYTES,
    )

    def __init__(self, *, url: str, client: str, secret: str) -> None:
        self._client, self._secret = client, secret
        self._http = HttpClient(url, HearthRules(), Secrets([secret]))
        self._http.auth = ClientCredentials(self._log_in)

    @classmethod
    def misfits(cls, options: Mapping[str, object]) -> Sequence[tuple[str, str]]:
        problem = url_problem(str(options["url"]))
        return [("url", problem)] if problem else []

    @property
    def target(self) -> str:
        return self._http.host

    def check(self) -> Sequence[Finding]:
        try:
            user = self._http.send(Call(method="GET", path="/me")).value("user")
        except AuthFailed as error:
            return [Finding(Severity.STOPS_MAIL, str(error), "look at client and secret_env")]
        return [Finding(Severity.OK, f"Hearth knows us as {user}")]

    def find(self, delivery: Delivery) -> CaseRef | None:
        answer = self._http.send(Call(method="GET", path=f"/cases?ref={quote(delivery.key)}"))
        return next((words.ref_of(one) for one in answer.items("cases")), None)

    def create(self, delivery: Delivery) -> CaseRef:
        return self._write(delivery, "/cases", words.case_body(delivery))

    def append(self, delivery: Delivery) -> CaseRef:
        return self._write(delivery, f"{_path(delivery.case)}/messages", {}, delivery.case)

    def update(self, case: CaseRef, change: Change) -> None:
        words.refuse_unknown(change.fields)
        if change.fields:
            body = json_body(dict(change.fields))
            self._http.send(Call(method="PATCH", path=_path(case), body=body, case_id=case.id, safe_to_repeat=True))
        if change.note:
            body = json_body({"ref": change.key, "text": words.clean(change.note), "public": False})
            try:
                self._http.send(Call(method="POST", path=f"{_path(case)}/messages", body=body, case_id=case.id))
            except Taken:
                # A try before this one got through.
                return

    def read_back(self, since: datetime) -> Iterator[CaseState]:
        after = 0
        while True:
            path = f"/cases?changed_since={quote(since.isoformat())}&after={after}"
            page = self._http.send(Call(method="GET", path=path)).items("cases")
            if not page:
                return
            yield from map(words.state_of, page)
            after = page[-1]["id"]

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        parts = words.parts_of(delivery)
        uploads = [Request("POST", _upload_path(one)) for one in parts.files]
        body = words.message_body(delivery, parts.text, [f"FILE-{number}" for number in range(len(uploads))])
        path = f"{_path(delivery.case)}/messages" if delivery.case else "/cases"
        whole = body if delivery.case else words.case_body(delivery) | {"message": body}
        return [*uploads, Request("POST", path, json.dumps(whole, indent=2))]

    def close(self) -> None:
        self._http.close()

    def _log_in(self) -> Token:
        body = json_body({"client": self._client, "secret": self._secret})
        answer = self._http.send(Call(method="POST", path="/login", body=body, prepares=True, authorized=False))
        self._http.secrets.add(str(answer.value("token")))
        return Token(str(answer.value("token")), float(answer.number("expires_in")))

    def _write(self, delivery: Delivery, path: str, more: dict[str, Any], case: CaseRef | None = None) -> CaseRef:
        parts = words.parts_of(delivery)
        message = words.message_body(delivery, parts.text, [self._upload(one) for one in parts.files])
        body = message if case else more | {"message": message}
        try:
            answer = self._http.send(
                Call(method="POST", path=path, body=json_body(body), case_id=case.id if case else "")
            )
        except Taken as taken:
            found = self.find(delivery)
            if found is None:
                raise InDoubt(str(taken)) from taken
            return found
        return words.ref_of(answer.value("case"))

    def _upload(self, file: Attachment) -> str:
        """A loose file, which nobody sees until a message names it; so an upload may be repeated."""
        upload = Upload(file.open, file.size_bytes, "application/octet-stream")
        answer = self._http.send(Call(method="POST", path=_upload_path(file), upload=upload, prepares=True))
        return str(answer.value("file"))


def _upload_path(file: Attachment) -> str:
    return f"/files?name={quote(file.name[:100], safe='', errors='replace')}"


def _path(case: CaseRef | None) -> str:
    """Raises CaseGone for what cannot be one of Hearth's numbers."""
    if case is None or not (case.id.isascii() and case.id.isdigit()):
        raise CaseGone("Hearth has no such case")
    return f"/cases/{case.id}"
