"""Which charset octets without a true label are in: each candidate decodes them, the most natural reading wins.

A multi-byte charset is judged by the rows that its language uses daily, a single-byte one by its common letters and
by where capitals stand. Every judgement is one pass over a sample.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE_BYTES = 4096
#: below this no candidate is believed
SURE = 0.45

_HIGH_PAIR = re.compile(rb"([\x80-\xff])([\x40-\xff]?)")
_WORD = re.compile(r"[^\W\d_]+")
# A Latin word is not joined to another script, and signs do not stand within one.
_JOINED = re.compile(r"[a-z][^\x00-\x7f]|[^\x00-\x7f][a-z]", re.IGNORECASE)
_SIGN_IN_WORD = re.compile(r"[a-z][¹²³¼½¾¿¡§¶µ¯ªº]", re.IGNORECASE)
# Thai marks stand above or below a consonant, never first and never on a vowel that is written before its consonant.
_LOOSE_MARK = re.compile("(?:^|[^ก-ฮ\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")
_PUNCTUATION = frozenset("‘’“”„‚–—…•€™«»°©®§·´¿¡№²³½¼¾ºª£ \u00a0")

_LETTERS = {
    "cp1252": "äöüßÄÖÜéèêëàâçîïôùûñáíóúãõåøæÅØÆÉÈÀÇÑÁÍÓÚÊœŒìòðþ",
    "cp1250": "ąćęłńóśźżŁŚŻčřšžýáíéěďťňůúőűáÁČŘŠŽÉÍäöüßșțăâîôĺľŕ",
    "cp1254": "çğıöşüÇĞİÖŞÜâîû",
    "cp1257": "āčēģīķļņšūžąęėįųõäöüĀČŠŽ",
}
_SCRIPTS = {
    "cp1251": ("оеаинтсрвлкмдпуяыьгзбчйхжшюцщіїєґў", "оеаинтсрвл"),
    "koi8-r": ("оеаинтсрвлкмдпуяыьгзбчйхжшюцщ", "оеаинтсрвл"),
    "koi8-u": ("оеаинтсрвлкмдпуяьгзбчйхжшюцщіїєґ", "оеаинтсрвлі"),
    "cp866": ("оеаинтсрвлкмдпуяыьгзбчйхжшюцщ", "оеаинтсрвл"),
    "iso8859-5": ("оеаинтсрвлкмдпуяыьгзбчйхжшюцщ", "оеаинтсрвл"),
    "mac-cyrillic": ("оеаинтсрвлкмдпуяыьгзбчйхжшюцщ", "оеаинтсрвл"),
    "cp1253": ("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώ", "αοιετσνρυκ"),
    "cp1255": ("אבגדהוזחטיכלמנסעפצקרשתםןףץך", "יולהרתאמשנב"),
    "cp1256": ("ابتثجحخدذرزسشصضطظعغفقكلمنهويةىءئأإآ", "اليمنروتبع"),
    "cp874": ("กขคงจฉชซญฐณดตถทธนบปผฝพฟภมยรลวศษสหอฮะาิีึืุูเแโใไ่้์็ั", "นารอกเ่งมยลวดท้สตะปบคหแจพชขใไ"),
}


# How far a pair of octets, by its lead and trail, is trusted: daily rows high, rare rows low.


def _euc_jp(lead: int, trail: int) -> float:
    if lead in (0xA4, 0xA5, 0x8E):
        return 1.0
    return 0.7 if 0xB0 <= lead <= 0xCF else 0.6 if lead == 0xA1 else 0.2


def _cp932(lead: int, trail: int) -> float:
    if (lead == 0x82 and 0x9F <= trail <= 0xF1) or (lead == 0x83 and 0x40 <= trail <= 0x96):
        return 1.0
    return 0.7 if 0x88 <= lead <= 0x97 else 0.6 if lead == 0x81 else 0.15


def _gb18030(lead: int, trail: int) -> float:
    if trail < 0xA1:
        return 0.15
    return 0.8 if 0xB0 <= lead <= 0xD7 else 0.6 if lead in (0xA1, 0xA3) else 0.2


def _big5(lead: int, trail: int) -> float:
    return 0.79 if 0xA4 <= lead <= 0xC6 else 0.6 if 0xA1 <= lead <= 0xA3 else 0.2


def _cp949(lead: int, trail: int) -> float:
    if trail < 0xA1:
        return 0.15
    return 0.85 if 0xB0 <= lead <= 0xC8 else 0.5 if lead == 0xA1 else 0.1


_PAIRED: dict[str, Callable[[int, int], float]] = {
    "euc_jp": _euc_jp,
    "cp932": _cp932,
    "gb18030": _gb18030,
    "big5hkscs": _big5,
    "cp949": _cp949,
}


def best(octets: bytes) -> tuple[str, float]:
    """The most natural codec for 8-bit octets, and how natural it is (0 to 1)."""
    sample = _sample(octets)
    scores = {codec: _of_pairs(sample, codec) for codec in _PAIRED}
    scores |= {codec: _of_script(sample, codec) for codec in _SCRIPTS}
    scores |= {codec: _of_letters(sample, codec) for codec in _LETTERS}
    # The first of equals: dicts keep their order.
    codec = max(scores, key=scores.__getitem__)
    return codec, scores[codec]


def _sample(octets: bytes) -> bytes:
    """The lines that hold 8-bit octets, as far as they fit."""
    lines = (line for line in octets[: 16 * SAMPLE_BYTES].split(b"\n") if not line.isascii())
    sample = b"\n".join(lines)
    return sample if len(sample) <= SAMPLE_BYTES else sample[: sample.rfind(b"\n", 0, SAMPLE_BYTES) + 1 or SAMPLE_BYTES]


def _decoded(sample: bytes, codec: str) -> str | None:
    try:
        return sample.decode(codec)
    except UnicodeDecodeError as error:
        # The sample may end within a character.
        return sample[: error.start].decode(codec) if error.start >= len(sample) - 3 and error.start else None


def _of_pairs(sample: bytes, codec: str) -> float:
    if _decoded(sample, codec) is None:
        return 0.0
    trust = _PAIRED[codec]
    marks = [_pair_mark(codec, trust, pair[1][0], pair[2]) for pair in _HIGH_PAIR.finditer(sample)]
    return sum(marks) / len(marks) if marks else 0.0


def _pair_mark(codec: str, trust: Callable[[int, int], float], lead: int, trail: bytes) -> float:
    if not trail or (trail[0] < 0x80 and codec in ("euc_jp",)):
        return 0.05
    if codec == "cp932" and 0xA1 <= lead <= 0xDF:
        return 0.1
    return trust(lead, trail[0])


def _of_script(sample: bytes, codec: str) -> float:
    """Words wholly of the script, with its common letters, in lower case or with a capital in front."""
    text = _decoded(sample, codec)
    if text is None:
        return 0.0
    letters, common = _SCRIPTS[codec]
    high = [char for char in text if ord(char) > 127]
    own = sum(char.lower() in letters for char in high)
    often = sum(char in common for char in high)
    words = _WORD.findall(text)
    odd = sum(map(_odd_capitals, words))
    mixed = len(_JOINED.findall(text)) + len(_LOOSE_MARK.findall(text))
    share = own / len(high) if high else 0.0
    return min(0.95, max(0.0, 0.5 * share + 0.6 * often / max(1, len(high)) - (odd + mixed) / max(1, len(words))))


def _odd_capitals(word: str) -> bool:
    return not word.isascii() and word[1:] != word[1:].lower() and word != word.upper()


def _of_letters(sample: bytes, codec: str) -> float:
    """Latin: single high letters among ASCII ones, of those that its languages use."""
    text = _decoded(sample, codec)
    if text is None:
        return 0.0
    high = [char for char in text if ord(char) > 127]
    letters = _LETTERS[codec]
    own = sum(char in letters or char in _PUNCTUATION for char in high)
    beside = sum(ord(one) > 127 and ord(other) > 127 for one, other in pairwise(text))
    odd = sum(map(_odd_capitals, _WORD.findall(text))) + len(_SIGN_IN_WORD.findall(text))
    lean = {"cp1252": 0.75, "cp1250": 0.74, "cp1254": 0.72, "cp1257": 0.71}[codec]
    return max(0.0, lean * (own - odd) / len(high) - 0.5 * beside / len(high)) if high else 0.0
