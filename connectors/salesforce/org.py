"""One Salesforce org, asked through simple-salesforce: queries, single records, one composite a message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simple_salesforce.api import Salesforce as Library
from simple_salesforce.format import format_soql

from connectors.contract import CaseRef, InDoubt, Retryable
from connectors.http import HttpClient, Upload, json_body
from connectors.salesforce.rules import NotThere
from connectors.salesforce.wire import Marks, Wire

Record = Mapping[str, Any]

_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?\Z")
_CASE_FIELDS = "Id,CaseNumber,Status,IsClosed,ClosedDate"
#: so many values of 40 characters keep a query's address below the 16 KiB that Salesforce takes
QUERY_CHARS = 9_000


@dataclass(frozen=True)
class Part:
    """One subrequest of a composite; ``path`` is below the version's own."""

    name: str
    method: str
    path: str
    body: Record | None = None
    #: False keeps the org's assignment rules from running
    assign: bool = True


def is_id(value: object) -> bool:
    """Whether it looks like a record's id, so that it may stand in a path."""
    return isinstance(value, str) and bool(_ID.match(value))


class Org:
    """Safe for many threads. Raises ConnectorError only."""

    def __init__(self, http: HttpClient, version: str) -> None:
        self._http = http
        self._base = f"/services/data/v{version}/"
        # The token is HttpClient's affair; what the library is given instead never leaves this process.
        self._sf = Library(session_id="-", instance_url=http.base, version=version, session=Wire(http))

    def query(self, soql: str, /, **values: object) -> Iterator[Record]:
        """Every record, page by page; values are quoted into the query's places."""
        asked = format_soql(soql, **values)
        try:
            yield from self._sf.query_all_iter(asked)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Retryable(f"GET {self._base}query: the answer is no result of a query") from error

    def query_within(self, soql: str, values: Sequence[str], **more: object) -> Iterator[Record]:
        """As ``query``, for a list in the place ``{some}``, asked in as many queries as its length needs."""
        for some in _bundles(values):
            yield from self.query(soql, some=some, **more)

    def get(self, path: str, fields: str, case_id: str = "") -> Record:
        """One record. Raises NotThere, or CaseGone when ``case_id`` is given."""
        found = self._sf.restful(f"sobjects/{path}", params={"fields": fields}, marks=Marks(case_id=case_id))
        if not isinstance(found, dict):
            raise Retryable(f"GET {self._base}sobjects/{path}: the answer is no record")
        return found

    def by_key(self, kind: str, key_field: str, key: str, fields: str) -> Record | None:
        """The record of that kind with the key, or None. Consistent: what was committed is seen."""
        try:
            return self.get(f"{kind}/{key_field}/{key}", fields)
        except NotThere:
            return None

    def case(self, case_id: str) -> Record:
        """Number and state. Raises CaseGone."""
        return self.get(f"Case/{case_id}", _CASE_FIELDS, case_id)

    def describe(self, kind: str) -> Record:
        """What the org says of a kind of record. Raises NotThere."""
        found = self._sf.restful(f"sobjects/{kind}/describe")
        if not isinstance(found, dict) or not isinstance(found.get("fields"), list):
            raise Retryable(f"GET {self._base}sobjects/{kind}/describe: the answer describes nothing")
        return found

    def limits(self) -> Record:
        """The org's allocations."""
        found = self._sf.limits()
        return found if isinstance(found, dict) else {}

    def composite(self, parts: Sequence[Part], marks: Marks) -> dict[str, Record]:
        """All of it or nothing, in one call; the bodies of the answers by name."""
        body = json_body({"allOrNone": True, "compositeRequest": [self.shown(part) for part in parts]})
        answer = self._sf.restful("composite", method="POST", data=body, marks=marks)
        told = answer["compositeResponse"] if isinstance(answer, dict) else []
        return {str(one["referenceId"]): one["body"] for one in told if isinstance(one.get("body"), dict)}

    def shown(self, part: Part) -> dict[str, Any]:
        """The subrequest as it is sent."""
        sent: dict[str, Any] = {"method": part.method, "url": self._base + part.path, "referenceId": part.name}
        if not part.assign:
            sent["httpHeaders"] = {"Sforce-Auto-Assign": "FALSE"}
        return sent | ({"body": part.body} if part.body is not None else {})

    def upload(self, upload: Upload, case_id: str) -> None:
        """A file of its own, streamed."""
        self._sf.restful("sobjects/ContentVersion", method="POST", marks=Marks(upload=upload, case_id=case_id))

    def make_field(self, body: Record) -> None:
        """A custom field, by the Tooling API."""
        self._sf.restful("tooling/sobjects/CustomField", method="POST", data=json_body(body))

    def ref(self, case: Record) -> CaseRef:
        """A case as people quote it, with the page that agents open."""
        case_id, number = case.get("Id"), case.get("CaseNumber")
        if not isinstance(case_id, str) or not is_id(case_id) or not number:
            raise InDoubt("Salesforce's answer has a case without a number")
        return CaseRef(case_id, str(number), f"{self._http.base}/lightning/r/Case/{case_id}/view")

    @property
    def base(self) -> str:
        """The path that everything lies below, with a final slash."""
        return self._base


def _bundles(values: Sequence[str]) -> Iterator[list[str]]:
    bundle: list[str] = []
    room = QUERY_CHARS
    for value in values:
        cost = len(value.encode()) + sum(not one.isalnum() for one in value) * 2 + 9
        if bundle and cost > room:
            yield bundle
            bundle, room = [], QUERY_CHARS
        bundle.append(value)
        room -= cost
    if bundle:
        yield bundle
