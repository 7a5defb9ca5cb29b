"""Mistakes of shape: unknown keys, missing keys, values of the wrong kind; put into an operator's words."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from worker.settings.model import Settings
from worker.settings.problems import Mistake, Path, inlined_secret, is_secret, nearest, shown

Tree = dict[str, Any]
_CHECKED_FURTHER = ("worker", "mailboxes", "connectors")


def shape_mistakes(error: ValidationError) -> list[Mistake]:
    """Each error of pydantic as place, what was found, and the cure."""
    return [_mistake(detail) for detail in error.errors(include_url=False)]


def _mistake(detail: ErrorDetails) -> Mistake:
    path, key = detail["loc"], str(detail["loc"][-1])
    if detail["type"] == "extra_forbidden":
        return path, *_unknown(path, key)
    described = _description(path)
    if detail["type"] == "missing":
        return path, "is missing", f"Add {key} = …{described or '.'}"
    if detail["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return path, f"found {shown(detail['input'], key)}", f"Write a table with that name{described or '.'}"
    if detail["type"] in ("tuple_type", "list_type"):
        return path, f"found {shown(detail['input'], key)}", f'Write a list: ["…", "…"]{described or "."}'
    words = detail["msg"].replace("Input should be", "It should be", 1)
    return path, f"found {shown(detail['input'], key)}", words + (described or ".")


def _unknown(path: Path, key: str) -> tuple[str, str]:
    section = _section_at(path[:-1])
    known = _keys(section)
    if is_secret(key):
        return inlined_secret(key)
    home = next((name for name in ("worker",) if len(path) == 1 and key in _keys(_section_at((name,)))), "")
    return "unknown key", f"It belongs under [{home}]." if home else nearest(key, known)


def _keys(section: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()] if section else []


def _description(path: Path) -> str:
    section = _section_at(path[:-1])
    field = _field(section, path[-1]) if section else None
    return f" ({field.description.rstrip('.')})." if field and field.description else ""


def _field(section: type[BaseModel], key: str | int) -> FieldInfo | None:
    fields = section.model_fields.items()
    return next((field for name, field in fields if key in (name, field.alias)), None)


def _section_at(path: Path) -> type[BaseModel] | None:
    """The model that stands at a path, or None where there is none."""
    here: Any = Settings
    for step in path:
        field = _field(here, step) if _is_section(here) else None
        here = _without_none(field.annotation) if field else _item(here)
    return here if _is_section(here) else None


def _item(annotation: Any) -> Any:
    """What a dict or a tuple holds."""
    arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    return arguments[-1] if arguments else None


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        return next(argument for argument in get_args(annotation) if argument is not type(None))
    return annotation


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def repaired(tree: Tree, error: ValidationError) -> Tree:
    """The tree without what has the wrong shape, so that what is left can be checked in the same go."""
    mended = copy.deepcopy(tree)
    for detail in error.errors(include_url=False, include_input=False):
        path = detail["loc"]
        if path[0] == "routes" and len(path) > 1:
            _mend_route(mended, path)
        elif path[0] in _CHECKED_FURTHER:
            _remove(mended, path[:-1] if detail["type"] == "missing" else path)
        else:
            mended.pop(str(path[0]), None)
    return mended


def _mend_route(tree: Tree, path: Path) -> None:
    """Take the key out and keep the route's number; the caller knows which routes are broken."""
    routes, number = list(tree["routes"]), int(path[1])
    route = dict(routes[number]) if isinstance(routes[number], dict) else {}
    if len(path) > 2:
        route.pop(path[2], None)
    route.setdefault("connector", "")
    routes[number] = route
    tree["routes"] = routes


def _remove(tree: Tree, path: Iterable[str | int]) -> None:
    *parents, key = path
    here: Any = tree
    for step in parents:
        if not isinstance(here, dict) or step not in here:
            return
        here = here[step]
    if isinstance(here, dict):
        here.pop(key, None)
