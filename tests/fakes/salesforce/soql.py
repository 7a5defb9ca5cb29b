"""The part of SOQL that the fake understands; anything else is refused, as a quote out of place would be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.salesforce.strict import Refusal

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<moment>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))
    | (?P<number>\d+)
    | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
    | (?P<sign><=|>=|!=|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def malformed(said: str) -> Refusal:
    return Refusal(400, "MALFORMED_QUERY", said)


@dataclass
class Query:
    fields: list[str] = field(default_factory=list)
    kind: str = ""
    conditions: list[tuple[str, str, Any]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    limit: int | None = None


def parse(text: str) -> Query:
    return _Parser(_tokens(text)).query()


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise malformed(f"unexpected token: {text[place : place + 20]}")
        found.append((str(match.lastgroup), str(match[str(match.lastgroup)])))
        place = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0

    def _next(self, kind: str = "") -> str:
        if self._place >= len(self._tokens):
            raise malformed("unexpected end of query")
        found, text = self._tokens[self._place]
        if kind and found != kind:
            raise malformed(f"unexpected token: {text}")
        self._place += 1
        return text

    def _is(self, *words: str) -> bool:
        ahead = [text.upper() for _, text in self._tokens[self._place : self._place + len(words)]]
        if ahead == list(words):
            self._place += len(words)
            return True
        return False

    def _must(self, *words: str) -> None:
        if not self._is(*words):
            raise malformed(f"expecting {' '.join(words)}")

    def _listed(self, one: Callable[[], Any]) -> list[Any]:
        found = [one()]
        while self._is(","):
            found.append(one())
        return found

    def query(self) -> Query:
        query = Query()
        self._must("SELECT")
        query.fields = self._listed(lambda: self._next("word"))
        self._must("FROM")
        query.kind = self._next("word")
        if self._is("WHERE"):
            query.conditions.append(self._condition())
            while self._is("AND"):
                query.conditions.append(self._condition())
        if self._is("ORDER", "BY"):
            query.order = self._listed(lambda: self._next("word"))
        if self._is("LIMIT"):
            query.limit = int(self._next("number"))
        if self._place < len(self._tokens):
            raise malformed(f"unexpected token: {self._tokens[self._place][1]}")
        return query

    def _condition(self) -> tuple[str, str, Any]:
        name = self._next("word")
        if self._is("IN"):
            self._must("(")
            values = self._listed(self._literal)
            self._must(")")
            return name, "IN", values
        return name, self._next("sign"), self._literal()

    def _literal(self) -> Any:
        kind, text = self._tokens[self._place] if self._place < len(self._tokens) else ("", "")
        self._next()
        if kind == "text":
            return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])
        if kind == "word" and text.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text.lower()]
        if kind in ("moment", "number"):
            return text if kind == "moment" else int(text)
        raise malformed(f"unexpected token: {text}")
