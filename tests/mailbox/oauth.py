"""A mail server that asks the identity provider about every token, and a ledger's shelf in memory."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Mapping

from tests.fakes.identity_server import CLIENT, SECRET, TENANT, IdentityServer
from tests.fakes.scripted_imap import ScriptedImap
from worker.mailbox import Mailbox
from worker.mailbox.oauth import Vault
from worker.settings.model import MailboxSettings

ENVIRON = {"APP_SECRET": SECRET, "FIRST_TOKEN": "canary-refresh-first"}
USER = "support@example.com"
Make = Callable[..., Mailbox]
_CHALLENGE = base64.b64encode(json.dumps({"status": "400", "schemes": "Bearer", "scope": "https://mail"}).encode())


def guarded(server: ScriptedImap, identity: IdentityServer) -> None:
    """Let in who shows a good token; else tell why, wait for the empty answer, and say NO, as Gmail does."""

    def judge(line: object) -> bytes:
        said = base64.b64decode(str(getattr(line, "arguments", "")) or b"")
        found = re.search(rb"auth=Bearer ([^\x01]*)\x01\x01", said)
        tag = server.latest.tag.encode()
        if found is None:
            return tag + b" NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n"
        if identity.is_good(found[1].decode()):
            return tag + b" OK welcome\r\n"
        return b"+ " + _CHALLENGE + b"\r\n"

    server.rig("RESPONSE", judge)


def microsoft(identity: IdentityServer, **more: object) -> dict[str, object]:
    """The oauth section of an application in a Microsoft directory."""
    url = f"{identity.url}/{TENANT}/oauth2/v2.0/token"
    plain = {"provider": "microsoft", "tenant": TENANT, "client_id": CLIENT, "token_url": url}
    return {**plain, **({"client_secret_env": "APP_SECRET"} if "grant" not in more else {}), **more}


def generic(identity: IdentityServer, **more: object) -> dict[str, object]:
    """The oauth section of a plain OAuth server."""
    plain = {"provider": "generic", "client_id": CLIENT, "client_secret_env": "APP_SECRET"}
    return {**plain, "token_url": f"{identity.url}/token", **more}


def section(server: ScriptedImap, oauth: dict[str, object], **changes: object) -> MailboxSettings:
    """A mailbox on the scripted server."""
    plain = {"host": "127.0.0.1", "port": server.port, "security": "plaintext", "user": USER, "timeout_s": 5.0}
    return MailboxSettings.model_validate(plain | {"oauth": oauth} | changes)


def vault(shelf: MemoryShelf, key: bytes = b"k") -> Vault:
    return Vault(shelf, lambda: key)


class MemoryShelf:
    """As the ledger, for one test."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self.texts = dict(texts or {})
        self.broken = False
        self._turn = threading.Lock()

    def kept(self, name: str) -> str:
        return self.texts.get(name, "")

    def keep(self, name: str, value: str) -> None:
        if self.broken:
            raise OSError("disk full")
        self.texts[name] = value

    def acquire(self, name: str, ttl_s: float = 60) -> object | None:
        return name if self._turn.acquire(blocking=False) else None

    def release(self, lease: object) -> None:
        self._turn.release()
