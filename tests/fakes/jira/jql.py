"""The little JQL that the fake Jira understands; anything else is an error, as for a text that escaped its quotes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.fakes.jira.meta import PROJECT, PROJECT_ID
from tests.fakes.jira.records import Issue, words_of
from tests.fakes.jira.strict import refuse

_CLAUSE = re.compile(
    r"(?P<field>labels|project|updated|id|text|cf\[\d+\]) "
    r'(?P<sign>=|>=|in|~|IS NOT EMPTY) ?(?:"(?P<text>(?:[^"\\]|\\.)*)"|\((?P<ids>[\d, ]+)\)|\Z)\Z'
)
_ORDER = re.compile(r" ORDER BY (created|updated|key) (ASC|DESC)\Z")
_AGO = re.compile(r"-(\d+)([md])\Z")
_UNIT = {"m": timedelta(minutes=1), "d": timedelta(days=1)}


def select(jql: str, issues: list[Issue]) -> list[Issue]:
    """Those that it names, in its order."""
    order = _ORDER.search(jql)
    clauses = jql[: order.start()] if order else jql
    tests = [_either(one) for one in clauses.split(" AND ")]
    found = [one for one in issues if all(test(one) for test in tests)]
    if order:
        found.sort(key=_KEYS[order[1]], reverse=order[2] == "DESC")
    return found


_KEYS: dict[str, Callable[[Issue], object]] = {
    "created": lambda one: one.made_at,
    "updated": lambda one: one.updated_at,
    "key": lambda one: one.id,
}


def _either(clause: str) -> Callable[[Issue], bool]:
    """One clause, or several in brackets of which one must hold."""
    if not (clause.startswith("(") and clause.endswith(")")):
        return _test(clause)
    tests = [_test(one) for one in clause[1:-1].split(" OR ")]
    return lambda one: any(test(one) for test in tests)


def _searched(field: str, phrase: str) -> Callable[[Issue], bool]:
    """Words are found in any text of an issue, or in one field of it; whole words, in their order."""
    found = re.fullmatch(r'\\"([\w-]+)\\"', phrase)
    if not found:
        raise refuse(400, f"Unable to parse the text '{phrase}' for field '{field}'.")
    words = re.compile(rf"(?<!\w){re.escape(found[1])}(?!\w)", re.IGNORECASE)
    number = field.removeprefix("cf[").removesuffix("]")

    def holds(issue: Issue) -> bool:
        own = issue.fields.get(f"customfield_{number}") if field != "text" else None
        every = [issue.fields.get("description"), *issue.fields.values(), *(one.body for one in issue.comments)]
        return any(words.search(words_of(one)) for one in ([own] if field != "text" else every))

    return holds


def _test(clause: str) -> Callable[[Issue], bool]:
    found = _CLAUSE.match(clause)
    if not found:
        raise refuse(400, f"Error in the JQL Query: {clause[:60]!r}")
    field, sign, text, ids = found.group("field", "sign", "text", "ids")
    if field.startswith("cf[") and sign == "IS NOT EMPTY":
        return lambda one: bool(one.fields.get(f"customfield_{field[3:-1]}"))
    if (field == "text" or field.startswith("cf[")) and sign == "~":
        return _searched(field, text)
    if field == "labels" and sign == "=":
        return lambda one: text in one.labels
    if field == "project" and sign == "=":
        if text not in (PROJECT, PROJECT_ID):
            raise refuse(400, f"The value '{text}' does not exist for the field 'project'.")
        return lambda one: True
    if field == "updated" and sign == ">=":
        return _since(text)
    if field == "id" and sign == "in":
        wanted = {int(one) for one in ids.split(",")}
        return lambda one: one.id in wanted
    raise refuse(400, "The operator is not supported by the field.")


def _since(text: str) -> Callable[[Issue], bool]:
    ago = _AGO.match(text)
    if not ago:
        raise refuse(400, f"Date value '{text}' for field 'updated' is invalid.")
    # The index counts in whole minutes.
    since = (datetime.now(UTC) - int(ago[1]) * _UNIT[ago[2]]).replace(second=0, microsecond=0)
    return lambda one: one.updated_at >= since
