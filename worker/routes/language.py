"""The language of a text, by its script and its most frequent words; "" when that is not sure."""

from __future__ import annotations

import re
from collections import Counter

from worker.routes.tongues import LETTERS, WORDS

LOOKED_AT_CHARS = 4000
#: so many different frequent words, at least, for an answer
_ENOUGH_WORDS = 3
#: … and by so much more than the next language
_MARGIN = 1.3
_ENOUGH_LETTERS = 8
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NOISE = re.compile(r"\S{0,256}(?:://|@|www\.)\S{0,2048}")
#: scripts that name one language, and how much of a text has to be in it
_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ja", re.compile(r"[\u3041-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
)
_ARABIC = re.compile(r"[\u0600-\u06ff]")
#: letters of Persian and Urdu that Arabic has not
_NOT_ARABIC = re.compile(r"[پچژگکیےٹڈڑ]")
# Japanese is written with Han letters mostly; a tenth of kana is far more than a Chinese text has.
_SHARE = {"ja": 0.1, "zh": 0.5}
_USUAL_SHARE = 0.6


def language_of(text: str) -> str:
    """An ISO 639-1 code, or "" for a text that is too short or that might as well be in another language."""
    plain = _NOISE.sub(" ", text[:LOOKED_AT_CHARS])
    letters = sum(one.isalpha() for one in plain)
    if not letters:
        return ""
    return _by_script(plain, letters) or _by_words(plain.casefold())


def _by_script(text: str, letters: int) -> str:
    for language, script in _SCRIPTS:
        found = len(script.findall(text))
        # Two or three letters of these scripts are a word already, and of no other language.
        if found >= 2 and found >= _SHARE.get(language, _USUAL_SHARE) * letters:
            return language
    arabic = len(_ARABIC.findall(text))
    is_arabic = arabic >= _ENOUGH_LETTERS and arabic >= _USUAL_SHARE * letters
    return "ar" if is_arabic and len(_NOT_ARABIC.findall(text)) < 0.02 * arabic else ""


def _by_words(text: str) -> str:
    """The language with the most of its frequent words in the text, if it leads clearly."""
    said = Counter(_WORD.findall(text.replace("’", "'")))
    hits = {language: sum(said[word] for word in words if word in said) for language, words in WORDS.items()}
    kinds = {language: sum(word in said for word in words) for language, words in WORDS.items()}
    # A letter that only one of two neighbours has counts like a word.
    score = {language: hits[language] + sum(map(text.count, LETTERS.get(language, ""))) * 0.5 for language in WORDS}
    best, second = sorted(score, key=lambda language: -score[language])[:2]
    sure = kinds[best] >= _ENOUGH_WORDS and score[best] >= _MARGIN * score[second]
    return best if sure else ""
