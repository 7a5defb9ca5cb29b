"""Settings that come from environment variables: which there are, and what is wrong with their names and values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from worker.settings.model import Settings
from worker.settings.problems import Path, Problem, nearest

PREFIX = "MAIL_TO_CASE__"
SECTIONS = tuple(Settings.model_fields)
_LISTS = ("routes", "escalations")
_NAMED = ("mailboxes", "connectors", "replies", "calendars", "canaries")
_ONE_UNDERSCORE = re.compile(rf"MAIL_TO_CASE_({'|'.join(SECTIONS)})_", re.IGNORECASE)


@dataclass(frozen=True)
class Variable:
    """One ``MAIL_TO_CASE__SECTION__KEY``."""

    name: str
    value: str

    @property
    def steps(self) -> Path:
        """``("mailboxes", "support", "host")``, in lower case."""
        return tuple(self.name[len(PREFIX) :].lower().split("__"))


def own_variables(environ: Mapping[str, str]) -> tuple[Variable, ...]:
    """The variables that set something in a section that exists; never an item of a list."""
    return tuple(variable for variable in _prefixed(environ) if _problem_of_name(variable) is None)


def variable_problems(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Names that lead nowhere, and values that cannot be meant."""
    for variable in _prefixed(environ):
        problem = _problem_of_name(variable)
        if problem:
            yield problem
        if has_line_break(variable.value):
            yield Problem(variable.name, "", "the value contains a line break", ONE_LINE)
    for name in environ:
        if _ONE_UNDERSCORE.match(name):
            cure = f"Two underscores stand before the section and before the key: {PREFIX}SECTION__KEY."
            yield Problem(name, "", "would be ignored", cure)
    if has_line_break(environ.get("DATABASE_URL", "")):
        yield Problem("DATABASE_URL", "", "the value contains a line break", ONE_LINE)


ONE_LINE = "Set it again on one line; a line break at its end often comes from reading it out of a file."


def has_line_break(value: str) -> bool:
    """Whether a value holds what no name, address or password has: CR, LF or NUL."""
    return any(char in value for char in "\r\n\0")


def same_names(from_environment: dict[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """Names as the file spells them: ``SUPPORT_EU`` means ``[mailboxes.Support-EU]`` if the file has it."""
    return {section: _renamed(section, value, written) for section, value in from_environment.items()}


def _renamed(section: str, value: Any, written: Mapping[str, Any]) -> Any:
    if section not in _NAMED or not isinstance(value, dict):
        return value
    return {spelled(section, name, written): inner for name, inner in value.items()}


def spelled(section: str, name: str, written: Mapping[str, Any]) -> str:
    """The file's spelling of a name that an environment variable gives without case or dashes."""
    table = written.get(section)
    names = table if isinstance(table, dict) else {}
    return next((known for known in names if _folded(known) == _folded(name)), name)


def path_of(variable: Variable, written: Mapping[str, Any]) -> Path:
    """Where the variable's value ends up, in the file's spelling."""
    section, *rest = map(str, variable.steps)
    if section in _NAMED and rest:
        rest[0] = spelled(section, rest[0], written)
    return (section, *rest)


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _prefixed(environ: Mapping[str, str]) -> Iterator[Variable]:
    return (Variable(name, value) for name, value in environ.items() if name.upper().startswith(PREFIX))


def _problem_of_name(variable: Variable) -> Problem | None:
    section, *rest = map(str, variable.steps)
    if section not in SECTIONS:
        return Problem(variable.name, "", f"unknown section {section!r}", nearest(section, SECTIONS))
    if section in _LISTS and rest:
        cure = f"Items of a list cannot come from the environment; write [[{section}]] in the file."
        return Problem(variable.name, "", "would be ignored", cure)
    if not all(rest):
        return Problem(variable.name, "", "a part of the name is empty", f"Write {PREFIX}SECTION__KEY.")
    return None
