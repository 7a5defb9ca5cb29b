"""Calls and a server to try the HTTP room with."""

from __future__ import annotations

import pytest

from connectors.contract import (
    ConnectorError,
)
from connectors.http import (
    Call,
    HttpClient,
)
from tests.fakes.http_server import FakeServer, Reply, Seen


class Echo(FakeServer):
    """Answers what it is told to, else the request's size."""

    good = "Bearer good"

    def answer(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization", self.good) != self.good:
            return Reply(401, {"error": f"unknown: {seen.headers['authorization']}"})
        return Reply(200, {"size": seen.size_bytes, "n": len(self.log)})


READ = Call(method="GET", path="/x?who=ann@example.com")
WRITE = Call(method="POST", path="/x", body=b"{}")
KEYED = Call(method="POST", path="/x", body=b"{}", safe_to_repeat=True)
ON_CASE = Call(method="PUT", path="/cases/1", body=b"{}", case_id="1")


def error_of(client: HttpClient, call: Call) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        client.send(call)
    return caught.value
