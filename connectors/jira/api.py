"""Jira's calls: each counts in the bucket of its kind and, when it writes, in that of its issue."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from connectors.contract import CaseGone, CaseRef, Delivery, Throttled
from connectors.http import Answer, Call, HttpClient, Upload, json_body

#: so many writes to one issue within so many seconds; Jira's are 2 and 30, but it counts from when they arrive
PACES: Final = ((20, 2.2), (100, 30.5))
#: A gate for every so many issues keeps memory flat; two busy issues seldom share one, and then wait for seconds.
_GATES: Final = 4096
_LONGEST_TURN_S: Final = 2.5
_ISSUE_ID = re.compile(r"[0-9]{1,19}\Z")


class Api:
    """Beneath ``root``, for example ``/rest/api/3``; ``site`` is where people open issues."""

    #: what an issue is called in the paths beneath it
    record = "issue"

    def __init__(self, http: HttpClient, root: str, site: str) -> None:
        self.http = http
        self.root = root
        self.site = site.rstrip("/")

    def get(self, kind: str, path: str, query: Mapping[str, object] | None = None, *, case_id: str = "") -> Answer:
        """A read. ``kind`` names its endpoint, ``path`` is what comes after the root, escaped."""
        asked = f"?{urlencode(query)}" if query else ""
        call = Call(method="GET", path=f"{self.root}/{path}{asked}", case_id=case_id, buckets=(f"GET {kind}",))
        return self.http.send(call)

    def ask(self, kind: str, path: str, body: object) -> Answer:
        """A read whose question is too long for an address."""
        call = Call(
            method="POST",
            path=f"{self.root}/{path}",
            body=json_body(body),
            prepares=True,
            buckets=(f"POST {kind}",),
        )
        return self.http.send(call)

    def create(self, kind: str, path: str, body: object) -> Answer:
        """A write that makes something of its own."""
        call = Call(method="POST", path=f"{self.root}/{path}", body=json_body(body), buckets=(f"POST {kind}",))
        return self.http.send(call)

    def write(self, kind: str, issue_id: str, body: object, method: str = "POST") -> Answer:
        """A write to an issue; a PUT may be repeated, since it says how things shall be."""
        below = f"/{kind}" if method == "POST" else ""
        return self._paced(
            Call(
                method=method,
                path=f"{self.root}/{self.record}/{issue_id}{below}",
                body=json_body(body),
                case_id=issue_id,
                safe_to_repeat=method == "PUT",
                buckets=(f"{method} {kind}", *_gates(issue_id)),
            )
        )

    def upload(self, issue_id: str, upload: Upload) -> Answer:
        """Files to an issue, as one form."""
        return self._paced(
            Call(
                method="POST",
                path=f"{self.root}/issue/{issue_id}/attachments",
                upload=upload,
                headers={"X-Atlassian-Token": "no-check"},
                case_id=issue_id,
                buckets=("POST attachments", *_gates(issue_id)),
            )
        )

    def _paced(self, call: Call) -> Answer:
        gates = _gates(call.case_id)
        for gate, (calls, window_s) in zip(gates, PACES, strict=True):
            self.http.limits.pace(gate, calls, window_s)
        try:
            return self.sent_in_turn(call, gates)
        except Throttled as error:
            if error.bucket not in gates:
                raise
            # The worker knows an issue by its id, and nothing of our gates.
            raise Throttled(str(error), error.retry_after_s or 1.0, call.case_id) from error

    def sent_in_turn(self, call: Call, gates: tuple[str, ...]) -> Answer:
        """A short wait for one's turn at one of our own gates is cheaper than to come back later."""
        try:
            return self.http.send(call)
        except Throttled as error:
            if error.bucket not in gates or (error.retry_after_s or 0.0) > _LONGEST_TURN_S:
                raise
            time.sleep(error.retry_after_s or 0.0)
        return self.http.send(call)

    def ref(self, issue: Mapping[str, Any]) -> CaseRef:
        """The issue as people quote it, with the page that they open."""
        number = str(issue["key"])
        return CaseRef(str(issue["id"]), number, f"{self.site}/browse/{quote(number)}")


def _gates(issue_id: str) -> tuple[str, ...]:
    gate = int(issue_id) % _GATES
    return tuple(f"writes to an issue, {gate}, {window_s:g} s" for _, window_s in PACES)


def is_issue_id(text: str) -> bool:
    """Whether it may be put into an address as an issue's id."""
    return bool(_ISSUE_ID.match(text))


def issue_of(delivery: Delivery) -> CaseRef:
    """Where it is to be appended. Raises CaseGone for what cannot be one of Jira's ids."""
    if delivery.case is None or not is_issue_id(delivery.case.id):
        raise CaseGone("there is no issue with such an id")
    return delivery.case
