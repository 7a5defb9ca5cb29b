"""Files on their way to a message: private, streamed, and under a name that tells whether they are there already."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Final
from urllib.parse import quote

from connectors.contract import Attachment, Delivery, InDoubt, Rejected, Retryable
from connectors.http import Call
from connectors.hubspot import multipart
from connectors.hubspot.bodies import Enclosed, is_cut
from connectors.hubspot.records import Records
from connectors.hubspot.rules import NotThere
from connectors.hubspot.words import one_line
from connectors.recent import Recent

MAX_BYTES: Final = 100_000_000
_STEM_BYTES = 100
_SUFFIX_BYTES = 20
_LIVES_S = 6 * 3600.0
_ODD = re.compile(r"[^\w.()+-]+")


class Files:
    """Remembers what it has uploaded, so that a later try within the process uploads nothing again."""

    def __init__(self, records: Records, folder: str) -> None:
        self._records = records
        self._folder = "/" + folder.strip("/")
        self._uploaded: Recent[str] = Recent(10_000, _LIVES_S)
        #: keys of deliveries whose files an earlier try, maybe another process's, may have uploaded
        self._doubted: Recent[bool] = Recent(20_000, _LIVES_S)

    def doubt(self, key: str) -> None:
        """From now on look before uploading a file of this delivery."""
        self._doubted.put(key, True)

    def enclose(self, delivery: Delivery) -> Enclosed:
        """Upload what fits. Raises ConnectorError, but a file that HubSpot refuses only becomes a notice."""
        ids, notices = [], []
        for position, attachment in enumerate(to_send(delivery)):
            try:
                ids.append(self._number(delivery.key, stored_name(delivery.key, position, attachment), attachment))
            except Rejected as error:
                notices.append(f"{label(attachment)} ({attachment.size_bytes} bytes) is not attached: {error}")
        return Enclosed(tuple(ids), tuple(notices))

    def _number(self, key: str, name: str, attachment: Attachment) -> str:
        if attachment.size_bytes > MAX_BYTES:
            raise Rejected(f"larger than the {MAX_BYTES // 1_000_000} MB that are sent")
        known = self._uploaded.get(name) or (self._look(name) if self._doubted.get(key) else None)
        if not known:
            known = self._upload(key, name, attachment)
        self._uploaded.put(name, known)
        return known

    def _upload(self, key: str, name: str, attachment: Attachment) -> str:
        try:
            return self._send(name, attachment)
        except InDoubt as doubt:
            self.doubt(key)
            found = self._look(name)
            if not found:
                # A loose file is nothing that anybody sees, so the delivery itself is not in doubt.
                raise Retryable(str(doubt)) from doubt
            return found

    def _send(self, name: str, attachment: Attachment) -> str:
        fields = {"fileName": name, "folderPath": self._folder, "options": json.dumps({"access": "PRIVATE"})}
        upload = multipart.form(fields, name, attachment.open, attachment.size_bytes)
        path = f"/files/{self._records.version}/files"
        return str(self._records.http.send(Call(method="POST", path=path, upload=upload)).value("id"))

    def _look(self, name: str) -> str | None:
        path = f"/files/{self._records.version}/files/stat/{quote(f'{self._folder[1:]}/{name}')}"
        try:
            return str(self._records.get(path).value("file", "id"))
        except NotThere:
            return None


def to_send(delivery: Delivery) -> tuple[Attachment, ...]:
    """The attachments and, when the text does not fit, the message as received."""
    source = delivery.source
    return (*delivery.attachments, source) if source and is_cut(delivery) else delivery.attachments


def stored_name(key: str, position: int, attachment: Attachment) -> str:
    """The same for every try of a delivery, and no other delivery's: deleting one mail's file spares all others."""
    digest = hashlib.sha256(f"{key} {position} {attachment.sha256}".encode()).hexdigest()
    return f"{digest[:16]}-{label(attachment)}"


def label(attachment: Attachment) -> str:
    """The file's name without a path and without any character that a path, a header or a reader could trip over."""
    base = _ODD.sub("_", one_line(re.split(r"[/\\]", attachment.name)[-1])).strip("._")
    stem, dot, suffix = base.rpartition(".")
    if not dot or len(suffix.encode()) > _SUFFIX_BYTES:
        stem, dot, suffix = base, "", ""
    return (_cut(stem, _STEM_BYTES) or "attachment") + dot + suffix


def _cut(text: str, size_bytes: int) -> str:
    return text.encode()[:size_bytes].decode("utf-8", "ignore")
