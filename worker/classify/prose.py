"""Whom a mail server could not reach, and why, read out of prose: for bounces without a report for machines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from worker.parsing.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARS = 20_000
ADDRESS = re.compile(r"[^\s<>\"'(),:;@\[\]\\]{1,128}@[A-Za-z0-9][A-Za-z0-9.-]{1,250}")
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")

# What follows is the mail that came back, and its addresses are not those that failed.
_RETURNED = re.compile(
    r"^[\s>*=_#-]*(?:(?:this is a copy of|below (?:this line )?is a copy of|copy of) (?:the|your)|original message|"
    r"unsent message|message header follows|message headers? follow|the original message (?:headers? )?follows|"
    r"message text follows|returned message|begin (?:original|returned) message|original e?-?mail|"
    r"received: from |return-path: ?<|"
    r"your (?:original )?message (?:follows|is attached)|ursprüngliche nachricht|message d'origine|"
    r"元のメッセージ|原邮件)",
    re.IGNORECASE | re.MULTILINE,
)
_FIELD = re.compile(
    r"^[\s>]{0,8}(?:final-recipient|original-recipient|x-failed-recipients?|x-actual-recipient)\s*:[^\n@]{0,40}?("
    + ADDRESS.pattern
    + ")",
    re.IGNORECASE | re.MULTILINE,
)
_LEADING = re.compile(
    r"^[\s>*-]{0,12}<?(?:mailto:)?("
    + ADDRESS.pattern
    + r")>?(?:\.{3}|[^\S\n]*(?:$|[(:;,\-]|<mailto:|\s(?:on|am|le|was) ))",
    re.MULTILINE,
)
_EXPANDED = re.compile(r"\((?:expanded|generated) from:? <?(" + ADDRESS.pattern + ")", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:rcpt to:|recipients?|addresse?s?|delivered to|delivery to|deliver(?:ed)?\b|reached|send to|sent to|user|"
    r"mailbox|account|empfänger|destinataires?|destinatari[oa]s?|宛先|受信者|收件人|message to|mail to|to:)"
    r"[^\n@]{0,60}?<?(" + ADDRESS.pattern + ")",
    re.IGNORECASE,
)


def recipients(text: str) -> list[str]:
    """The addresses that the prose says were not reached; the surest kind of naming that is there."""
    told = _told(text)
    found = _FIELD.findall(told) or _LEADING.findall(told)
    if not found:
        found = _NAMED.findall(told)
    return [*found, *_EXPANDED.findall(told)]


def status(text: str) -> str | None:
    """The enhanced status code (RFC 3463) that the prose gives, or the one that its words amount to."""
    told = _told(text)
    match = STATUS.search(told)
    return match[1] if match else _by_words(told)


def _told(text: str) -> str:
    """The text before the returned mail."""
    head = text[:MAX_CHARS]
    for cut in _RETURNED.finditer(head):
        if head[: cut.start()].strip():
            return head[: cut.start()]
    return head


# RFC 3463 sections 3.2 to 3.8: what servers write when they give no code.
_MEANINGS = (
    (
        "5.2.2",
        """
        mailbox is full | mailbox full | over quota | quota exceeded | exceeded storage | exceeds storage |
        exceeded its quota | insufficient disk space | out of disk | over its limit | exceeded the quota |
        full mailbox | postfach ist voll | postfach voll | boîte pleine | buzón lleno | casella piena |
        メールボックスがいっぱい
        """,
    ),
    (
        "5.2.1",
        """
        mailbox disabled | account disabled | account is disabled | account has been disabled |
        inactive mailbox | mailbox unavailable | account inactive | disabled or discontinued |
        account suspended | mailbox is inactive
        """,
    ),
    (
        "5.1.2",
        """
        host unknown | unknown host | host not found | unrouteable mail domain | unrouteable address |
        unroutable address | unroutable mail domain | domain not found | name or service not known |
        bad host name | host or domain name not found | no mx | unknown domain | domain does not exist |
        invalid domain | name service error | couldn't find any host | can't find
        """,
    ),
    (
        "5.1.1",
        """
        user unknown | unknown user | no such user | no mailbox here | unknown recipient | recipient unknown |
        mailbox not found | no such mailbox | unknown local part | user doesn't have |
        does not have an account | user not found | not a valid mailbox | address unknown | unknown address |
        unknown local user | invalid recipient | no such recipient | unknown mailbox | not listed in |
        does not exist | not our customer | invalid mailbox | no such address | recipient not found |
        not known here | doesn't exist | unknown account | unbekannter | no such person |
        unknown or illegal alias | isn't known | is not known | not in my database | nicht bekannt |
        utilisateur inconnu | usuario desconocido | 見つかりません | 不存在
        """,
    ),
    (
        "5.3.4",
        """
        message too large | message size exceeds | message too big | exceeds size limit | too large to |
        maximum message size | message is too large | exceeds the maximum | size limit
        """,
    ),
    ("5.4.6", "too many hops | mail loop | loop detected | loops back to | mail forwarding loop"),
    (
        "5.4.1",
        """
        connection refused | connection timed out | connection dropped | no answer from host | host is down |
        could not initiate smtp | could not connect | couldn't connect | no route to host | host unreachable
        """,
    ),
    (
        "5.4.7",
        """
        retry time not reached | retry timeout exceeded | retry limit | too old | message expired | timed out |
        message timed out | could not be delivered for | been in the queue too long | delivery time expired
        """,
    ),
    (
        "5.7.1",
        """
        relaying denied | relay denied | relay access denied | access denied | unable to relay |
        not allowed to send | relaying not | message refused | considered spam | as spam | is blocked |
        been blocked | blacklist | spam content | rejected by policy | policy violation | not authorized |
        permission denied | blocked by
        """,
    ),
)
_COMPILED = tuple(
    (code, re.compile("|".join(map(re.escape, listed(table))), re.IGNORECASE)) for code, table in _MEANINGS
)


def _by_words(told: str) -> str | None:
    folded = " ".join(told.split())
    return next(_codes(folded), None)


def _codes(folded: str) -> Iterator[str]:
    for code, words in _COMPILED:
        if words.search(folded):
            yield code
