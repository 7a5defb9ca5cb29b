"""What is wrong with the settings, in words that name the place and the cure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

MASK = "***"
Path = tuple[str | int, ...]
#: a mistake before its place is known: path of the key, what was found, the cure
Mistake = tuple[Path, str, str]

_WORDS_OF_SECRETS = r"(pass(word|phrase|wd)?|secret|token|(private|api|access)_?key|credentials?)"
_SECRET_KEY = re.compile(rf"{_WORDS_OF_SECRETS}$", re.IGNORECASE)
_ABOUT_A_SECRET = re.compile(_WORDS_OF_SECRETS, re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*):[^\s]*@")
_LONGEST_SHOWN_CHARS = 80


@dataclass(frozen=True)
class Problem:
    """One mistake; ``file_or_variable`` is where to mend it.

    ``key`` counts the items of a list from 1: ``routes[2].address``.
    """

    file_or_variable: str
    key: str
    found: str
    cure: str

    def __str__(self) -> str:
        return f"{': '.join(filter(None, (self.file_or_variable, self.key, self.found)))}. {self.cure}".rstrip()


class SettingsError(Exception):
    """The settings cannot be used; ``str(error)`` is one line a problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Places:
    """Where each key came from: the file, or the environment variable that overrode it."""

    file: str
    variables: Mapping[Path, str] = field(default_factory=dict)

    def of(self, path: Path) -> str:
        """The variable that set this key or the whole section around it, else the file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.variables:
                return self.variables[path[:length]]
        return self.file

    def problem(self, mistake: Mistake) -> Problem:
        """The mistake with its place."""
        path, found, cure = mistake
        return Problem(self.of(path), key_of(path), found, cure)


def key_of(path: Path) -> str:
    """``("routes", 1, "address")`` to ``routes[2].address``."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def shown(value: object, key: str = "") -> str:
    """A value as a message may print it: cut, on one line, and never a secret."""
    if _ABOUT_A_SECRET.search(key):
        return MASK
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(without_password(value) if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST_SHOWN_CHARS else f"{text[:_LONGEST_SHOWN_CHARS]}…"


def is_secret(key: str) -> bool:
    """Whether the value of this key is a secret, as against the name of a variable: ``password``, ``api_key``."""
    return bool(_SECRET_KEY.search(key))


def inlined_secret(key: str) -> tuple[str, str]:
    """What to say of a secret that is written into the file: found, and cure."""
    cure = f'Put it into an environment variable and name that: {key}_env = "{key.upper()}".'
    return "a secret does not belong here", cure


def without_password(url: str) -> str:
    """A URL that may be shown."""
    return _URL_PASSWORD.sub(rf"\1:{MASK}@", url)


def nearest(word: str, known: Iterable[str]) -> str:
    """``Did you mean …?`` with the nearest known name, or the list of what is known."""
    names = sorted(known)
    close = get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Known here: {', '.join(names)}." if names else "Nothing is known here."
