"""Plain words as Jira's wiki text, every sign that would be obeyed escaped."""

from __future__ import annotations

import re

from connectors.jira.words import Page, paragraphs

_SIGNS = re.compile(
    r"""(?xm)
    # An address of plain parts stays as it is, for a backslash within would break it when somebody follows it.
    (?P<plain> https?://[A-Za-z0-9]+(?:[./:=&%_-][A-Za-z0-9]+)*/? )
    # These are told by their number: a backslash is no sure escape for them, and two of it are a line break.
    | (?P<number> \\ | &(?=\#?\w{1,32};) | [:;](?=-?[)(DPp])
        | \((?=(?:[!?/xyni+*-]|\*[rgby]|on|off|flag|flagoff)\)) )
    # Hyphens and underscores within a word mean nothing, and a question mark alone means nothing.
    | (?P<sign> [*^~{}\[\]!|+] | (?<![A-Za-z0-9])[-_] | [-_](?![A-Za-z0-9]) | \?(?=\?) | (?<=\?)\?
        | (?<!\S)\# | (?<=[*#-])\# )
    """
)
#: at the start of a line: a heading or a quotation
_BLOCK = re.compile(r"(?m)^([ \t]*(?:h[1-6]|bq))\.")


def markup(page: Page) -> str:
    """The page as wiki text."""
    return "\n\n".join(escaped(one) for one in paragraphs(page))


def escaped(text: str) -> str:
    """Wiki text that shows these very words."""
    return _BLOCK.sub(r"\1&#46;", _SIGNS.sub(_spelt, text))


def _spelt(found: re.Match[str]) -> str:
    if found["plain"]:
        return found["plain"]
    return f"&#{ord(found['number'])};" if found["number"] else f"\\{found['sign']}"
