"""Files of a message: small ones within its composite, large ones streamed from the disk by themselves."""

from __future__ import annotations

import base64
import io
import re
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, cast

from connectors.contract import Attachment, Rejected
from connectors.http import Upload, json_body
from connectors.salesforce.org import Org, Part
from connectors.salesforce.words import clean, cut_bytes

MAX_BYTES: Final = 2_000_000_000
#: of all files within one composite; in base64 and in JSON it is in memory thrice
WITHIN_BYTES: Final = 1_500_000
#: a composite has 25 places, and the records need some
WITHIN_FILES: Final = 20
_NAME_BYTES = 150
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"*:<>?|;\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.IGNORECASE)


@dataclass(frozen=True)
class Enclosed:
    """Where each file of a message goes, and a line for each that cannot go anywhere."""

    within: tuple[Attachment, ...] = ()
    apart: tuple[Attachment, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[Attachment, ...]:
        """Those that the CRM must hold in the end."""
        return self.within + self.apart

    def without(self, part: str, why: str) -> Enclosed | None:
        """The same without the file that a composite's part names; None when the part is no file's."""
        number = part.removeprefix("file")
        if not part.startswith("file") or not number.isdigit() or int(number) >= len(self.within):
            return None
        refused = self.within[int(number)]
        kept = tuple(one for one in self.within if one is not refused)
        return replace(self, within=kept, notices=(*self.notices, not_attached(refused, why)))

    def none_within(self) -> Enclosed:
        """Every file by itself, for a composite that was too large."""
        return replace(self, within=(), apart=self.within + self.apart)

    def parts(self, place: str, encode: Callable[[Attachment], str]) -> list[Part]:
        """The subrequests of the files within; ``place`` is the record that they are published at."""
        return [
            Part(
                f"file{number}",
                "POST",
                "sobjects/ContentVersion",
                {**_version(one, place), "VersionData": encode(one)},
            )
            for number, one in enumerate(self.within)
        ]


def enclose(files: Sequence[Attachment]) -> Enclosed:
    """The same files always take the same ways."""
    within: list[Attachment] = []
    apart: list[Attachment] = []
    notices = []
    room = WITHIN_BYTES
    for one in files:
        if one.size_bytes > MAX_BYTES:
            notices.append(not_attached(one, "larger than the 2 GB that Salesforce takes"))
        elif one.size_bytes <= room and len(within) < WITHIN_FILES:
            within.append(one)
            room -= one.size_bytes
        else:
            apart.append(one)
    return Enclosed(tuple(within), tuple(apart), tuple(notices))


def not_attached(attachment: Attachment, why: str) -> str:
    """The line that stands for a file."""
    return f"{safe_name(attachment)} ({attachment.size_bytes} bytes) is not attached: {why}"


def encoded(attachment: Attachment) -> str:
    """The content in base64. Raises Rejected when it is not as long as it was said to be."""
    with attachment.open() as source:
        content = source.read(attachment.size_bytes + 1)
    if len(content) != attachment.size_bytes:
        raise Rejected(f"{safe_name(attachment)} is not {attachment.size_bytes} bytes long, as it was said to be")
    return base64.b64encode(content).decode()


def left_out(attachment: Attachment) -> str:
    """What ``preview`` shows in its stead."""
    return f"({attachment.size_bytes} bytes in base64)"


def multipart(attachment: Attachment, place: str) -> Upload:
    """A ContentVersion as a form of two parts; the file's bytes pass through and are never held together."""
    boundary = f"mail-to-case-{secrets.token_hex(16)}"
    before = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="entity_content"\r\n'
        "Content-Type: application/json\r\n\r\n"
    ).encode()
    before += json_body(_version(attachment, place))
    before += (
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="VersionData"; filename="file"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    after = f"\r\n--{boundary}--\r\n".encode()
    size_bytes = len(before) + attachment.size_bytes + len(after)
    return Upload(
        lambda: cast(BinaryIO, _Joined(io.BytesIO(before), attachment.open(), io.BytesIO(after))),
        size_bytes,
        f'multipart/form-data; boundary="{boundary}"',
    )


class _Joined(io.RawIOBase):
    """Streams read one after another."""

    def __init__(self, *streams: BinaryIO) -> None:
        super().__init__()
        self._streams = streams
        self._left = list(streams)

    def read(self, size: int = -1, /) -> bytes:
        while self._left:
            if chunk := self._left[0].read(size):
                return chunk
            self._left.pop(0)
        return b""

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
        super().close()


def missing(org: Org, record_id: str, files: Sequence[Attachment]) -> list[Attachment]:
    """Those of the files that the record does not hold, by name and size."""
    if not files:
        return []
    asked = (
        "SELECT ContentDocument.Title, ContentDocument.ContentSize FROM ContentDocumentLink "
        "WHERE LinkedEntityId = {record_id}"
    )
    documents = (one.get("ContentDocument") for one in org.query(asked, record_id=record_id))
    held = Counter((one.get("Title"), one.get("ContentSize")) for one in documents if isinstance(one, dict))
    lacking = []
    for one in files:
        mark = (safe_name(one), one.size_bytes)
        if not held[mark]:
            lacking.append(one)
        held[mark] -= 1
    return lacking


def _version(attachment: Attachment, place: str) -> dict[str, str]:
    name = safe_name(attachment)
    return {"Title": name, "PathOnClient": name, "FirstPublishLocationId": place}


def safe_name(attachment: Attachment) -> str:
    """The file's label: no path, no control or direction marks, no device name, at most 150 bytes."""
    base = re.split(r"[/\\]", attachment.name)[-1]
    base = _UNSAFE.sub("_", clean(base).replace("\u2060", "")).replace("@{", "@_").strip(". ")
    stem, dot, suffix = base.rpartition(".")
    if dot and len(suffix.encode()) <= 20:
        base = cut_bytes(stem, _NAME_BYTES - len(suffix.encode()) - 1) + dot + suffix
    base = cut_bytes(base, _NAME_BYTES)
    return f"_{base}" if _RESERVED.match(base) else base or f"attachment-{attachment.sha256[:12]}"
