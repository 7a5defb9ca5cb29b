"""[smtp]: the server that automatic answers are handed to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.smtp import Security, Server, server_problem
from worker.settings.section import Section

PASSWORD = "SMTP_PASSWORD"  # noqa: S105  (the name of a variable)


def _url(written: str) -> str:
    # Only what a URL can be wrong in by itself: what does not fit ``security`` is found when both are known.
    if (problem := server_problem(written)) and "plaintext" not in problem:
        raise ValueError(f"The address {problem}")
    return written


class Smtp(Section):
    """[smtp]"""

    url: Annotated[str, AfterValidator(_url)] = Field(
        description='Server that sends, as "smtps://user@smtp.example.com"; the password is in SMTP_PASSWORD.'
    )
    security: Security | None = Field(
        None,
        description="Left out: tls for smtps://, starttls for smtp://, and nothing for smtp:// to a loopback address.",
    )
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the server's certificate.")

    @model_validator(mode="after")
    def _fits(self) -> Smtp:
        if problem := server_problem(self.url, self.security):
            raise ValueError(f"url {problem}")
        return self

    @property
    def password(self) -> SecretStr | None:
        """From the environment: SMTP_PASSWORD."""
        return self.secret_in(PASSWORD)

    @property
    def server(self) -> Server:
        """What to hand mail to."""
        secret = self.password.get_secret_value() if self.password else ""
        server = Server.at(self.url, password=secret, security=self.security)
        return Server(**{**vars(server), "ca_file": self.ca_file})
