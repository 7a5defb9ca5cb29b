"""Name to connector: ours by table, others by entry point; every mistake in the options is named at once."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from connectors.contract import Capabilities, Connector, ConnectorError

#: our own connectors; imported only when a setting names them
TYPES: Final[Mapping[str, str]] = {
    "desk": "connectors.desk:Desk",
    "jira": "connectors.jira:Jira",
    "forward": "connectors.forward:Forward",
    "salesforce": "connectors.salesforce:Salesforce",
    "hubspot": "connectors.hubspot:HubSpot",
    "zendesk": "connectors.zendesk:Zendesk",
}
ENTRY_POINTS: Final = "mail_to_case.connectors"


class Misconfigured(Exception):
    """The options do not make a connector; ``problems`` has one line each, with the key and the cure."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def type_names() -> tuple[str, ...]:
    """Every ``type`` that a setting may name, sorted."""
    return tuple(sorted({*TYPES, *(point.name for point in entry_points(group=ENTRY_POINTS))}))


def build(name: str, type_: str, options: Mapping[str, object], environ: Mapping[str, str]) -> Connector:
    """The connector ``[connectors.name]``. Raises Misconfigured with every problem; connects to nothing."""
    connector, keywords, problems = _examine(name, type_, options, environ)
    if connector is None or problems:
        raise Misconfigured(problems)
    try:
        return connector(**keywords)
    except (ValueError, ConnectorError) as error:
        raise Misconfigured([f"connectors.{name}: {error}"]) from error


def check_options(name: str, type_: str, options: Mapping[str, object], environ: Mapping[str, str]) -> tuple[str, ...]:
    """What ``build`` would complain about, found without building."""
    return tuple(_examine(name, type_, options, environ)[2])


def capabilities_of(type_: str) -> Capabilities | None:
    """What connectors of that type can do, unless their settings say otherwise; None when there is no such type."""
    try:
        return getattr(_load(type_), "capabilities", None)
    except _NotFound:
        return None


def _examine(
    name: str, type_: str, options: Mapping[str, object], environ: Mapping[str, str]
) -> tuple[type[Connector] | None, dict[str, object], list[str]]:
    try:
        connector = _load(type_)
    except _NotFound as error:
        return None, {}, [f"connectors.{name}.type: {error}"]
    reading = _Reading(name, environ, _parameters(connector))
    keywords = reading.keywords(options)
    if not reading.problems:
        reading.problems += [f"connectors.{name}.{key}: {text}" for key, text in connector.misfits(keywords)]
    return connector, keywords, reading.problems


class _NotFound(Exception):
    """No class for a ``type``; the text says why, and the cure."""


def _load(type_: str) -> type[Connector]:
    path = TYPES.get(type_)
    offered = list(entry_points(group=ENTRY_POINTS, name=type_))
    if len(offered) + bool(path) > 1:
        makers = ", ".join(sorted(_maker(point) for point in offered))
        ours = "this package and " if path else ""
        raise _NotFound(f"{ours}{makers} all offer {type_!r}; uninstall all but one")
    if path is None and not offered:
        raise _NotFound(f"there is no connector {type_!r}{_nearest(type_, type_names())}")
    return _imported(type_, path, offered)


def _imported(type_: str, path: str | None, offered: Sequence[EntryPoint]) -> type[Connector]:
    try:
        found = _by_path(path) if path else offered[0].load()
    except (ImportError, AttributeError) as error:
        maker = _maker(offered[0]) if offered else "this package"
        raise _NotFound(f"{type_!r} of {maker} cannot be imported ({error}); install it again") from error
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise _NotFound(f"{type_!r} of {_maker(offered[0])} is no Connector; ask its authors")
    return found


def _by_path(path: str) -> object:
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)


def _maker(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


@dataclass(frozen=True)
class _Parameter:
    """One keyword of a constructor."""

    hint: Any
    required: bool


def _parameters(connector: type[Connector]) -> dict[str, _Parameter] | None:
    """By name; None when the constructor takes any keyword."""
    signature = inspect.signature(connector)
    if any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values()):
        return None
    hints = get_type_hints(connector.__init__)
    return {
        name: _Parameter(hints.get(name, object), one.default is one.empty)
        for name, one in signature.parameters.items()
    }


@dataclass
class _Reading:
    """Turns options into keyword arguments, and notes what does not fit."""

    name: str
    environ: Mapping[str, str]
    parameters: Mapping[str, _Parameter] | None
    problems: list[str] = field(default_factory=list)

    def keywords(self, options: Mapping[str, object]) -> dict[str, object]:
        """What the constructor gets; incomplete when there are problems."""
        found: dict[str, object] = {}
        for key, value in options.items():
            self._read(key, value, found)
        self._note_missing(options)
        return found

    def _read(self, key: str, value: object, found: dict[str, object]) -> None:
        keyword = self._keyword(key)
        if keyword is None:
            self._note(key, f"unknown key{_nearest(key, self._names())}")
        elif keyword in found:
            self._note(key, f"{keyword} is given twice; keep {keyword} or {keyword}_env")
        elif keyword != key:
            self._read_variable(key, value, keyword, found)
        else:
            found[key] = self._fitted(key, key, value)

    def _keyword(self, key: str) -> str | None:
        stem = key.removesuffix("_env")
        if self.parameters is None:
            return stem
        return key if key in self.parameters else stem if stem in self.parameters else None

    def _read_variable(self, key: str, variable: object, keyword: str, found: dict[str, object]) -> None:
        if not isinstance(variable, str) or not variable:
            self._note(key, "must be the name of an environment variable")
            return
        value = self.environ.get(variable, "")
        if not value:
            self._note(key, f"the environment variable {variable} is not set; set it, or name another")
        else:
            found[keyword] = self._fitted(key, keyword, value)

    def _fitted(self, key: str, keyword: str, value: object) -> object:
        hint = self.parameters[keyword].hint if self.parameters else Any
        try:
            adapter: TypeAdapter[object] = TypeAdapter(hint)
            return adapter.validate_python(value)
        except ValidationError as error:
            self._note(key, error.errors(include_input=False)[0]["msg"].lower())
        except PydanticSchemaGenerationError:
            # A type of a third party's own that only its constructor can judge.
            return value
        return None

    def _note_missing(self, options: Mapping[str, object]) -> None:
        for keyword, parameter in (self.parameters or {}).items():
            if parameter.required and not {keyword, f"{keyword}_env"} & set(options):
                self._note(keyword, f"missing; set {keyword}, or {keyword}_env to an environment variable's name")

    def _names(self) -> list[str]:
        return [name + suffix for name in self.parameters or () for suffix in ("", "_env")]

    def _note(self, key: str, text: str) -> None:
        self.problems.append(f"connectors.{self.name}.{key}: {text}")


def _nearest(word: str, names: Iterable[str]) -> str:
    """The cure for a misspelling: the name that was meant or, if none is near, all of them."""
    known = list(names)
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known: {', '.join(one for one in known if not one.endswith('_env'))}"
