"""The shape of the settings: what an operator may say, and what holds when nothing is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr

from worker.settings.canary import Canary
from worker.settings.oauth import OAuth
from worker.settings.promised import Calendar, Escalation, Reply, Smtp
from worker.settings.route import Route
from worker.settings.section import Section
from worker.settings.smtp import PASSWORD

#: after a mailbox's name: its junk folder
JUNK = ":junk"


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
    otherwise: str = Field(
        "hold", description='What becomes of mail that no route wants: "hold", "discard" or "deliver:CONNECTOR".'
    )
    retention_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        365, description="Days after which the ledger forgets finished mail; 0: it never does."
    )
    secret_env: str | None = Field(
        None, description="Environment variable with the secret that marks our own mail; else the ledger keeps one."
    )

    @property
    def secret(self) -> SecretStr | None:
        """What our marks are signed with, from the environment."""
        return self.secret_in(self.secret_env)


def _listed(written: Any) -> Any:
    return (written,) if isinstance(written, str) else written


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
    oauth: OAuth | None = Field(None, description="Bearer tokens instead of a password.")
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
    authserv_id: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (),
        description="The name, or names, your border gives itself in Authentication-Results; without one nobody is "
        "authenticated.",
    )
    authserv_strips: bool = Field(
        False,
        description="Your border writes that field below its own Received, and removes forged ones (RFC 8601 "
        "section 5).",
    )
    unauthenticated: Literal["participant", "stranger"] | None = Field(
        None,
        description="Who an author is whom the border did not authenticate, though his address takes part in the case; "
        "left out: a stranger if authserv_id is set, else a participant.",
    )
    spam_score: float | None = Field(
        None, description="A mail with this score or more, in X-Spam-Status or X-Spam-Score, counts as marked as spam."
    )
    spam_dmarc: bool = Field(False, description="A mail of which your border says dmarc=fail counts as marked as spam.")
    junk: str | None = Field(
        None, description="Folder that is polled as well; what lies there counts as marked as spam."
    )
    embedded: Path | None = Field(
        None, description="Serve this folder of .eml files from a test mailbox in the process, and poll that."
    )

    @property
    def password(self) -> SecretStr | None:
        """The password, from the environment."""
        return self.secret_in(self.password_env)

    @property
    def authserv_ids(self) -> tuple[str, ...]:
        """The names that ``authserv_id`` gives."""
        return tuple(one for one in self.authserv_id if one.strip())


class ConnectorSettings(Section):
    """[connectors.NAME]: ``type``, and the keyword arguments of that connector."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="desk, zendesk, or the name of an entry point in mail_to_case.connectors.")

    @property
    def options(self) -> dict[str, Any]:
        """Everything but ``type``, as written."""
        return dict(self.__pydantic_extra__ or {})


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
    canaries: dict[str, Canary] = Field({})

    @property
    def watched(self) -> dict[str, MailboxSettings]:
        """What is polled, by name: each mailbox, and as ``NAME:junk`` its junk folder."""
        places = dict(self.mailboxes)
        for name, one in self.mailboxes.items():
            if one.junk:
                places[f"{name}{JUNK}"] = one.model_copy(update={"folder": one.junk})
        return places

    def places_of(self, name: str) -> tuple[str, ...]:
        """The names in ``watched`` that belong to one mailbox."""
        return (name, f"{name}{JUNK}") if self.mailboxes[name].junk else (name,)

    def secrets(self) -> tuple[SecretStr, ...]:
        """Every secret value these settings lead to: what a log must never show."""
        return tuple(dict.fromkeys(secret for secret in self._secrets() if secret))

    def _secrets(self) -> Iterator[SecretStr | None]:
        for mailbox in self.mailboxes.values():
            yield mailbox.password
            yield from mailbox.oauth.secrets() if mailbox.oauth else ()
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
