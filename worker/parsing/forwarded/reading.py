"""Who wrote a mail before an agent, a group or a list passed it on: three kinds of evidence, the strongest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import re2

from worker.parsing.forwarded.nouns import Evidence, Original, PassedOn
from worker.parsing.forwarded.persons import display_name, is_address, mailbox
from worker.parsing.html import html_to_text
from worker.parsing.reply.copied import CopiedHeader, copied_header
from worker.parsing.reply.labels import Label
from worker.parsing.reply.lines import is_quoted, is_rule
from worker.parsing.reply.separators import Separator, separator_of
from worker.parsing.reply.strip import Stripper
from worker.parsing.text import listed, visible

_MAX_LINES = 20_000
_MAX_DATE_CHARS = 200
_MAX_NAME_CHARS = 300
_VIA = re2.compile(r"(?i)^['\"]?(.+?)['\"]?\s+(?:via|über|par|через|經由|通过)\s+\S")
_LIST_FIELDS = frozenset(
    listed("list-id | list-post | x-google-group-id | mailing-list | x-beenthere | x-mailman-version | x-google-loop")
)
#: how mail programs begin the subject of a forward
_PREFIXES = frozenset(
    listed(
        """
    fw | fwd | wg | tr | rv | i | enc | doorst | vb | vl | pd | přep
    | továbbítás | ilt | i̇lt | πρθ | пер | vid | 转发 | 轉寄 | 转寄 | 轉發
    | 전달 | 転送 | הועבר | إعادة توجيه | chuyển tiếp | ส่งต่อ
    """
    )
)


def original_requester(mail: PassedOn) -> Original | None:
    """The original author, or None when nothing tells of exactly one. Pure; linear in the text; never raises."""
    return _attached(mail) or _rewritten(mail) or _copied(mail)


def is_forward_subject(subject: str) -> bool:
    """Whether the subject begins as mail programs begin that of a forward."""
    for colon in (":", "："):
        head, found, _ = subject.partition(colon)
        if found and head.strip(" []()").lower() in _PREFIXES:
            return True
    return False


def _attached(mail: PassedOn) -> Original | None:
    """Out of the attached mail, when there is one alone."""
    if len(mail.attached) != 1:
        return None
    (attached,) = mail.attached
    person = mailbox(_field(attached.headers, "from"))
    if person is None or person[1].lower() == mail.from_address.lower():
        return None
    sent = _field(attached.headers, "date")
    return _original(person, sent, _field(attached.headers, "subject"), attached.text, Evidence.ATTACHED)


def _rewritten(mail: PassedOn) -> Original | None:
    """Out of the fields by which Google Groups and Mailman keep the author whose From they took over."""
    via = _VIA.match(mail.from_name[:_MAX_NAME_CHARS])
    if via is None and not any(name.lower() in _LIST_FIELDS for name, _ in mail.headers):
        return None
    via_name = display_name(via.group(1)) if via else ""
    for name in ("x-original-from", "x-original-sender"):
        person = mailbox(_field(mail.headers, name))
        if person is not None and person[1].lower() != mail.from_address.lower():
            return _taken_over(mail, (person[0] or via_name, person[1]), Evidence.ORIGINAL_FROM)
    others = {address.lower(): (name, address) for name, address in mail.reply_to if _is_other(mail, address)}
    if via is None or len(others) != 1:
        return None
    name, address = next(iter(others.values()))
    return _taken_over(mail, (display_name(name) or via_name, address), Evidence.REPLY_TO)


def _is_other(mail: PassedOn, address: str) -> bool:
    """Whether a reply address is neither the list's nor malformed."""
    listed_at = _field(mail.headers, "list-post").lower()
    return is_address(address) and address.lower() != mail.from_address.lower() and address.lower() not in listed_at


def _taken_over(mail: PassedOn, person: tuple[str, str], evidence: Evidence) -> Original:
    return _original(person, _field(mail.headers, "date"), mail.subject, _text(mail), evidence)


def _copied(mail: PassedOn) -> Original | None:
    """Out of a forward's copied header; a reply's is not looked at, since it names whom the author answers."""
    text = _text(mail)
    if text.count("\n") >= _MAX_LINES:
        return None
    found = _forward(text, is_forward_subject(mail.subject))
    if found is None:
        return None
    header, body = found
    person = mailbox(header.fields.get(Label.FROM, ""))
    if person is None or person[1].lower() == mail.from_address.lower():
        return None
    sent, subject = (header.fields.get(label, "") for label in (Label.DATE, Label.SUBJECT))
    return _original(person, sent, subject, body, Evidence.COPIED)


def _text(mail: PassedOn) -> str:
    return mail.text if mail.text.strip() or not mail.html else html_to_text(mail.html)


def _forward(text: str, by_subject: bool) -> tuple[CopiedHeader, str] | None:
    """The copied header where the new part ends, if it is a forward's, and the text below it."""
    stripper = Stripper(text)
    stripper.run()
    lines = stripper.lines
    first = _written(lines, stripper.old_from if stripper.forwarded_at < 0 else stripper.forwarded_at)
    if first >= 0 and is_rule(lines[first]):
        first = _written(lines, first + 1)
    if first < 0:
        return None
    separator = separator_of(lines[first])
    head = first if separator is None else _written(lines, first + 1)
    if head < 0 or not (by_subject or (separator is not None and separator[0] is Separator.FORWARD)):
        return None
    header = copied_header(lines, head, separator is not None)
    return None if header is None else (header, _body(text.split("\n")[header.end :]))


def _written(lines: Sequence[str], first: int) -> int:
    """The first line from ``first`` on that is not empty, or -1."""
    if first < 0:
        return -1
    return next((index for index in range(first, len(lines)) if lines[index].strip()), -1)


def _body(lines: Sequence[str]) -> str:
    """The forwarded text, out of its quote marks when all of it is behind them."""
    if all(is_quoted(line) for line in lines if line.strip()):
        lines = [line.lstrip()[1:].removeprefix(" ") for line in lines]
    return "\n".join(lines).strip("\n ")


def _original(person: tuple[str, str], sent: str, subject: str, body: str, evidence: Evidence) -> Original:
    sent = visible(sent)[:_MAX_DATE_CHARS]
    return Original(
        name=person[0],
        address=person[1],
        sent=sent,
        sent_at=_instant(sent),
        subject=visible(subject)[:1000],
        body=body,
        evidence=evidence,
        why=f"{evidence.value}: it names {person[1]}",
    )


def _instant(sent: str) -> datetime | None:
    """The moment, where the text tells its offset too; everything else would be a guess."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(sent)
            return moment.astimezone(UTC) if moment.tzinfo is not None else None
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _field(headers: Iterable[tuple[str, str]], name: str) -> str:
    """The only field of that name; "" when there is none or more than one, which nobody should believe."""
    values = [value for field, value in headers if field.lower() == name]
    return values[0] if len(values) == 1 else ""
