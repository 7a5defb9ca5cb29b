"""The shape of the settings: what an operator may say, and what holds when nothing is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, SecretStr

from worker.settings.promised import Calendar, Escalation, Reply, Smtp
from worker.settings.section import Section
from worker.settings.smtp import PASSWORD


class WorkerSettings(Section):
    """[worker]"""

    database: str = Field(
        "sqlite:///mail-to-case.db",
        repr=False,
        description="Where the ledger lives, sqlite:/// or postgresql://; DATABASE_URL wins.",
    )
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
    secret_env: str | None = Field(
        None, description="Environment variable with the secret that marks our own mail; else the ledger keeps one."
    )

    @property
    def secret(self) -> SecretStr | None:
        """What our marks are signed with, from the environment."""
        return self.secret_in(self.secret_env)


class OAuth(Section):
    """[mailboxes.NAME.oauth]"""

    provider: Literal["google", "microsoft", "generic"] = Field(description="Who issued the token.")
    mechanism: Literal["XOAUTH2", "OAUTHBEARER"] = Field("XOAUTH2", description="SASL mechanism.")
    token_env: str = Field(description="Environment variable that holds the bearer token.")

    @property
    def token(self) -> SecretStr | None:
        """The bearer token, from the environment."""
        return self.secret_in(self.token_env)


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
        (), description="Your mail servers that take mail from outside, as they stand after 'by' in Received fields."
    )
    embedded: Path | None = Field(
        None, description="Serve this folder of .eml files from a test mailbox in the process, and poll that."
    )

    @property
    def password(self) -> SecretStr | None:
        """The password, from the environment."""
        return self.secret_in(self.password_env)


class ConnectorSettings(Section):
    """[connectors.NAME]: ``type``, and the keyword arguments of that connector."""

    model_config = ConfigDict(extra="allow")

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
    mailboxes: dict[str, MailboxSettings] = Field({})
    connectors: dict[str, ConnectorSettings] = Field({})
    routes: tuple[Route, ...] = ()
    replies: dict[str, Reply] = Field({})
    calendars: dict[str, Calendar] = Field({})
    escalations: tuple[Escalation, ...] = ()
    smtp: Smtp | None = None

    def not_yet(self) -> tuple[str, ...]:
        """Configured sections and keys that this version reads but does not act on, as an operator wrote them."""
        sections = [f"[replies.{name}]" for name in self.replies] + [f"[calendars.{name}]" for name in self.calendars]
        sections += [f"routes[{number}].reply" for number, route in enumerate(self.routes, 1) if route.reply]
        return (*sections, *["[[escalations]]"][: len(self.escalations)], *(["[smtp]"] if self.smtp else []))

    def secrets(self) -> tuple[SecretStr, ...]:
        """Every secret value these settings lead to: what a log must never show."""
        return tuple(dict.fromkeys(secret for secret in self._secrets() if secret))

    def _secrets(self) -> Iterator[SecretStr | None]:
        for mailbox in self.mailboxes.values():
            yield mailbox.password
            yield mailbox.oauth.token if mailbox.oauth else None
        for connector in self.connectors.values():
            for key, variable in connector.options.items():
                yield self.secret_in(variable) if key.endswith("_env") and isinstance(variable, str) else None
        # The forward connector uses it as well, whether there is a [smtp] or not.
        yield self.secret_in(PASSWORD)
        yield self.worker.secret
        yield _password_in(self.worker.database)


def _password_in(url: str) -> SecretStr | None:
    userinfo, at, _ = url.partition("://")[2].rpartition("@")
    password = userinfo.partition(":")[2]
    return SecretStr(password) if at and password else None
