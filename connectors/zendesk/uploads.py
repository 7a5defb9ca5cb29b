"""Files on their way to a ticket: streamed ahead of it, named harmlessly, and remembered for a second try."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from connectors.contract import Attachment, Delivery, Rejected
from connectors.http import Call, HttpClient, Upload
from connectors.recent import Recent

MAX_BYTES: Final = 50_000_000
_NAME_BYTES = 150
#: Zendesk drops a file that no ticket took after 60 minutes
_TOKEN_LIVES_S = 50 * 60.0
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"*:<>?|\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\Z", re.IGNORECASE)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.IGNORECASE)


@dataclass(frozen=True)
class Enclosed:
    """The tokens of what was uploaded, and a line for each file that could not be."""

    tokens: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class Uploads:
    """Remembers tokens by delivery and content, so that a second try within the process has the same body."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._tokens: Recent[str] = Recent(5_000, _TOKEN_LIVES_S)

    def enclose(self, key: str, attachments: tuple[Attachment, ...]) -> Enclosed:
        """Upload what fits. Raises ConnectorError, but a file that Zendesk refuses only becomes a notice."""
        tokens, notices = [], []
        for position, attachment in enumerate(attachments):
            try:
                tokens.append(self._token((key, position, attachment.sha256), attachment))
            except Rejected as error:
                notices.append(f"{safe_name(attachment)} ({attachment.size_bytes} bytes) is not attached: {error}")
        return Enclosed(tuple(tokens), tuple(notices))

    def _token(self, place: tuple[str, int, str], attachment: Attachment) -> str:
        if attachment.size_bytes > MAX_BYTES:
            raise Rejected("larger than the 50 MB that Zendesk takes")
        known = self._tokens.get(place)
        if known is None:
            known = str(self._http.send(_call(attachment)).value("upload", "token"))
            self._tokens.put(place, known)
        return known


def _call(attachment: Attachment) -> Call:
    media_type = attachment.content_type if _MEDIA_TYPE.match(attachment.content_type) else "application/octet-stream"
    path = "/api/v2/uploads?" + urlencode({"filename": safe_name(attachment)})
    upload = Upload(attachment.open, attachment.size_bytes, media_type)
    return Call(method="POST", path=path, upload=upload, prepares=True)


def safe_name(attachment: Attachment) -> str:
    """The file's label: no path, no control or direction marks, no device name, at most 150 bytes."""
    base = re.split(r"[/\\]", attachment.name)[-1]
    base = _UNSAFE.sub("_", base).strip(". ")
    stem, dot, suffix = base.rpartition(".")
    if dot and len(suffix.encode()) <= 20:
        base = _cut(stem, _NAME_BYTES - len(suffix.encode()) - 1) + dot + suffix
    base = _cut(base, _NAME_BYTES)
    return f"_{base}" if _RESERVED.match(base) else base or f"attachment-{attachment.sha256[:12]}"


def _cut(text: str, size_bytes: int) -> str:
    return text.encode()[:size_bytes].decode("utf-8", "ignore")


def originals(delivery: Delivery) -> tuple[Attachment, ...]:
    """The message as received, if it is at hand and fits."""
    return (delivery.source,) if delivery.source and delivery.source.size_bytes <= MAX_BYTES else ()
