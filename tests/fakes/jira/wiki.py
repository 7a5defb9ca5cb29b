"""A little of Jira's wiki renderer: what a reader sees of a text, and every markup in it that was obeyed."""

from __future__ import annotations

import html
import re

#: in this order: what is escaped is safe, then whatever would be rendered as something else than text
_TOKENS = re.compile(
    r"""(?xm)
    (?P<newline> \\\\ ) | (?P<escaped> \\[^\sA-Za-z0-9] ) | (?P<entity> &\#?\w{1,32}; )
    | (?P<url> https?://[^\s|\]]+ )
    | (?P<macro> \{[^}\n]*\} ) | (?P<link> \[[^\]\n]+\] ) | (?P<image> ![^\s!][^!\n]*! )
    | (?P<heading> ^[ \t]*(?:h[1-6]|bq)\. ) | (?P<list> ^[ \t]*[*\#-]+[ ] ) | (?P<table> \|[^|\n]*\| )
    | (?P<rule> -{2,4} ) | (?P<cite> \?\?[^?\n]+\?\? )
    | (?P<face> [:;]-?[)(DPp] | \((?:[!?/xyni+*-]|\*[rgby]|on|off|flag|flagoff)\) )
    | (?P<phrase> (?<![A-Za-z0-9])(?P<mark>[*_+^~-])(?!\s)[^\n]{1,200}?(?P=mark)(?![A-Za-z0-9]) )
    """
)


def rendered(text: str) -> tuple[str, list[str]]:
    """The words shown, and the pieces of markup that took effect."""
    shown: list[str] = []
    obeyed: list[str] = []
    end = 0
    for found in _TOKENS.finditer(text):
        shown.append(text[end : found.start()])
        end = found.end()
        if found["escaped"]:
            shown.append(found["escaped"][1:])
        elif found["entity"]:
            shown.append(html.unescape(found["entity"]))
        elif found["url"]:
            shown.append(found["url"].replace("\\", ""))
        elif found["newline"]:
            shown.append("\n")
        else:
            obeyed.append(found[0])
    shown.append(text[end:])
    return "".join(shown), obeyed
