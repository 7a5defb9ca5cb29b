"""HTML of strangers as plain text. Linear and without recursion, however deep the page."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.parsing.page import MAX_HTML_CHARS, too_deep, without_long_tags
from worker.parsing.text import listed

_ANY_TAG = re.compile(r"<[^>]*+>?")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SKIPPED = frozenset(
    listed(
        """
    head | script | style | title | template | noscript | iframe | object | svg | math | select | textarea
    """
    )
)
_BLOCKS = frozenset(
    listed(
        """
    address | article | aside | blockquote | body | center | dd | details | div | dl | dt | fieldset | figure |
    footer | form | h1 | h2 | h3 | h4 | h5 | h6 | header | html | li | main | nav | ol | p | pre | section | table
    | tr | ul | hr | caption
    """
    )
)
_SPACED = frozenset(
    listed(
        """
    p | h1 | h2 | h3 | h4 | h5 | h6 | ul | ol | blockquote | pre | table | dl
    """
    )
)
_RULE = "_" * 32


def html_to_text(html: str) -> str:
    """The readable text: blocks on lines of their own, quotes behind ``> ``, lists with dashes; never raises."""
    html = without_long_tags(html[:MAX_HTML_CHARS])
    if too_deep(html):
        return _tags_dropped(html)
    root = LexborHTMLParser(html).root
    if root is None:
        return ""
    writer = _Writer(bool(_HIDDEN.search(html)))
    writer.walk(root)
    return writer.text()


def _tags_dropped(html: str) -> str:
    """The text of a page that is no page: tags simply left out."""
    return _ANY_TAG.sub(" ", html).strip()


class _Writer:
    """Collects lines while the tree is walked; each line knows how deep in quotes it lies."""

    def __init__(self, check_hidden: bool) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._pre = 0
        self._space = False
        self._check_hidden = check_hidden

    def walk(self, root: LexborNode) -> None:
        """Visit every node without recursion."""
        node: LexborNode | None = root
        while node is not None:
            below = node.first_child if self._enter(node) else None
            while below is None and node is not None:
                self._leave(node)
                below = node.next
                node = node.parent if below is None else node
            node = below

    def text(self) -> str:
        """The lines, at most one empty line between two of them."""
        self._break()
        while self._lines and not self._lines[-1].strip("> "):
            self._lines.pop()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip()

    def _enter(self, node: LexborNode) -> bool:
        """Write what stands before a node's children; False when they are not to be read."""
        tag = node.tag
        if tag == "-text":
            self._write(node.text_content or "")
            return False
        if tag in _SKIPPED or tag is None or tag == "-comment" or (self._check_hidden and self._hidden(node)):
            return False
        if tag in _BLOCKS:
            self._open_block(tag)
        elif tag == "br":
            self._end_line()
        elif tag in ("td", "th"):
            self._space = True
        return True

    def _open_block(self, tag: str) -> None:
        self._break(spaced=tag in _SPACED)
        if tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._pre += 1
        elif tag == "li":
            self._line.append("- ")
        elif tag == "hr":
            self._line.append(_RULE)

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag
        if tag not in _BLOCKS:
            return
        self._break()
        if tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        if tag in _SPACED:
            self._blank()

    @staticmethod
    def _hidden(node: LexborNode) -> bool:
        return bool(_HIDDEN.search(node.attributes.get("style") or ""))

    def _write(self, text: str) -> None:
        if self._pre:
            self._write_lines(text)
            return
        words = text.split()
        if not words:
            self._space = self._space or bool(text)
            return
        if (self._space or text[0].isspace()) and self._line:
            self._line.append(" ")
        self._line.append(" ".join(words))
        self._space = text[-1].isspace()

    def _write_lines(self, text: str) -> None:
        first, *more = text.split("\n")
        self._line.append(first)
        for line in more:
            self._end_line()
            self._line.append(line)

    def _end_line(self) -> None:
        line = "".join(self._line).rstrip()
        self._lines.append(("> " * min(self._quotes, 20) + line).rstrip())
        self._line = []
        self._space = False

    def _break(self, spaced: bool = False) -> None:
        if self._line:
            self._end_line()
        if spaced:
            self._blank()

    def _blank(self) -> None:
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append(("> " * min(self._quotes, 20)).rstrip())
