"""How mail programs mark what is old, in the languages we know: tables, and one-line questions to them."""

from __future__ import annotations

import re

#: lines in which a copied header must show itself, and how many of its fields beside the first
HEADER_LINES = 8
HEADER_MINIMUM = 2

_ATTRIBUTION_STARTS = (
    "on ", "am ", "le ", "el ", "il ", "em ", "op ", "den ", "dnia ", "w dniu ", "på ", "dne ", "de ", "a ", "в ", "no dia ",
    "il giorno ", "le mer", "from ", "quoting ", "zitat von ", "on:", "at ", "in ", "den", "man ", "tir ", "ons ", "tor ",
)
_VERBS = (
    "wrote", "writes", "said", "schrieb", "geschrieben", "écrit", "ecrit", "escribi", "scritto", "escreveu", "schreef",
    "geschreven", "skrev", "napisa", "pisze", "пишет", "написал", "писал", "kirjoitti", "napsal", "yazd", "írta", "a scris",
    "έγραψε", "כתב", "كتب", "書きました", "メッセージ", "のメール", "写道", "寫道", "작성",
)
_SEPARATORS = (
    "original message", "original appointment", "ursprüngliche nachricht", "originalnachricht", "ursprungliche nachricht",
    "message d'origine", "message d’origine", "message original", "message transféré", "mensaje original",
    "messaggio originale", "mensagem original", "oorspronkelijk bericht", "oprindelig meddelelse", "opprinnelig melding",
    "ursprungligt meddelande", "originalmeddelande", "wiadomość oryginalna", "oryginalna wiadomość", "original-nachricht",
    "alkuperäinen viesti", "původní zpráva", "исходное сообщение", "пересылаемое сообщение", "元のメッセージ",
    "原始邮件", "原始郵件", "원본 메시지", "forwarded message", "weitergeleitete nachricht", "reply message", "begin forwarded message",
)
_REPLY_ABOVE = ("reply above", "antwort oberhalb", "antworten oberhalb", "oberhalb dieser zeile", "répondre au-dessus",
    "répondez au-dessus", "responder por encima", "antwoord boven", "この行の上", "この線より上")
_HEADER_STARTS = (
    "message du", "from", "von", "de", "da", "od", "fra", "från", "van", "от", "expéditeur", "lähettäjä", "kimden", "feladó",
    "差出人", "送信者", "发件人", "寄件者", "寄件人", "보낸 사람", "보낸사람", "מאת",
)
_HEADER_LINES = (
    *("sent", "date", "to", "cc", "subject", "reply-to", "gesendet", "datum", "an", "betreff", "envoyé", "à", "objet"),
    *("enviado", "enviada", "fecha", "data", "para", "asunto", "assunto", "inviato", "a", "oggetto", "verzonden", "aan"),
    *("onderwerp", "sendt", "til", "emne", "skickat", "till", "ämne", "wysłano", "do", "temat", "дата", "кому", "тема"),
    *("отправлено", "送信日時", "宛先", "件名", "日時", "发送时间", "收件人", "主题", "寄件日期", "收件者", "主旨", "보낸 날짜", "받는 사람", "제목"),
)
_HEADER_START = re.compile(rf"^[\s>*_]*+(?:{'|'.join(map(re.escape, _HEADER_STARTS))})[*_]*+\s?[:：]", re.IGNORECASE)
_HEADER_LINE = re.compile(rf"^[\s>*_]*+(?:{'|'.join(map(re.escape, _HEADER_LINES))})[*_]*+\s?[:：]", re.IGNORECASE)
_DATED = re.compile(r"\d{1,2}\s?[:.h時点]\s?\d{2}|\b(?:19|20)\d\d\b|\d年|<[^>\s]{1,200}@|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_RULE = re.compile(r"^\s*+(?:_{3,}|-{3,}|={3,}|\*{3,})\s*+$")
_SIGNATURE = re.compile(
    r"^(?:--\s?|__|—)$|^\s*(?:sent from (?:my |mail for|yahoo|outlook|mobile)|get outlook for|sent via |"
    r"von meinem \S{1,30}|gesendet (?:von|mit) |envoyé (?:de mon|depuis) |enviado desde |inviato (?:da|dal mio) |"
    r"verzonden (?:vanaf|met) |skickat från |sendt fra |wysłane z |отправлено (?:с|из) |iphoneから送信|androidから送信|"
    r"发自我的|從我的|나의 \S{1,20}에서 보냄)",
    re.IGNORECASE,
)


def is_quoted(line: str) -> bool:
    """A line behind a quote mark."""
    return line.lstrip()[:1] in (">", "＞")


def may_end_attribution(line: str) -> bool:
    """Whether "On … wrote:" could end here."""
    return line.rstrip().endswith((":", "：", " wrote"))


def is_attribution_start(joined: str) -> bool:
    """Its first words, or a date."""
    return joined.lower().startswith(_ATTRIBUTION_STARTS) or joined[:1].isdigit()


def is_attribution(joined: str) -> bool:
    """Whether somebody wrote something, or an address ends the line."""
    lowered = joined.lower()
    return lowered.endswith((">:", ">：")) or any(verb in lowered for verb in _VERBS)


def is_dated(joined: str) -> bool:
    """Whether it tells a time, a date or an address, as programs do and people do not."""
    return bool(_DATED.search(joined))


def is_separator(line: str) -> bool:
    """"-----Original Message-----" and its kin: words of the table within rules, or on a line of their own."""
    bare = line.strip().strip("-_=*#>[] \t:").lower()
    if len(bare) < 160 and any(words in bare for words in _REPLY_ABOVE):
        return True
    return bare in _SEPARATORS or (bare != line.strip().lower() and bare.endswith(_SEPARATORS) and len(bare) < 80)


def is_rule(line: str) -> bool:
    """A line drawn across the mail."""
    return bool(_RULE.match(line))


def is_list_footer(rule: str, following: str) -> bool:
    """The footer that Mailman puts under every mail."""
    return "mailing list" in following.lower() and is_rule(rule)


def is_header_start(line: str) -> bool:
    """The From line of a copied header."""
    return bool(_HEADER_START.match(line))


def is_header_line(line: str) -> bool:
    """A further line of it."""
    return bool(_HEADER_LINE.match(line))


def is_signature(line: str) -> bool:
    """The delimiter of RFC 3676 section 4.3, or what telephones write."""
    return bool(_SIGNATURE.match(line))
