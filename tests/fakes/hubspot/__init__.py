"""A fake HubSpot: stateful and strict, on a real socket, with the vendor's limits, lag and partial answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.http_server import FakeServer, Fault, Reply, Seen
from tests.fakes.hubspot.bulk import Bulk
from tests.fakes.hubspot.files import Files
from tests.fakes.hubspot.gate import Gate
from tests.fakes.hubspot.portal import Portal
from tests.fakes.hubspot.records import File, Record
from tests.fakes.hubspot.settings import Settings
from tests.fakes.hubspot.strict import Refusal, envelope, no_endpoint

__all__ = ["Fault", "HubSpotFake", "Record", "Reply"]

VERSIONS = ("2026-03", "2026-09")
_KIND = "(tickets|contacts|emails|notes)"
_READ = {"tickets": ("tickets",), "contacts": ("crm.objects.contacts.read",)}
_WRITE = {"tickets": ("tickets",), "contacts": ("crm.objects.contacts.write",)}


class HubSpotFake(FakeServer):
    """Log in with ``gate.token``, or by OAuth; see ``options`` and ``oauth_options``."""

    # A form with a file is taken apart as a whole.
    kept_body_bytes = 40 << 20

    def __init__(self, port: int = 0, state: Path | None = None) -> None:
        super().__init__(port)
        self.gate = Gate()
        self.portal = Portal()
        self.bulk = Bulk(self.portal)
        self.files = Files(self.portal)
        self.settings = Settings(self.portal)
        self.state = state
        #: what was refused because no such client would ever be right: an unknown field or endpoint, a bad shape
        self.violations: list[str] = []

    @property
    def options(self) -> dict[str, Any]:
        """Constructor keywords of the connector, with a token for good."""
        return {"url": self.url, "token": self.gate.token}

    @property
    def oauth_options(self) -> dict[str, Any]:
        """The same by OAuth."""
        secrets = {"client_secret": self.gate.client_secret, "refresh_token": self.gate.first_refresh}
        return {"url": self.url, "client_id": self.gate.client_id, **secrets}

    def live(self, kind: str) -> list[Record]:
        """Those that are not deleted, oldest first."""
        with self.lock:
            return [one for one in self.portal.records[kind].values() if not one.archived]

    def on(self, ticket: str) -> list[Record]:
        """The e-mails and notes of a ticket, oldest first."""
        with self.lock:
            links = self.portal.records["tickets"][ticket].links
            found = [self.portal.records[kind][one] for kind in ("emails", "notes") for one in links.get(kind, [])]
            return sorted(found, key=lambda one: int(one.id))

    def files_of(self, record: Record) -> list[File]:
        return self.files.of(record.properties.get("hs_attachment_ids", ""))

    def answer(self, seen: Seen) -> Reply:
        try:
            reply = self._routed(seen)
        except Refusal as refusal:
            reply = refusal.reply
            if not refusal.lawful:
                self.violations.append(f"{seen.method} {seen.path}: {reply.status} {reply.encoded()[:500]!r}")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.violations.append(f"{seen.method} {seen.path}: {error!r}")
            reply = Reply(400, envelope("VALIDATION_ERROR", f"Invalid input JSON: {type(error).__name__}"))
        self._save(seen)
        return Reply(reply.status, reply.body, {**self.gate.headers(seen), **reply.headers})

    def _routed(self, seen: Seen) -> Reply:
        if seen.path.startswith("/_fake/"):
            return self._control(seen)
        for method, pattern, scopes, handler in self._routes():
            found = re.fullmatch(pattern, seen.path)
            if found and method == seen.method:
                parts = found.groupdict()
                if parts.get("version", VERSIONS[0]) not in VERSIONS:
                    raise no_endpoint()
                values = [value for value in found.groups() if value != parts.get("version")]
                if scopes is not None:
                    self.gate.admit(seen, scopes(values[0] if values else ""))
                return handler(seen, *values)
        raise no_endpoint()

    def _routes(self) -> tuple[tuple[str, str, Callable[[str], tuple[str, ...]] | None, Callable[..., Reply]], ...]:
        gate, settings = self.gate, self.settings
        objects, properties = _path("/crm/objects"), _path("/crm/properties")
        return (
            ("POST", _path("/oauth") + "/token", None, gate.give),
            ("POST", _path("/oauth") + "/token/introspect", None, gate.introspect),
            ("POST", "/oauth/v2/private-apps/get/access-token-info", _open, gate.own_token),
            ("POST", f"{objects}/{_KIND}", _writing, self.portal.create),
            ("GET", f"{objects}/{_KIND}", _reading, self.portal.page),
            ("POST", f"{objects}/{_KIND}/batch/read", _reading, self.bulk.read),
            ("POST", f"{objects}/(contacts)/batch/upsert", _writing, self.bulk.upsert),
            ("POST", f"{objects}/(contacts)/batch/update", _writing, self.bulk.update),
            ("POST", f"{objects}/(tickets)/search", _reading, self.bulk.search),
            ("GET", f"{objects}/{_KIND}/([^/]+)", _reading, self.portal.show),
            ("PATCH", rf"{objects}/{_KIND}/(\d+)", _writing, self.portal.patch),
            ("PUT", rf"{objects}/{_KIND}/(\d+)/associations/default/{_KIND}/(\d+)", _writing, self.portal.hang),
            ("GET", f"{properties}/{_KIND}/([^/]+)", _reading, settings.property),
            ("POST", f"{properties}/{_KIND}", _writing, settings.add_property),
            ("POST", f"{properties}/{_KIND}/groups", _writing, settings.add_group),
            ("GET", _path("/crm/pipelines") + "/tickets", lambda _: ("tickets",), settings.pipelines),
            ("GET", _path("/crm/owners"), lambda _: ("crm.objects.owners.read",), settings.owners),
            ("POST", _path("/files") + "/files", lambda _: ("files",), self.files.upload),
            ("GET", _path("/files") + "/files/stat/(.+)", lambda _: ("files",), self.files.stat),
            ("GET", _path("/account-info") + "/details", _open, settings.details),
            ("GET", _path("/account-info") + "/api-usage/daily/private-apps", _open, settings.usage),
        )

    def _control(self, seen: Seen) -> Reply:
        """For a fake in a process of its own: read what it holds, plan a fault."""
        if seen.path == "/_fake/faults":
            self.faults.append(Fault(**seen.json))
        return Reply(200, self.snapshot())

    def snapshot(self) -> dict[str, Any]:
        """Tickets with their messages, files and keys, as plain values."""
        return {
            "tickets": [self._plain(one) for one in self.live("tickets")],
            "requests": len(self.log),
            "violations": self.violations,
        }

    def _plain(self, ticket: Record) -> dict[str, Any]:
        messages = [
            {
                "kind": one.kind,
                **one.properties,
                "attachments": [
                    {"name": file.name, "size": file.size, "sha256": file.sha256} for file in self.files_of(one)
                ],
            }
            for one in self.on(ticket.id)
        ]
        return {
            "id": ticket.id,
            **ticket.properties,
            "contacts": ticket.links.get("contacts", []),
            "messages": messages,
        }

    def _save(self, seen: Seen) -> None:
        if self.state is not None and seen.method != "GET":
            fresh = self.state.with_suffix(".new")
            fresh.write_text(json.dumps(self.snapshot()))
            fresh.replace(self.state)


def _path(room: str) -> str:
    return rf"{room}/(?P<version>\d{{4}}-\d{{2}})"


def _reading(kind: str) -> tuple[str, ...]:
    return _READ.get(kind, ("sales-email-read",))


def _writing(kind: str) -> tuple[str, ...]:
    return _WRITE.get(kind, ("crm.objects.contacts.write",))


def _open(kind: str) -> tuple[str, ...]:
    return ()
