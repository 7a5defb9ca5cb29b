"""Pages that are too much: measured before a tree is built of them, since trees take quadratic time on nonsense."""

from __future__ import annotations

import re

from worker.parsing.text import listed

#: longer pages are cut for the text and not shown as HTML at all
MAX_HTML_CHARS = 1024 * 1024
# Elements that are open at once; real mail stays below 300.
MAX_DEPTH = 2000
MAX_TAG_CHARS = 8000

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)")
_LONG_TAG = re.compile(r"""<([a-zA-Z][a-zA-Z0-9]*+)(?:[^"'<>]++|"[^"]*+"|'[^']*+'){1,}+""")
_LONG_GAP = re.compile(rf"<[^<]{{{MAX_TAG_CHARS - 1}}}")
_QUOTED = re.compile(r""""[^"]*+"|'[^']*+'""")
_NO_NESTING = frozenset(
    listed(
        """
    p | li | td | th | tr | dd | dt | option | br | hr | img | input | meta | link | area | base | col | embed |
    source | track | wbr | font
    """
    )
)


def cleanable(html: str) -> bool:
    """Whether the page is small and flat enough to be cleaned in reasonable time."""
    return len(html) <= MAX_HTML_CHARS and not too_deep(html)


def too_deep(html: str) -> bool:
    """Whether more elements are open at once than any honest page has."""
    if html.count("<") < MAX_DEPTH:
        return False
    depth = 0
    for closing, name in _TAG.findall(html):
        if name.lower() not in _NO_NESTING:
            depth += -1 if closing else 1
            if depth > MAX_DEPTH:
                return True
    return False


def without_long_tags(html: str) -> str:
    """Tags with thousands of attributes lose them: comparing attributes with each other takes quadratic time."""
    if not _LONG_GAP.search(html):
        return html
    return _LONG_TAG.sub(_shortened, html)


def _shortened(match: re.Match[str]) -> str:
    if len(match[0]) < MAX_TAG_CHARS or len(_QUOTED.sub("", match[0])) < MAX_TAG_CHARS // 2:
        return match[0]
    return "<" + match[1]
