"""Reads settings.toml and the environment, and reports every mistake of both at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SkipValidation, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, InitSettingsSource, SettingsConfigDict

from worker.settings.canary import Canary
from worker.settings.environment import PREFIX, own_variables, path_of, same_names, variable_problems
from worker.settings.model import ConnectorSettings, MailboxSettings, Settings, WorkerSettings
from worker.settings.problems import Mistake, Places, Problem, SettingsError, without_password
from worker.settings.promised import Calendar, Escalation, Reply, Smtp
from worker.settings.route import Route
from worker.settings.shape import repaired, shape_mistakes
from worker.settings.validate import Given, mistakes_in

Tree = dict[str, Any]


def load(path: Path | str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of ``path`` with ``MAIL_TO_CASE__SECTION__KEY`` variables on top; DATABASE_URL wins.

    Raises SettingsError with every mistake at once. Nothing is contacted, started or written.
    """
    environment = os.environ if environ is None else environ
    written = read_file(Path(path))
    tree = _merged(written, environment)
    settings, mistakes = _checked(tree, environment)
    places = _places(Path(path), written, environment)
    problems = [places.problem(mistake) for mistake in mistakes]
    problems += [*variable_problems(environment), *_readable_by_others(Path(path), written)]
    if problems or settings is None:
        raise SettingsError(problems)
    return settings


def read_file(path: Path) -> Tree:
    """The TOML file as written. Raises SettingsError when it is missing, unreadable or no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        cure = f"Write one with `mail-to-case init`, or name another with --settings (looked for {path.name})"
        raise SettingsError([Problem(str(path), "", "there is no such file", f"{cure}.")]) from None
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise SettingsError([Problem(str(path), "", reason, "Name a readable TOML file with --settings.")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError([Problem(str(path), "", f"line {line} is not UTF-8", "Save the file as UTF-8.")]) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = _syntax(error)
        raise SettingsError([Problem(str(path), "", reason, "Mend the TOML at that place.")]) from None


def _syntax(error: Exception) -> str:
    """What tomllib said, which names line and column but repeats no value."""
    return f"not TOML: {error}" if isinstance(error, tomllib.TOMLDecodeError) else "not TOML: nested too deeply"


class _Sources(BaseSettings):
    """Says to pydantic-settings which sections there are; validation comes later, when all is merged."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="allow")

    worker: SkipValidation[WorkerSettings] = WorkerSettings()
    mailboxes: SkipValidation[dict[str, MailboxSettings]] = {}
    connectors: SkipValidation[dict[str, ConnectorSettings]] = {}
    routes: SkipValidation[tuple[Route, ...]] = ()
    replies: SkipValidation[dict[str, Reply]] = {}
    calendars: SkipValidation[dict[str, Calendar]] = {}
    escalations: SkipValidation[tuple[Escalation, ...]] = ()
    smtp: SkipValidation[Smtp] | None = None
    canaries: SkipValidation[dict[str, Canary]] = {}


class _Environment(EnvSettingsSource):
    """The given environment instead of the process's own; names as the file spells them."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str], written: Tree) -> None:
        self._own = own_variables(environ)
        self._written = written
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {variable.name.lower(): variable.value for variable in self._own}

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        """JSON where a list or table is meant; what is not JSON is reported later, with all other mistakes."""
        if not str(value).lstrip().startswith(("[", "{")):
            return value
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value

    def __call__(self) -> Tree:
        return same_names(super().__call__(), self._written)


def _merged(written: Tree, environ: Mapping[str, str]) -> Tree:
    """File and environment in one tree of raw values."""

    class Sources(_Sources):
        @classmethod
        def settings_customise_sources(cls, settings_cls: type[BaseSettings], *_: Any, **__: Any) -> Any:
            from_file = InitSettingsSource(settings_cls, init_kwargs=written)
            return _Environment(settings_cls, environ, written), from_file

    merged = Sources()
    tree = {name: getattr(merged, name) for name in merged.model_fields_set} | (merged.model_extra or {})
    if environ.get("DATABASE_URL") and isinstance(tree.setdefault("worker", {}), dict):
        tree["worker"] = tree["worker"] | {"database": environ["DATABASE_URL"]}
    return tree


def _checked(tree: Tree, environ: Mapping[str, str]) -> tuple[Settings | None, list[Mistake]]:
    """The settings, and all mistakes: those of shape first, then those of what is left when these are taken out."""
    found: list[Mistake] = []
    rest = tree
    while True:
        try:
            settings = Settings.model_validate(rest, context={"environ": environ})
        except ValidationError as error:
            found += shape_mistakes(error) if rest is tree else []
            mended = repaired(rest, error)
            if mended == rest:
                return None, found
            rest = mended
        else:
            given = Given(tree, frozenset(path for path, _, _ in found))
            return settings, [*found, *mistakes_in(settings, given, environ)]


def _places(path: Path, written: Tree, environ: Mapping[str, str]) -> Places:
    variables = {path_of(variable, written): variable.name for variable in own_variables(environ)}
    if environ.get("DATABASE_URL"):
        variables["worker", "database"] = "DATABASE_URL"
    return Places(str(path), variables)


def _readable_by_others(path: Path, written: Tree) -> list[Problem]:
    """A password within the ledger's URL is the one secret that the file may hold; then it must be private."""
    worker = written.get("worker")
    url = worker.get("database") if isinstance(worker, dict) else None
    if not isinstance(url, str) or without_password(url) == url or not path.stat().st_mode & 0o044:
        return []
    cure = f"Put the URL into DATABASE_URL, or chmod 600 {path.name}."
    return [Problem(str(path), "worker.database", "a password in a file that others can read", cure)]
