"""The shape of the settings: what an operator may say, and what holds when nothing is said."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Section(BaseModel):
    """Frozen; an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WorkerSettings(Section):
    """[worker]"""

    database: str = Field("sqlite:///mail-to-case.db", description="Where the ledger lives; DATABASE_URL wins.")
    poll_seconds: Annotated[int, Field(ge=1)] = Field(60, description="Seconds between two polls of a mailbox.")
    concurrency: Annotated[int, Field(ge=1, le=64)] = Field(8, description="Deliveries in flight.")
    in_flight_mb: Annotated[int, Field(ge=1)] = Field(32, description="Message bytes held in memory, in MiB.")
    max_message_mb: Annotated[int, Field(ge=1)] = Field(
        150, description="A larger message is held without being fetched, in MiB."
    )
    max_attempts: Annotated[int, Field(ge=1)] = Field(
        12, description="Tries of one delivery before it is held for a person."
    )
    allow_ephemeral_database: bool = Field(
        False, description="Accept an SQLite ledger on a dyno, whose disk is gone at the next restart."
    )


class OAuth(Section):
    """[mailboxes.NAME.oauth]"""

    provider: Literal["google", "microsoft", "generic"]
    mechanism: Literal["XOAUTH2", "OAUTHBEARER"] = Field("XOAUTH2", description="SASL mechanism.")
    token_env: str = Field(description="Environment variable that holds the bearer token.")


class MailboxSettings(Section):
    """[mailboxes.NAME]"""

    host: str = Field("", description="IMAP server.")
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="993 for tls, else 143, when left out."
    )
    security: Literal["tls", "starttls", "plaintext"] = Field(
        "tls", description="How the connection is protected; plaintext only to a loopback address."
    )
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the server's certificate.")
    user: str = Field("", description="Login name.")
    password_env: str | None = Field(None, description="Environment variable that holds the password.")
    oauth: OAuth | None = Field(None, description="Bearer token instead of a password.")
    folder: str = Field("INBOX", description="Folder to poll.")
    since: date | None = Field(None, description="Mail received earlier is left alone.")
    processed: str = Field(
        "move:Processed", description="move:FOLDER, keyword:NAME, label:NAME, seen or delete, when a case is proven."
    )
    push: bool = Field(True, description="Use IDLE where the server has it.")
    timeout_s: Annotated[float, Field(gt=0)] = Field(60.0, description="Seconds one IMAP command may take in all.")
    trusted_border: tuple[str, ...] = Field(
        (), description="Names of your own mail servers as they stand after 'by' in Received fields."
    )
    embedded: Path | None = Field(
        None, description="Serve this folder of .eml files from a test mailbox in the process, and poll that."
    )

    @property
    def password(self) -> SecretStr | None:
        """The password, from the environment."""
        value = os.environ.get(self.password_env, "") if self.password_env else ""
        return SecretStr(value) if value else None


class ConnectorSettings(BaseModel):
    """[connectors.NAME]: ``type``, and the keyword arguments of that connector."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    type: str = Field(description="desk, zendesk, or the name of an entry point in mail_to_case.connectors.")

    @property
    def options(self) -> dict[str, Any]:
        """Everything but ``type``, as written."""
        return dict(self.__pydantic_extra__ or {})


Policy = Literal["deliver", "hold", "discard"]


class Route(Section):
    """[[routes]]: all conditions must hold; the first route that matches wins."""

    address: str = Field("*", description='Exact, "*@domain", "re:PATTERN" or "*".')
    subject: str | None = Field(None, description='Text the subject contains, or "re:PATTERN".')
    sender: str | None = Field(None, description='Author: exact, "*@domain", "re:PATTERN".')
    header: str | None = Field(None, description='"Name" present, or "Name: text" contained, or "Name: re:PATTERN".')
    connector: str = Field(description="Name of a [connectors.NAME].")
    also: tuple[str, ...] = Field((), description="Further connectors that get the same mail.")
    fields: dict[str, str] = Field({}, description="Field values for the case, in the connector's names.")
    reply: str | None = Field(None, description="Name of a [replies.NAME] template.")
    spam: Policy = Field("hold", description="What becomes of mail marked as spam.")
    automatic: Policy = Field("deliver", description="What becomes of bounces and auto-replies.")


class Settings(Section):
    """The whole of settings.toml and the environment."""

    worker: WorkerSettings = WorkerSettings()
    mailboxes: dict[str, MailboxSettings] = {}
    connectors: dict[str, ConnectorSettings] = {}
    routes: tuple[Route, ...] = ()
