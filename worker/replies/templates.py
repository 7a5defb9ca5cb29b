"""The operator's templates: read and tried at the start, so that a mistake is found before a customer finds it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from worker.replies.language import nearest
from worker.settings.promised import Reply

MAX_CHARS = 100_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")

#: What a template may name, as it is when nothing is known, and as it may be.
NAMES: tuple[Mapping[str, Any], ...] = (
    {
        "case": {"number": "1", "url": ""},
        "subject": "",
        "sender_name": "",
        "sender_address": "ann@example.com",
        "expected_response": "",
        "received": "Monday, 23 November 2026, 10:00 (UTC)",
        "language": "en",
    },
    {
        "case": {"number": "4711", "url": "https://crm.example.com/4711"},
        "subject": "Printer on fire",
        "sender_name": "Ann",
        "sender_address": "ann@example.com",
        "expected_response": "Tuesday, 24 November 2026, 17:00 (JST)",
        "received": "Monday, 23 November 2026, 10:00 (JST)",
        "language": "ja",
    },
)


class TemplateMistake(Exception):
    """A template cannot be used; the text names the file, what is wrong, and the cure."""


@dataclass(frozen=True)
class Rendered:
    """The words of one answer. ``html`` is "" when there is none."""

    subject: str
    text: str
    html: str
    language: str


@dataclass(frozen=True)
class Templates:
    """The templates of one [replies.NAME]: by language, text and perhaps HTML."""

    subject: Template
    texts: Mapping[str, Template]
    htmls: Mapping[str, Template]
    language: str

    def language_for(self, wanted: tuple[str, ...]) -> str:
        """The best language of those there are."""
        return nearest(wanted, tuple(self.texts)) or self.language

    def render(self, language: str, values: Mapping[str, Any]) -> Rendered:
        """Fill it in. Raises TemplateMistake for whatever goes wrong."""
        html = self.htmls.get(language)
        return Rendered(
            subject=" ".join(_filled(self.subject, values).split()),
            text=_filled(self.texts[language], values),
            html=_filled(html, values) if html else "",
            language=language,
        )


def load(reply: Reply) -> Templates:
    """Read the files of a reply in all their languages and try them. Raises TemplateMistake."""
    loaded = Templates(
        subject=_compiled("subject", reply.subject, html=False),
        texts=_by_language(Path(reply.text), reply.language, html=False),
        htmls=_by_language(Path(reply.html), reply.language, html=True) if reply.html else {},
        language=reply.language,
    )
    for language in loaded.texts:
        for values in NAMES:
            loaded.render(language, values)
    for language in set(loaded.htmls) - set(loaded.texts):
        raise TemplateMistake(f"{reply.html}: there is one in {language!r}, but none as text; add that")
    return loaded


def _by_language(path: Path, language: str, *, html: bool) -> dict[str, Template]:
    """``billing.txt`` in the reply's own language, and ``billing.ja.txt`` beside it in Japanese."""
    found = {language: _read(path, html=html)}
    for other, variant in _variants(path):
        found[other] = _read(variant, html=html)
    return found


def _variants(path: Path) -> Iterator[tuple[str, Path]]:
    for one in sorted(path.parent.glob(f"{path.stem}.*{path.suffix}")):
        middle = one.name[len(path.stem) + 1 : len(one.name) - len(path.suffix)]
        if one != path and _LANGUAGE.fullmatch(middle):
            yield middle, one


def _read(path: Path, *, html: bool) -> Template:
    try:
        return _compiled(str(path), path.read_text(encoding="utf-8-sig"), html=html)
    except OSError as error:
        raise TemplateMistake(f"{path} cannot be read ({error.strerror}); name a readable file") from None
    except UnicodeDecodeError:
        raise TemplateMistake(f"{path} is not UTF-8; save it as UTF-8") from None


def _compiled(name: str, source: str, *, html: bool) -> Template:
    # Nothing of a mail is ever compiled: its words are values only, and a value is not filled in a second time (H31).
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=html, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    try:
        template = environment.from_string(source)
    except TemplateError as error:
        raise TemplateMistake(f"{name}: {_told(error)}") from None
    template.name = name
    return template


def _filled(template: Template, values: Mapping[str, Any]) -> str:
    try:
        filled = template.render(values)
    except Exception as error:
        # Whatever a template stumbles over, even a bug in a filter, costs an answer and never a case.
        raise TemplateMistake(f"{template.name}: {_told(error)}") from None
    if len(filled) > MAX_CHARS:
        raise TemplateMistake(f"{template.name}: the answer has more than {MAX_CHARS} characters")
    return filled


def _told(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    words = " ".join(str(error).split())[:160]
    names = ", ".join(name if name != "case" else "case.number, case.url" for name in NAMES[0])
    cure = f"; known here: {names}" if "undefined" in words or "has no attribute" in words else ""
    return f"{f'line {line}: ' if line else ''}{words or type(error).__name__}{cure}"
