"""HTML of strangers: as plain text, and as harmless HTML. Linear and without recursion, however deep the page."""

from __future__ import annotations

import re

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

#: longer pages are cut for the text and not shown as HTML at all
MAX_HTML_CHARS = 1024 * 1024
# The tree builders take quadratic time on open elements; real mail stays below 300.
_MAX_DEPTH = 2000
_MAX_TAG_CHARS = 8000
_FEW_TAGS = 1000

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)")
_ANY_TAG = re.compile(r"<[^>]*+>?")
_LONG_TAG = re.compile(r"""<([a-zA-Z][a-zA-Z0-9]*+)(?:[^"'<>]++|"[^"]*+"|'[^']*+'){1,}+""")
_QUOTED = re.compile(r""""[^"]*+"|'[^']*+'""")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_NO_NESTING = frozenset(
    "p li td th tr dd dt option br hr img input meta link area base col embed source track wbr font".split()
)
_SKIPPED = frozenset("head script style title template noscript iframe object svg math select textarea".split())
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 "
    "header html li main nav ol p pre section table tr ul hr caption".split()
)
_SPACED = frozenset("p h1 h2 h3 h4 h5 h6 ul ol blockquote pre table dl".split())
_RULE = "_" * 32

_CONTENT_DROPPED = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"}
_TAGS = nh3.ALLOWED_TAGS - _CONTENT_DROPPED | {"font"}
_ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {"font": {"color"}}
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}


def html_to_text(html: str) -> str:
    """The readable text: blocks on lines of their own, quotes behind ``> ``, lists with dashes; never raises."""
    html = _without_long_tags(html[:MAX_HTML_CHARS])
    if too_deep(html):
        return _tags_dropped(html)
    root = LexborHTMLParser(html).root
    if root is None:
        return ""
    writer = _Writer(bool(_HIDDEN.search(html)))
    writer.walk(root)
    return writer.text()


def sanitised(html: str) -> str:
    """The HTML without anything that runs, loads, submits or hides; images only from within the mail (``cid:``).

    "" when the page is too big or too deep to be cleaned in reasonable time.
    """
    html = _without_long_tags(html)
    if len(html) > MAX_HTML_CHARS or too_deep(html):
        return ""
    # A call back into Python for each attribute is only worth it when an image of the mail may be shown.
    has_images = "cid:" in html or "CID:" in html
    return nh3.clean(
        html,
        tags=_TAGS if has_images else _TAGS - {"img"},
        clean_content_tags=_CONTENT_DROPPED,
        attributes=_ATTRIBUTES,
        attribute_filter=_only_own_images if has_images else None,
        url_schemes=_SCHEMES,
    ).strip()


def too_deep(html: str) -> bool:
    """Whether more elements are open at once than any honest page has."""
    if html.count("<") < _MAX_DEPTH:
        return False
    depth = 0
    for closing, name in _TAG.findall(html):
        if name.lower() not in _NO_NESTING:
            depth += -1 if closing else 1
            if depth > _MAX_DEPTH:
                return True
    return False


def _only_own_images(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        return value if value.lower().startswith("cid:") else None
    return value


def _without_long_tags(html: str) -> str:
    """Tags with thousands of attributes lose them: comparing attributes with each other takes quadratic time."""
    if max(map(len, html.split("<")), default=0) < _MAX_TAG_CHARS:
        return html
    return _LONG_TAG.sub(_shortened, html)


def _shortened(match: re.Match[str]) -> str:
    if len(match[0]) < _MAX_TAG_CHARS or len(_QUOTED.sub("", match[0])) < _MAX_TAG_CHARS // 2:
        return match[0]
    return "<" + match[1]


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
