"""docs/connectors.md, made from what the connectors declare: run ``python -m connectors.matrix``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from importlib import import_module

from connectors.contract import Capabilities, Connector, Dedupe
from connectors.registry import TYPES

_HEAD = """\
# Connectors

Made from the code by `python -m connectors.matrix`. A connector declares what it can do; the worker chooses its way by
that, and the test-kit its tests. What a CRM cannot do is said in the case itself, or stops with a clear word.

How a message is kept from becoming two cases:

"""
_DEDUPE = {
    Dedupe.NATIVE: "the CRM refuses a second record with the same key, so a retry can never double",
    Dedupe.SEARCH: "after a doubt the key is searched for, once the time in the table has passed, before a second try",
    Dedupe.NONE: "the CRM cannot be asked; after a doubt the message may arrive twice",
}
_ROWS: tuple[tuple[str, Callable[[Capabilities], str]], ...] = (
    ("against doubles", lambda can: can.dedupe.name),
    ("sure to be found after", lambda can: f"{can.visible_after_s:g} s"),
    ("adds to an existing case", lambda can: _yes(can.append)),
    ("finds a case by Message-ID, should the ledger be lost", lambda can: _yes(can.correlates)),
    ("HTML", lambda can: _yes(can.html)),
    ("notes for agents only (mail of strangers)", lambda can: _yes(can.internal_notes)),
    ("changes a case (escalations)", lambda can: _yes(can.updates)),
    ("reads cases back (reports)", lambda can: _yes(can.reads_back)),
    ("tells when agents answered", lambda can: _yes(can.answers)),
    ("longest text, characters", lambda can: f"{can.max_text_chars:,}"),
    ("largest attachment", lambda can: f"{can.max_attachment_bytes >> 20} MiB" if can.max_attachment_bytes else "none"),
)


def render() -> str:
    """The whole page, as Markdown."""
    classes = {name: _load(where) for name, where in TYPES.items()}
    return f"{_HEAD}{_ways()}\n{_table(classes)}\n{_keys(classes)}"


def _ways() -> str:
    return "".join(f"- **{way.name}**: {text}.\n" for way, text in _DEDUPE.items())


def _table(classes: dict[str, type[Connector]]) -> str:
    head = f"| | {' | '.join(f'`{name}`' for name in classes)} |\n|---|{'---|' * len(classes)}\n"
    rows = (
        f"| {title} | {' | '.join(say(connector.capabilities) for connector in classes.values())} |\n"
        for title, say in _ROWS
    )
    return head + "".join(rows)


def _keys(classes: dict[str, type[Connector]]) -> str:
    lines = (f"- `{name}`: {', '.join(_options(connector))}\n" for name, connector in classes.items())
    return (
        "Keys in `[connectors.NAME]` beside `type`; a secret is given as `KEY_env`, the name of a variable:\n\n"
        + "".join(lines)
    )


def _options(connector: type[Connector]) -> list[str]:
    keywords = inspect.signature(connector.__init__).parameters.values()
    required = inspect.Parameter.empty
    return [
        f"`{one.name}`{' (required)' if one.default is required else ''}"
        for one in keywords
        if one.kind is inspect.Parameter.KEYWORD_ONLY
    ]


def _load(where: str) -> type[Connector]:
    module, name = where.split(":")
    connector: type[Connector] = getattr(import_module(module), name)
    return connector


def _yes(able: bool) -> str:
    return "yes" if able else "no"


if __name__ == "__main__":
    sys.stdout.write(render())
