"""Mistakes that only show when the settings are seen together: contradictions, names that lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from worker.settings.escalation_checks import escalation_mistakes
from worker.settings.forwarded_checks import forwarded_mistakes
from worker.settings.mailbox_checks import mailbox_mistakes
from worker.settings.model import ConnectorSettings, Settings
from worker.settings.oauth_checks import keeping_mistakes
from worker.settings.problems import Mistake, Path, inlined_secret, is_secret, nearest, without_password
from worker.settings.route_checks import NAMED, Known, otherwise_mistakes, route_mistakes
from worker.settings.secrets import variable_mistakes

_NAME = re.compile(r"[\w-]{1,64}")
_DATABASES = ("sqlite://", "postgres://", "postgresql://", "postgresql+psycopg://")


@dataclass(frozen=True)
class Given:
    """What the operator wrote, before anything of the wrong shape was taken out."""

    tree: Mapping[str, Any]
    #: where that was
    broken: frozenset[Path] = frozenset()

    def names(self, section: str) -> frozenset[str]:
        """Names in a section, including those whose table is broken."""
        table = self.tree.get(section)
        return frozenset(table) if isinstance(table, dict) else frozenset()

    def has(self, *path: str) -> bool:
        """Whether something stands at that path, right or wrong."""
        here: Any = self.tree
        for step in path:
            if not isinstance(here, Mapping) or step not in here:
                return False
            here = here[step]
        return True


def mistakes_in(settings: Settings, given: Given, environ: Mapping[str, str]) -> Iterator[Mistake]:
    """Every contradiction. A key whose shape was wrong is not called missing as well."""
    yield from _nothing_to_do(given)
    yield from _names(given)
    yield from _database(settings, environ)
    if settings.worker.secret_env is not None:
        yield from variable_mistakes(("worker", "secret_env"), settings.worker.secret_env, environ)
    yield from mailbox_mistakes(settings.mailboxes, given.has, environ)
    is_sqlite = settings.worker.database.startswith("sqlite")
    yield from keeping_mistakes(settings.mailboxes, is_sqlite, given.has("worker", "secret_env"))
    for name, connector in settings.connectors.items():
        yield from _connector(name, connector, environ)
    numbers = {int(path[1]) for path in given.broken if path[0] == "routes" and len(path) > 1}
    names = {section: given.names(section) for section in NAMED}
    authenticated = any(mailbox.authserv_id for mailbox in settings.mailboxes.values())
    yield from route_mistakes(settings.routes, Known(names, numbers, authenticated))
    yield from otherwise_mistakes(settings.worker.otherwise, names["connectors"])
    if settings.canaries and not (settings.smtp or given.has("smtp")):
        yield ("canaries",), "there is no [smtp] to send them by", 'Add [smtp] with url = "smtps://USER@HOST".'
    yield from forwarded_mistakes(settings.routes, settings.mailboxes)
    yield from _later_sections(settings, given)


def _nothing_to_do(given: Given) -> Iterator[Mistake]:
    for section, example in (("mailboxes", "[mailboxes.support]"), ("connectors", "[connectors.desk]")):
        if not given.has(section) or given.tree[section] == {}:
            yield (section,), "there is none", f"Add a table {example}; `mail-to-case init` writes one."
    if not given.has("routes") or given.tree["routes"] in ([], ()):
        yield ("routes",), "there is none", 'Add [[routes]] with address = "*" and connector = a connector\'s name.'


def _names(given: Given) -> Iterator[Mistake]:
    for section in ("mailboxes", "connectors", "replies", "calendars", "canaries"):
        for name in given.names(section):
            if not _NAME.fullmatch(name):
                yield (section, name), "not a name", "Use letters, digits, - and _, 64 at most."


def _database(settings: Settings, environ: Mapping[str, str]) -> Iterator[Mistake]:
    path, url = ("worker", "database"), settings.worker.database
    if not url.startswith(_DATABASES):
        cure = "Write sqlite:///FILE or postgresql://USER@HOST/NAME."
        yield path, f"found {without_password(url)!r}", cure
    elif url.startswith("sqlite") and environ.get("DYNO") and not settings.worker.allow_ephemeral_database:
        cure = (
            "Add PostgreSQL, which sets DATABASE_URL (heroku addons:create heroku-postgresql); "
            "worker.allow_ephemeral_database = true accepts the loss."
        )
        yield path, "SQLite on a dyno, whose disk is gone at the next restart", cure


def _connector(name: str, connector: ConnectorSettings, environ: Mapping[str, str]) -> Iterator[Mistake]:
    # The connectors' own libraries are wanted only when there is a connector to check.
    from connectors import registry

    mine = list(_secrets(name, connector, environ))
    yield from mine
    told = {path for path, _, _ in mine}
    for words in registry.check_options(name, connector.type, connector.options, environ):
        mistake = _in_parts(("connectors", name), words)
        if mistake[0] not in told:
            yield mistake


def _secrets(name: str, connector: ConnectorSettings, environ: Mapping[str, str]) -> Iterator[Mistake]:
    for key, value in connector.options.items():
        path = ("connectors", name, key)
        if is_secret(key):
            yield path, *inlined_secret(key)
        elif key.endswith("_env") and isinstance(value, str):
            yield from variable_mistakes(path, value, environ)


def _in_parts(path: tuple[str, ...], words: str) -> Mistake:
    """``connectors.crm.url: not https; write https://…`` to its place, what was found, and the cure."""
    key, colon, text = words.removeprefix(f"{'.'.join(path)}.").partition(": ")
    if not colon or not key.isidentifier():
        return path, words, ""
    found, _, cure = text.partition("; ")
    return (*path, key), found, f"{cure[:1].upper()}{cure[1:].rstrip('.')}{'.' if cure[-1:] not in '?' else ''}"


def _later_sections(settings: Settings, given: Given) -> Iterator[Mistake]:
    calendars = given.names("calendars")
    for name, reply in settings.replies.items():
        if reply.calendar and reply.calendar not in calendars:
            yield (
                ("replies", name, "calendar"),
                f"unknown calendar {reply.calendar!r}",
                nearest(reply.calendar, calendars),
            )
    yield from escalation_mistakes(settings, given.names("connectors"), calendars)
