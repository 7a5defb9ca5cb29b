"""The service desk's calls, in the same buckets and at the same gates as the platform's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from connectors.http import Answer, Call, Upload, json_body
from connectors.jira.api import Api

ROOT: Final = "/rest/servicedeskapi"
MAKE_CUSTOMER: Final = "POST customer"
_LIST_CUSTOMERS: Final = "GET servicedesk customer"
#: the vendor lets 5 of these through in a second, and counts from when they arrive
_LISTS, _WINDOW_S = 5, 1.1


class DeskApi(Api):
    """Beneath ``/rest/servicedeskapi``; its answers to errors have another shape, which the rules know."""

    record = "request"

    def __init__(self, platform: Api) -> None:
        super().__init__(platform.http, ROOT, platform.site)
        self.http.limits.pace(_LIST_CUSTOMERS, _LISTS, _WINDOW_S)

    def make_customer(self, name: str, address: str) -> Answer:
        """Raises CustomerExists or MayMakeNone. Twice does no harm: the second is told that the first is there."""
        body = {"displayName": name, "email": address}
        return self._prepare("customer?strictConflictStatusCode=true", body, MAKE_CUSTOMER)

    def admit_customer(self, desk_id: str, account: str) -> None:
        """To the service desk; one who is there already stays."""
        self._prepare(f"servicedesk/{quote(desk_id)}/customer", {"accountIds": [account]}, "POST servicedesk customer")

    def customers(self, desk_id: str, query: Mapping[str, object]) -> list[dict[str, Any]]:
        """Of the service desk, one page."""
        path = f"{self.root}/servicedesk/{quote(desk_id)}/customer?{urlencode(query)}"
        call = Call(method="GET", path=path, buckets=(_LIST_CUSTOMERS,))
        return self.sent_in_turn(call, (_LIST_CUSTOMERS,)).items("values")

    def lay_down(self, desk_id: str, upload: Upload) -> list[str]:
        """Files that belong to nothing yet, and vanish by themselves; their temporary ids."""
        call = Call(
            method="POST",
            path=f"{self.root}/servicedesk/{quote(desk_id)}/attachTemporaryFile",
            upload=upload,
            headers={"X-Atlassian-Token": "no-check"},
            prepares=True,
            buckets=("POST attachTemporaryFile",),
        )
        laid = self.http.send(call).items("temporaryAttachments")
        return [str(one["temporaryAttachmentId"]) for one in laid if one.get("temporaryAttachmentId")]

    def _prepare(self, path: str, body: object, bucket: str) -> Answer:
        call = Call(method="POST", path=f"{self.root}/{path}", body=json_body(body), prepares=True, buckets=(bucket,))
        return self.http.send(call)
