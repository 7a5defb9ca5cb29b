"""Plain words as an Atlassian document: paragraphs, breaks and text, so that nothing in them is ever obeyed."""

from __future__ import annotations

from typing import Any

from connectors.jira.words import Page, paragraphs


def document(page: Page) -> dict[str, Any]:
    """The page as the Atlassian Document Format, version 1."""
    return {"type": "doc", "version": 1, "content": [_paragraph(one) for one in paragraphs(page)]}


def _paragraph(text: str) -> dict[str, Any]:
    nodes: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            nodes.append({"type": "hardBreak"})
        # A text node must not be empty.
        if line:
            nodes.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": nodes}


def dense(page: Page) -> dict[str, Any]:
    """The same with the words in one block as they are, where a break costs one character and not thirty."""
    words = [{"type": "codeBlock", "content": [{"type": "text", "text": page.text}]}] if page.text else []
    head, *notices = [_paragraph(one) for one in paragraphs(Page(page.head or "Message:", "", page.notices))]
    return {"type": "doc", "version": 1, "content": [head, *words, *notices]}


def plain(body: Any) -> str:
    """The words of a document, its breaks as line feeds; whatever else is in it is passed over."""
    if not isinstance(body, dict):
        return body if isinstance(body, str) else ""
    if body.get("type") == "text":
        return str(body.get("text", ""))
    if body.get("type") == "hardBreak":
        return "\n"
    children = body.get("content")
    inner = "".join(map(plain, children)) if isinstance(children, list) else ""
    return inner + "\n" if body.get("type") in ("paragraph", "codeBlock") else inner
