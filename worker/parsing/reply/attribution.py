"""Whether a line is "On … wrote:" as programs write it, and not a sentence of the author."""

from __future__ import annotations

from enum import Enum
from typing import Any

import re2

from worker.parsing.reply import lines as looks
from worker.parsing.reply.verbs import BARE_VERBS, FILLERS, OPENERS, PRONOUNS, STARTS, VERBS, WEEKDAYS

_COLONS = (":", "：")
_MAX_CHARS = 400
_MAX_NAME_WORDS = 7
_MAX_HEAD_WORDS = 32
# Those that are no other word at the beginning of such a line.
_PRONOUNS_FIRST = PRONOUNS - {"il", "a", "la", "in", "o", "mi", "u", "vi", "on", "de", "ja", "ihr", "te"}
# Verbs that need no colon behind them, because mail programs forget it.
_COLONLESS = (" wrote", "写道", "寫道", "님이 작성", " a écrit", " schreef", " skrev")


def _any_of(words: tuple[str, ...]) -> str:
    """A pattern of alternatives, longest first."""
    return "|".join(map(re2.escape, sorted(words, key=len, reverse=True)))


# What may stand beside a verb, if anything does.
_BEFORE_VERB = frozenset(" \t,.，>)\"'”’：") | {""}
_AFTER_VERB = frozenset(" \t,.:\"'<“(") | {""}
_START = re2.compile(rf"(?i)^[\s(\[*]*(?:{_any_of(STARTS)})\s?[\s\pL(,:.]?")
_WEEKDAY = re2.compile(rf"(?i)^[\s(\[*]*(?:{_any_of(WEEKDAYS)})(?:[.,]|\s)")
# "<ann@example.com>:" with nothing between: Gmail in languages where it writes no verb.
_ADDRESS_END = re2.compile(r"[<(\[＜][^<>\s]*@[^<>]*[>)\]＞]\s?[:：]?$")
_DATE_END = re2.compile(r"(?i)(?:[0-9٠-٩)日年分]|[ap]\.?m\.?|uhr|gmt|utc|[cemwpj][de]?[s]?t|时|時)$")
_OPENERS = tuple(f"{opener} " for opener in OPENERS)
_PERSON = re2.compile(r"^\s*(?:[^\s<>:]+\s?){0,6}[<＜(][^<>\s()]+@[^<>\s()]+[>＞)]")
_YEAR_ONLY = re2.compile(r"^(?:19|20)[0-9]{2}(?:\s|,|$)")
_DATE_CHARS = 40
_BRACKETED = re2.compile(r"[<(\[＜][^<>()\[\]]*[>)\]＞]")
_SPLIT = re2.compile(r"[\s,;:]+")
_SENTENCE = re2.compile(r"[.!?。！？]\s+\pL{2,}|[!?。！？]$")


class Proof(Enum):
    """How far a line proves itself."""

    NONE = 0
    #: an attribution, if a quote follows it
    LIKELY = 1
    #: a program's line beyond doubt
    SURE = 2


class Start(Enum):
    """How a line could begin an attribution."""

    NONE = 0
    #: with a date or a time, which may also be the middle of one
    DATE = 1
    SURE = 2


def may_end(line: str) -> bool:
    """Whether an attribution could end with this line."""
    bare = line.rstrip("*_- \t")
    return (
        bare.endswith(_COLONS) or bare.endswith(_COLONLESS) or (line.endswith("----") and _last_verb(bare) is not None)
    )


def start_of(line: str) -> Start:
    """Whether one could begin with it: a word or day of the tables and a number, a date, or a name with its address."""
    bare = line.lstrip(" *_([\"'")
    if not bare or len(bare) > _MAX_CHARS:
        return Start.NONE
    if bare[0].isdigit():
        dated, timed = looks.has_date(bare[:_DATE_CHARS]), looks.has_time(bare)
        return Start.SURE if dated and timed and not _YEAR_ONLY.match(bare) else Start(int(dated or timed))
    if is_person(line) or bare.lower().startswith(_OPENERS):
        return Start.SURE
    numbered = any(map(str.isdigit, line))
    return Start.SURE if numbered and (_START.match(line) or _WEEKDAY.match(line)) else Start.NONE


def is_person(line: str) -> bool:
    """Whether a line begins with a name and its address in brackets."""
    return "@" in line and bool(_PERSON.match(line))


def weigh(joined: str) -> Proof:
    """How far a line, with its folds joined, proves itself an attribution: who and when, in the order programs use."""
    if not is_likely(joined):
        return Proof.NONE
    address, dated, timed = looks.has_address(joined), looks.has_date(joined), looks.has_time(joined)
    told = (address and (dated or timed)) or (dated and timed)
    return Proof.SURE if told and not _by_pronoun(joined) else Proof.LIKELY


def is_likely(joined: str) -> bool:
    """An attribution, if only a quote follows it."""
    text = joined.strip(" \t*_-")
    if not text or len(text) > _MAX_CHARS:
        return False
    if text.lower().startswith(_OPENERS) and looks.has_address(text):
        return not _is_sentence(text)
    body = text.rstrip(":： ")
    verb = _last_verb(body)
    if verb is None:
        return bool(_ADDRESS_END.search(text)) and (looks.has_date(text) or looks.has_time(text) or text[0] == ">")
    head, tail = body[: verb[0]].strip(), body[verb[1] :].strip()
    return _is_head(head) and (_is_name(tail) or _is_when(tail))


def _last_verb(body: str) -> tuple[int, int] | None:
    """Where the last verb outside of addresses begins and ends; of two that end alike the longer."""
    lowered = body.lower()
    present = [verb for verb in VERBS if verb in lowered]
    if not present and not any(verb in lowered for verb in BARE_VERBS):
        return None
    if "@" in lowered:
        lowered = _BRACKETED.sub(_hidden, lowered)
    found = [(at + len(verb), -at) for verb in present if (at := _word_at(lowered, verb)) >= 0]
    found += [(at + len(verb), -at) for verb in BARE_VERBS if (at := lowered.rfind(verb)) >= 0]
    if not found:
        return None
    end, begin = max(found)
    return -begin, end


def _word_at(lowered: str, verb: str) -> int:
    """Where the verb stands last as a word of its own, or -1; three tries are enough for an honest line."""
    end = len(lowered)
    for _ in range(3):
        at = lowered.rfind(verb, 0, end)
        if at < 0:
            break
        before, after = lowered[at - 1 : at], lowered[at + len(verb) : at + len(verb) + 1]
        if before in _BEFORE_VERB and after in _AFTER_VERB:
            return at
        end = at + len(verb) - 1
    return -1


def _hidden(match: Any) -> str:
    """An address in brackets as so many characters that are no verb."""
    whole = str(match[0])
    return "\x00" * len(whole) if "@" in whole else whole


def _is_head(head: str) -> bool:
    """What stands before the verb: when, or who, or nothing; not a sentence that ends before it."""
    if len(_words(head)) > _MAX_HEAD_WORDS:
        return False
    if looks.has_address(head) or looks.has_date(head) or looks.has_time(head):
        return not _is_sentence(head)
    return len(_words(head)) <= _MAX_NAME_WORDS and not _is_sentence(head)


def _is_name(tail: str) -> bool:
    """A name, an address, a filler or nothing."""
    bare = _BRACKETED.sub(" ", tail).strip(" ,:*\"'“”„«»‘’ـ")
    lowered = bare.lower()
    for filler in FILLERS:
        if lowered == filler:
            return True
        if lowered.endswith(" " + filler):
            bare = bare[: -len(filler) - 1]
            break
    words = _words(bare)
    if len(words) > _MAX_NAME_WORDS or _is_sentence(bare):
        return False
    return len(words) <= 2 or sum(_is_name_word(word) for word in words) * 2 >= len(words)


def _is_name_word(word: str) -> bool:
    """Not a lower-case word: a name, an address, a word of a script without cases."""
    return not word[0].islower() or "@" in word


def _is_when(tail: str) -> bool:
    """A date and no more."""
    if not looks.has_date(tail) or len(_words(tail)) > 12 or _is_sentence(tail):
        return False
    return bool(_DATE_END.search(tail.rstrip(" :.,)")) or tail.endswith(")"))


def _is_sentence(text: str) -> bool:
    """Whether a sentence ends within: a full stop behind a long word, or a question."""
    match = _SENTENCE.search(_BRACKETED.sub(" ", text))
    if match is None:
        return False
    before = _words(text[: match.start()])
    last = before[-1] if before else ""
    return match[0][0] != "." or (len(last) > 6 and last.isalpha())


def _by_pronoun(joined: str) -> bool:
    """Whether the verb's subject is a pronoun: "On 3 May at 10:00 you wrote:" is typed by a person."""
    body = joined.strip(" \t*_-:：")
    verb = _last_verb(body)
    if verb is None or looks.has_address(body):
        return False
    before, after = _words(body[: verb[0]]), _words(body[verb[1] :])
    near = {word.lower() for word in (*before[-1:], *after[:1])}
    first = before[0].lower() if before else ""
    return bool(near & PRONOUNS) or first in _PRONOUNS_FIRST


def _words(text: str) -> list[str]:
    return [word for word in _SPLIT.split(text) if word]
