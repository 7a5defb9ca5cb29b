"""The new part of a reply, by language and mail program: what programs write is cut, what people write is kept."""

from __future__ import annotations

import textwrap

import pytest

from tests.steps.reply_blocks import ANNOUNCED, HEADERS, LOOK_ALIKES, SENT_FROM
from tests.steps.reply_shapes import ATTRIBUTIONS, NEED_MARKS
from worker.parsing.reply import new_part

NEW = "Thank you.\n\nThe red one, please."
OLD = "Which one would you like?\n\nKind regards\nSupport"
WHEN = "Wednesday, April 30, 2025 3:19 PM"
LINES = [(language, line) for language, lines in ATTRIBUTIONS.items() for line in lines]
# The one shape of the table that ends without who wrote it: Becky! puts that on the next line.
BECKY = "On Wed, 30 Apr 2025 15:19:00 +0200"


def quoted(text: str) -> str:
    return textwrap.indent(text, "> ", lambda line: True)


def whole(line: str) -> str:
    return f"{line}\nAnn Example <ann@example.com> wrote:" if line == BECKY else line


@pytest.mark.parametrize(("language", "line"), LINES)
class TestAttribution:
    """ "On … wrote:" of every program, on one line or folded, above a quote with marks or without."""

    def test_above_a_quote(self, language, line):
        assert new_part(f"{NEW}\n\n{whole(line)}\n\n{quoted(OLD)}\n") == NEW

    def test_right_below_the_text_above_a_quote(self, language, line):
        assert new_part(f"{NEW}\n\n{whole(line)}\n{quoted(OLD)}") == NEW

    def test_above_text_without_marks(self, language, line):
        assert new_part(f"{NEW}\n\n{whole(line)}\n\n{OLD}\n") == NEW

    @pytest.mark.parametrize("width", [72, 60, 44])
    def test_folded(self, language, line, width):
        folded = "\n".join(textwrap.wrap(whole(line), width, break_long_words=False, break_on_hyphens=False))
        if folded.count("\n") < 4:
            assert new_part(f"{NEW}\n\n{folded}\n\n{quoted(OLD)}\n") == NEW

    def test_answer_below_the_quote(self, language, line):
        assert new_part(f"{whole(line)}\n{quoted(OLD)}\n\n{NEW}\n") == NEW

    def test_alone_it_does_not_become_nothing(self, language, line):
        text = f"{whole(line)}\n{quoted(OLD)}"
        assert new_part(text) == text.strip()


@pytest.mark.parametrize("line", NEED_MARKS)
def test_attribution_that_is_sure_only_above_quote_marks(line):
    """Short, or as a person would write it: only the quote below shows what it is."""
    assert new_part(f"{NEW}\n\n{line}\n\n{quoted(OLD)}\n") == NEW
    assert new_part(f"{line}\n{quoted(OLD)}\n\n{NEW}\n") == NEW
    assert new_part(f"{NEW}\n\n{line}\n\nplease cancel.\n") == f"{NEW}\n\n{line}\n\nplease cancel."


@pytest.mark.parametrize("style", ["{}: {}", "*{}:* {}", "*{}*: {}", "{}:\t{}", "{}： {}"])
@pytest.mark.parametrize("language", HEADERS)
def test_copied_header(language, style):
    """Outlook's block, plain, or as bold text came out of HTML."""
    values = ("Ann Example <ann@example.com>", WHEN, "Support", "Your order")
    block = "\n".join(style.format(name, value) for name, value in zip(HEADERS[language], values, strict=True))
    for rule in ("", "________________________________\n", "-----Original Message-----\n"):
        assert new_part(f"{NEW}\n\n{rule}{block}\n\n{OLD}\n") == NEW
    spaced = block.replace("\n", "\n\n")
    assert new_part(f"{NEW}\n\n{spaced}\n\n{OLD}\n") == NEW


@pytest.mark.parametrize("language", ANNOUNCED)
@pytest.mark.parametrize("rule", ["-----{}-----", "----- {} -----", "---------- {} ---------", "-------- {} --------"])
def test_announced(language, rule):
    for words in ANNOUNCED[language]:
        text = f"{NEW}\n\n{rule.format(words)}\n{OLD}"
        assert new_part(text) == NEW
        assert new_part(f"{NEW}\n\n{rule.format(words.upper())}\n{OLD}") == NEW


@pytest.mark.parametrize("line", SENT_FROM)
def test_telephone(line):
    assert new_part(f"{NEW}\n\n{line}\n") == NEW
    assert new_part(f"{NEW}\n{line}\n\n{LINES[0][1]}\n{quoted(OLD)}\n") == NEW


@pytest.mark.parametrize("line", SENT_FROM)
def test_answers_below_a_telephones_signature_are_kept(line):
    """A telephone signs above the quote; who answers below or between keeps every word."""
    text = f"{line}\n\n{LINES[0][1]}\n> Which?\n\nThe red one.\n"
    assert new_part(text) == "The red one."


@pytest.mark.parametrize("line", LOOK_ALIKES)
def test_look_alikes_are_kept(line):
    """ "On Monday my boss wrote:" is not a quote; no sentence of a person is."""
    for text in (
        f"Hello,\n\n{line}\n\nplease cancel the order.\n\nCan you do that?",
        f"{line}\nplease cancel the order.\n\nCan you do that?",
        f"Hello,\n{line}\nplease cancel the order.",
        f"Can you do that?\n\n{line}",
    ):
        assert new_part(text) == text
