"""Environment variables that settings name: are they there, and can they be what they are said to be?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from worker.settings.environment import ONE_LINE, has_line_break
from worker.settings.problems import MASK, Mistake, Path

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_USUAL_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def variable_mistakes(path: Path, variable: str, environ: Mapping[str, str]) -> Iterator[Mistake]:
    """What is wrong with the variable that the key at ``path`` names. Its value is never part of the words."""
    key = str(path[-1])
    value = environ.get(variable)
    if not _VARIABLE.fullmatch(variable) or (value is None and not _USUAL_VARIABLE.fullmatch(variable)):
        # Whoever writes the password itself here must not read it in a log.
        cure = f"{key} takes the NAME of an environment variable, such as {key.removesuffix('_env').upper()}."
        yield path, f"found {MASK}, and there is no such environment variable", cure
    elif not value:
        state = "is not set" if value is None else "is empty"
        yield path, f"the environment variable {variable} {state}", f"Set {variable} to the secret's value."
    elif has_line_break(value) and not _may_have_lines(key):
        yield path, f"the value of the environment variable {variable} contains a line break", ONE_LINE


def _may_have_lines(key: str) -> bool:
    """A private key in PEM form has lines; passwords and tokens have none."""
    return key.removesuffix("_env").endswith("key")
