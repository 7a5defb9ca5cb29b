"""A moment in the words of a language, and a stranger's words made fit to be repeated."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

MAX_SUBJECT_CHARS = 80
MAX_NAME_CHARS = 60

_DAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "ja": "月 火 水 木 金 土 日",
    "zh": "一 二 三 四 五 六 日",
    "ko": "월 화 수 목 금 토 일",
}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
#: day of the week, day, month (its name where we have one) and year, in each language's order
_DATES = {
    "en": "{0}, {1} {2} {3},",
    "de": "{0}, {1}. {2} {3},",
    "fr": "{0} {1} {2} {3},",
    "es": "{0}, {1} de {2} de {3},",
    "ja": "{3}年{2}月{1}日({0})",
    "zh": "{3}年{2}月{1}日(星期{0})",
    "ko": "{3}년 {2}월 {1}일({0})",
}
_ADDRESS_LIKE = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)\S*", re.IGNORECASE)


def moment(at: datetime, zone: ZoneInfo, language: str) -> str:
    """``Tuesday, 24 November 2026, 17:00 (JST)``; for a language that we do not know, ``2026-11-24 17:00 (JST)``."""
    local = at.astimezone(zone)
    # "+03" is no name that anybody knows.
    name = local.tzname() or ""
    return f"{_date(local, language.lower().partition('-')[0])} {local:%H:%M} ({name if name.isalpha() else zone.key})"


def _date(local: datetime, language: str) -> str:
    if language not in _DATES:
        return f"{local:%Y-%m-%d}"
    day = _DAYS[language].split()[local.weekday()]
    month = _MONTHS[language].split()[local.month - 1] if language in _MONTHS else local.month
    return _DATES[language].format(day, local.day, month, local.year)


def plain(text: str, max_chars: int) -> str:
    """A stranger's words on one line, cut: no control, no direction mark (H25, H38), nothing to click on (H64)."""
    kept = "".join(
        " " if (kind := unicodedata.category(one)) in ("Cc", "Zl", "Zp", "Zs") else "" if kind[0] == "C" else one
        for one in text[: 20 * max_chars]
    )
    line = " ".join(_ADDRESS_LIKE.sub("…", kept).split())
    return line if len(line) <= max_chars else f"{line[: max_chars - 1].rstrip()}…"
