"""simple-salesforce on our own wire: its requests go out through HttpClient, and nowhere else.

So the library makes the addresses and quotes the queries, while deadline, token, limits, and what each answer
means are those of every other connector. Nothing of requests' own network code runs.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from connectors.http import Answer, Call, HttpClient, Upload

#: what the library sets by itself, and HttpClient sets better
_NOT_OURS = frozenset({"authorization", "content-type", "x-prettyprint"})


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What the library cannot say of a call; see ``Call``."""

    case_id: str = ""
    safe_to_repeat: bool = False
    upload: Upload | None = None


class Wire(requests.Session):
    """A session whose every request is a Call. Raises ConnectorError, which the library lets pass."""

    def __init__(self, http: HttpClient) -> None:
        super().__init__()
        self._http = http

    # The library passes every argument that it does not know on to here, by name.
    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        marks: Marks = kwargs.get("marks") or Marks()
        call = Call(
            method=str(method),
            path=_path(str(url), kwargs.get("params")),
            body=_octets(kwargs.get("data")),
            upload=marks.upload,
            headers=_kept(kwargs.get("headers")),
            safe_to_repeat=marks.safe_to_repeat,
            case_id=marks.case_id,
        )
        return _response(self._http.send(call), str(url))


def _path(url: str, params: Mapping[str, str] | None) -> str:
    """Without scheme and host: whatever an answer names as its next page, only our own host is asked."""
    parts = urlsplit(url)
    query = urlencode(params) if params else parts.query
    return parts.path + (f"?{query}" if query else "")


def _octets(data: str | bytes | None) -> bytes:
    return data.encode() if isinstance(data, str) else data or b""


def _kept(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name: value for name, value in (headers or {}).items() if name.lower() not in _NOT_OURS}


def _response(answer: Answer, url: str) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    response.url = url
    response.encoding = "utf-8"
    response.raw = io.BytesIO(answer.body)
    return response
