"""The mail server that stands for a CRM with an address, dressed for the kit."""

from __future__ import annotations

import base64
import email
import hashlib
import re
import tempfile
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import Any

from connectors.conformance import Fault, Kept, KeptFile
from connectors.contract import Attachment, CaseRef, Delivery
from connectors.forward import Forward
from tests.fakes.smtp_sink import SmtpSink, Stage

_PLAYS: dict[Fault, tuple[Stage, str]] = {
    Fault.RESET_BEFORE: ("END", "drop"),
    Fault.RESET_AFTER: ("ANSWER", "drop"),
    Fault.MALFORMED: ("ANSWER", "what?"),
    Fault.CONFLICT: ("RCPT", "450 4.2.1 busy"),
    Fault.INVALID: ("RCPT", "550 5.1.1 nobody here"),
    Fault.TOO_LARGE: ("END", "552 5.3.4 too big"),
    Fault.FORBIDDEN: ("CONNECT", "554 5.7.1 not from you"),
}
_PASSWORD = "hunter2-of-the-sink"


class RiggedAddress:
    """The sink; a case is a mail."""

    faults = frozenset({*_PLAYS, Fault.REFUSED, Fault.UNAUTHORIZED})
    secrets = (_PASSWORD,)

    def __init__(self) -> None:
        self.sink = SmtpSink(user="me@ours.example", password=_PASSWORD).start()
        self._edits: dict[str, str] = {}

    @property
    def options(self) -> dict[str, Any]:
        """What the connector is made with."""
        url = f"smtp://me%40ours.example@127.0.0.1:{self.sink.port}"
        return {"to": "cases@crm.example", "smtp": url, "smtp_password": _PASSWORD}

    def keys(self) -> list[str]:
        return [str(one["Resent-Message-ID"])[1:41] for one in self._mails()]

    def _mails(self) -> list[Message]:
        return [email.message_from_bytes(one.content) for one in self.sink.messages]

    def messages(self, case: CaseRef) -> list[Kept]:
        return [_kept(one) for one in self._mails() if one["Resent-Message-ID"] == f"<{case.id}>"]

    def status(self, case: CaseRef) -> str:
        return "sent"

    def edit(self, case: CaseRef) -> None:
        self._edits[case.id] = "An agent's words"

    def subject(self, case: CaseRef) -> str:
        return self._edits.get(case.id, case.number)

    def close_case(self, case: CaseRef) -> None:
        raise NotImplementedError

    def delete_case(self, case: CaseRef) -> None:
        raise NotImplementedError

    def writes(self) -> int:
        return self.sink.commands.count("DATA")

    def fail_next(self, fault: Fault) -> None:
        if fault is Fault.REFUSED:
            self.sink.stop()
        elif fault is Fault.UNAUTHORIZED:
            self.sink.password = "changed by somebody"
        else:
            self.sink.fail(*_PLAYS[fault])

    def settle(self) -> None:
        self.sink.plays.clear()
        self.sink.password = _PASSWORD
        if self.sink._controller is None:
            self.sink.start()

    def close(self) -> None:
        self.sink.stop()


def _kept(mail: Message) -> Kept:
    texts: dict[str, str] = {}
    files = []
    for part in mail.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename() is None:
            texts[part.get_content_type()] = content.decode()
        else:
            files.append(KeptFile(part.get_filename() or "", len(content), hashlib.sha256(content).hexdigest()))
    return Kept(texts.get("text/plain", ""), True, tuple(files), texts.get("text/html", ""))


class ForwardOfAnything(Forward):
    """The kit's deliveries have no original; this gives them one that says the same, as a mailbox would."""

    def create(self, delivery: Delivery) -> CaseRef:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "original.eml"
            _write(delivery, path)
            source = Attachment(
                name="original.eml",
                content_type="message/rfc822",
                size_bytes=path.stat().st_size,
                sha256="",
                content=path,
            )
            return super().create(replace(delivery, source=source))


def _write(delivery: Delivery, path: Path) -> None:
    parts = [("text/plain; charset=utf-8", delivery.text.encode("utf-8", "replace"))]
    parts += [("text/html; charset=utf-8", delivery.html.encode())] if delivery.html else []
    with path.open("wb") as file:
        file.write(f"From: {delivery.requester.address}\r\nMessage-ID: <{delivery.message_id}>\r\n".encode())
        file.write(b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=b"\r\n\r\n')
        for content_type, content in parts:
            file.write(f"--=b\r\nContent-Type: {content_type}\r\n".encode())
            file.write(
                b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content).replace(b"\n", b"\r\n")
            )
        for one in delivery.attachments:
            name = re.sub(r"[^ -~]|[\"\\]", "_", one.name[:80]) or "unnamed"
            file.write(f'--=b\r\nContent-Disposition: attachment; filename="{name}"\r\n'.encode())
            file.write(b"Content-Transfer-Encoding: base64\r\n\r\n")
            with one.open() as content_file:
                while piece := content_file.read(57 * 1000):
                    file.write(base64.encodebytes(piece).replace(b"\n", b"\r\n"))
        file.write(b"--=b--\r\n")
