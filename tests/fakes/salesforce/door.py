"""Who may come in at the fake Salesforce: tokens by secret or by assertion, that end when they are told to."""

from __future__ import annotations

import time
from typing import Any

import jwt

from tests.fakes.http_server import Reply, Seen
from tests.fakes.salesforce.org import Org
from tests.fakes.salesforce.strict import Column, Refusal

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Door:
    """Called under the server's lock."""

    client_id = "3MVG9.mail-to-case"
    client_secret = "not-a-secret-but-long-enough"
    user = "us@example.com"

    def __init__(self) -> None:
        self.client_secret = Door.client_secret
        #: PEM; who signs with its other half is ``user``
        self.public_key = ""
        self.scope = "api refresh_token"
        self.given = 0
        self.tokens: set[str] = set()
        self.may_make_fields = True

    def token(self, seen: Seen, form: dict[str, str], url: str) -> Reply:
        if seen.headers.get("content-type") != "application/x-www-form-urlencoded":
            return _refused("unsupported_grant_type", "grant type not supported")
        grant = form.get("grant_type")
        wrong = self._wrong_secret(form) if grant == "client_credentials" else self._wrong_assertion(form)
        if wrong:
            return wrong
        self.given += 1
        value = f"00Dxx0000001gPL!token{self.given:06d}.{time.monotonic_ns():x}"
        self.tokens.add(value)
        shown = {"access_token": value, "signature": "x", "scope": self.scope, "instance_url": url}
        return Reply(200, shown | {"id": f"{url}/id/00D/005", "token_type": "Bearer", "issued_at": "1763756400000"})

    def _wrong_secret(self, form: dict[str, str]) -> Reply | None:
        if form.get("client_id") != self.client_id:
            return _refused("invalid_client_id", "client identifier invalid")
        if form.get("client_secret") != self.client_secret:
            return _refused("invalid_client", f"invalid client credentials: {form.get('client_secret')}")
        return None

    def _wrong_assertion(self, form: dict[str, str]) -> Reply | None:
        if form.get("grant_type") != _JWT_BEARER:
            return _refused("unsupported_grant_type", "grant type not supported")
        try:
            claims = jwt.decode(
                form["assertion"], self.public_key, ["RS256"], audience="https://login.salesforce.com", leeway=0
            )
        except jwt.InvalidAudienceError:
            return _refused("invalid_grant", "audience is invalid")
        except (jwt.PyJWTError, ValueError, KeyError):
            return _refused("invalid_grant", "invalid assertion")
        if claims["exp"] - time.time() > 300 or claims["iss"] != self.client_id:
            return _refused("invalid_grant", "invalid assertion")
        return None if claims["sub"] == self.user else _refused("invalid_grant", "user hasn't approved this consumer")

    def admit(self, seen: Seen) -> None:
        kind, _, value = seen.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or value not in self.tokens:
            raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if "api" not in self.scope.split():
            raise Refusal(403, "INVALID_SESSION_ID", "This session is not valid for use with the REST API")

    def make_field(self, org: Org, given: dict[str, Any]) -> Reply:
        if not self.may_make_fields:
            raise Refusal(403, "INSUFFICIENT_ACCESS", "Customize Application is required")
        kind, _, name = given["FullName"].partition(".")
        metadata = given["Metadata"]
        column = Column("string", metadata["length"], unique=metadata["unique"], external_id=metadata["externalId"])
        org.store.tables[kind].columns[name] = column
        return Reply(201, {"id": "00N000000000001AAA", "success": True, "errors": []})


def _refused(error: str, said: str) -> Reply:
    return Reply(400, {"error": error, "error_description": said})
