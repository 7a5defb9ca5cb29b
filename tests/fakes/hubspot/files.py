"""The fake HubSpot's files: forms taken apart, names made different, private ones only."""

from __future__ import annotations

import hashlib
import json
import re
from urllib.parse import unquote

from tests.fakes.http_server import Reply, Seen
from tests.fakes.hubspot.portal import Portal
from tests.fakes.hubspot.records import File, now
from tests.fakes.hubspot.strict import Refusal, envelope, not_found

_DISPOSITION = re.compile(rb'Content-Disposition: form-data; name="([^"]+)"(?:; filename="([^"]*)")?')


class Files:
    """``limit_bytes``: of one file."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.kept: dict[str, File] = {}
        self.limit_bytes = 300_000_000

    def upload(self, seen: Seen) -> Reply:
        fields = _fields(seen)
        if (
            set(fields) - {"file", "fileName", "folderPath", "folderId", "options", "charsetHunch"}
            or "file" not in fields
        ):
            raise _bad("unknown or missing form field")
        if ("folderPath" in fields) == ("folderId" in fields):
            raise _bad("give folderPath or folderId")
        options = json.loads(fields["options"])
        if options.get("access") != "PRIVATE":
            raise _bad("a customer's file must be private")
        content = fields["file"]
        if len(content) > self.limit_bytes:
            raise Refusal(Reply(400, envelope("VALIDATION_ERROR", "The file is too large for this account.")))
        folder, name = fields["folderPath"].decode(), fields["fileName"].decode()
        path = self._free(f"{folder.rstrip('/')}/{name}")
        file = File(str(next(self.portal.numbers)), path, "PRIVATE", len(content), hashlib.sha256(content).hexdigest())
        self.kept[file.id] = file
        return Reply(201, file.shown())

    def _free(self, path: str) -> str:
        """A second file of that name gets another one."""
        taken = {one.path for one in self.kept.values()}
        stem, dot, extension = path.rpartition(".")
        number = 0
        while path in taken:
            number += 1
            path = f"{stem}-{number}{dot}{extension}" if dot else f"{extension}-{number}"
        return path

    def stat(self, seen: Seen, path: str) -> Reply:
        wanted = "/" + unquote(path)
        found = next((one for one in self.kept.values() if one.path == wanted), None)
        if found is None:
            raise not_found("no file at that path")
        return Reply(200, {"file": found.shown()})

    def of(self, numbers: str) -> list[File]:
        """By ``hs_attachment_ids``; a number that is no file's is an error of the client's."""
        return [self.kept[number] for number in numbers.split(";") if number]


def _fields(seen: Seen) -> dict[str, bytes]:
    media = seen.headers.get("content-type", "")
    boundary = media.partition("boundary=")[2].encode()
    if not media.startswith("multipart/form-data") or not boundary:
        raise Refusal(Reply(415, envelope("VALIDATION_ERROR", f"not a form: {media}")), lawful=False)
    if not seen.body.endswith(b"--" + boundary + b"--\r\n"):
        raise _bad("the form has no end")
    found = {}
    for part in seen.body.split(b"--" + boundary)[1:-1]:
        head, _, content = part[2:].partition(b"\r\n\r\n")
        named = _DISPOSITION.search(head)
        if named is None:
            raise _bad("a part without a name")
        found[named[1].decode()] = content[:-2]
    return found


def _bad(message: str) -> Refusal:
    return Refusal(Reply(400, envelope("VALIDATION_ERROR", f"{message} ({now()})")), lawful=False)
