"""Writes docs/settings.md from the code: ``python -m worker.settings.reference > docs/settings.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from worker.settings.canary import Canary
from worker.settings.model import ConnectorSettings, MailboxSettings, WorkerSettings
from worker.settings.oauth import OAuth
from worker.settings.promised import Budget, Calendar, Escalation, Reply, Smtp, When
from worker.settings.route import Route

_WORDS = {int: "whole number", float: "number", bool: "true or false", str: "text", Path: "path"}
_INTRODUCTION = """\
# Settings

Written by `python -m worker.settings.reference` from the code; a test keeps it up to date.

`settings.toml` is read first (`--settings PATH` names another file), then the environment on top. Paths are
relative to the folder in which the command is started.

| from the environment | means |
|---|---|
| `MAIL_TO_CASE__SECTION__KEY` | any key of a section, as `MAIL_TO_CASE__WORKER__POLL_SECONDS=30` |
| `MAIL_TO_CASE__MAILBOXES__NAME__KEY` | a key of a named table; case and `-` or `_` in the name do not matter |
| `DATABASE_URL` | the ledger; wins over `worker.database` and over `MAIL_TO_CASE__WORKER__DATABASE` |
| `LOG_FORMAT` | `text` or `json`; without it, JSON unless the log goes to a terminal |

A list is given as JSON, as `["mx1.example.com", "mx2.example.com"]`. Single items of a list, and so single
`[[routes]]`, cannot come from the environment. Secrets never stand in the file: a key that ends in `_env` holds
the *name* of the environment variable with the secret. Every mistake is reported at once, with its place and
its cure; the exit code is 2.
"""
_ROUTES = """
An address form is compared with every address that the mail was sent to, the most reliable evidence first:
X-Gm-Original-To, X-Original-To, Delivered-To, Envelope-To, X-Envelope-To, X-Forwarded-To (only where your own
servers wrote them, see [the decision](decisions/0001-border-of-trust.md)), then To, Cc, Bcc, Resent-To,
Resent-Cc, Resent-Bcc, List-Id and List-Post. Neither case nor the spelling of an international domain matters.
`support@example.com` also takes `support+anything@example.com`; put a route for `support+vip@example.com`
before it. Patterns are RE2, without regard to case: an address must match as a whole, while a subject or a
header need only contain a match.
"""
_CONNECTOR = """
All other keys are the connector's own; `mail-to-case check` names what is missing. A key that takes a secret is
written with `_env` after it and holds the name of an environment variable.

| type | keys |
|---|---|
| `desk` | `path`: the folder of the local case desk |
| `forward` | `to`: the CRM's address, or a list; `smtp`: as in `[smtp]`; `sender`: gets the bounces; `smtp_password` |
| `zendesk` | `url`, and `client_id` with `client_secret_env`, or `email` with `token_env`; `group`, `tags` |
"""
_SECTIONS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("[worker]", WorkerSettings, ""),
    ("[mailboxes.NAME]", MailboxSettings, ""),
    ("[mailboxes.NAME.oauth]", OAuth, ""),
    ("[connectors.NAME]", ConnectorSettings, _CONNECTOR),
    ("[[routes]]", Route, _ROUTES),
    ("[replies.NAME]", Reply, ""),
    ("[replies.NAME.budget]", Budget, ""),
    ("[calendars.NAME]", Calendar, ""),
    ("[[escalations]]", Escalation, ""),
    ("[[escalations]] when", When, ""),
    ("[canaries.NAME]", Canary, ""),
    ("[smtp]", Smtp, ""),
)


def render() -> str:
    """The whole page, as Markdown."""
    return _INTRODUCTION + "".join(_section(*section) for section in _SECTIONS)


def _section(title: str, model: type[BaseModel], notes: str) -> str:
    rows = "\n".join(_rows(model))
    return f"\n## `{title}`\n{notes}\n| key | value | when left out | |\n|---|---|---|---|\n{rows}\n"


def _rows(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind, usual = _kind(field.annotation), _default(field)
        yield f"| `{field.alias or name}` | {kind} | {usual} | {field.description or ''} |"


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    kinds = [argument for argument in get_args(annotation) if argument is not type(None)]
    if get_origin(annotation) in (tuple, dict):
        return "list of texts" if get_origin(annotation) is tuple else "table of texts"
    if kinds:
        return _kind(kinds[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    return _WORDS.get(annotation, getattr(annotation, "__name__", "text"))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value not in (None, "", (), {}) and not isinstance(value, BaseModel) else "–"


if __name__ == "__main__":
    sys.stdout.write(render())
