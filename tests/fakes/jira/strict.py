"""The fake Jira's refusals in Jira's shapes, and what it takes for a document."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.http_server import Reply

MAX_CHARS = 32_767
SUMMARY_CHARS = 255
TOO_LONG = "The entered text is too long. It exceeds the allowed limit of 32,767 characters."


class Refusal(Exception):
    """Answer with this."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


def refuse(status: int, *messages: str, headers: dict[str, str] | None = None, **errors: str) -> Refusal:
    body = {"errorMessages": list(messages), "errors": errors, "status": status}
    return Refusal(Reply(status, body, headers or {}))


def no_issue() -> Refusal:
    return refuse(404, "Issue does not exist or you do not have permission to see it.")


def mapping(value: Any, name: str, allowed: set[str]) -> dict[str, Any]:
    """The object under that name, which has no member but these."""
    if not isinstance(value, dict):
        raise refuse(400, f"{name} must be an object")
    for field in value:
        if field not in allowed:
            raise refuse(400, f'Unrecognized field "{field}" in {name}')
    return value


def properties(given: Any) -> dict[str, Any]:
    """A list of key and value, as an object."""
    found: dict[str, Any] = {}
    for one in given if isinstance(given, list) else []:
        entry = mapping(one, "property", {"key", "value"})
        if not isinstance(entry["key"], str) or not 1 <= len(entry["key"]) <= 255:
            raise refuse(400, "The property key must be 1 to 255 characters long.")
        if len(json.dumps(entry["value"])) > 32_768:
            raise refuse(400, "The property value is too long.")
        found[entry["key"]] = entry["value"]
    return found


def text(value: Any, name: str, *, adf: bool, limit: int) -> Any:
    """A description or a comment: within the limit, in its flavour's form, with nothing in it that is obeyed."""
    size = len(json.dumps(value, ensure_ascii=False)) if adf else len(str(value))
    if size > limit:
        raise refuse(400, **{name: TOO_LONG.replace("32,767", f"{limit:,}")})
    if not adf:
        if not isinstance(value, str) or not value.strip():
            raise refuse(400, **{name: "Comment body can not be empty!"})
        return value
    if problem := adf_problem(value):
        raise refuse(400, **{name: f"INVALID_INPUT: {problem}"})
    return value


_BLOCKS = {"paragraph", "heading", "blockquote", "codeBlock", "bulletList", "orderedList", "rule", "panel"}
_INLINE = {"text", "hardBreak", "mention", "emoji", "inlineCard", "status", "date"}
_LIVE = {"mention", "inlineCard", "emoji", "status", "date"}


def adf_problem(value: Any) -> str:
    """What is wrong with a document of paragraphs, or "". Strict: the node types, their members, and their texts."""
    if not isinstance(value, dict) or set(value) != {"type", "version", "content"}:
        return "the document must have type, version and content"
    if value["type"] != "doc" or value["version"] != 1 or not isinstance(value["content"], list):
        return "no document of version 1"
    return next(filter(None, map(_block_problem, value["content"])), "")


def _block_problem(node: Any) -> str:
    if not isinstance(node, dict) or node.get("type") not in _BLOCKS:
        return f"no block: {str(node)[:60]}"
    if node["type"] == "codeBlock":
        return _code_problem(node)
    if node["type"] != "paragraph":
        return f"text became a {node['type']}"
    if not set(node) <= {"type", "content", "attrs"} or not isinstance(node.get("content", []), list):
        return "a paragraph has content only"
    return next(filter(None, map(_inline_problem, node.get("content", []))), "")


def _code_problem(node: dict[str, Any]) -> str:
    words = node.get("content", [])
    if not set(node) <= {"type", "content"} or any(set(one) != {"type", "text"} for one in words):
        return "a code block has plain text only"
    return next(filter(None, (_text_problem(one["text"].replace("\n", "\t")) for one in words)), "")


def _text_problem(words: Any) -> str:
    if not isinstance(words, str) or not words:
        return "a text node needs words"
    return "" if all(one.isprintable() or one == "\t" or ord(one) >= 0xA0 for one in words) else "control characters"


def _inline_problem(node: Any) -> str:
    if not isinstance(node, dict) or node.get("type") not in _INLINE:
        return f"not inline: {str(node)[:60]}"
    if node["type"] in _LIVE:
        return f"text became a {node['type']}"
    if node["type"] == "hardBreak":
        return "" if set(node) <= {"type", "attrs"} else "a break has no content"
    return _text_problem(node["text"]) if set(node) == {"type", "text"} else "a text node takes no marks here"
