"""A rule's conditions, ready to be asked: each says what the rule wants, whether it holds, and what was seen instead.

What is said goes into the trace, which is kept: it repeats the rule, and of the mail only what names nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from worker.calendars import Calendar
from worker.routes.sight import Sight
from worker.settings.addresses import address_key
from worker.settings.conditions import domains, file_test, hours, languages, size_range
from worker.settings.patterns import AddressRule, address_rule, header_condition, text_test
from worker.settings.route import Route

Test: TypeAlias = Callable[[Sight], bool]
_PASS_WORDS = {"pass": "pass", "fail": "fail", "softfail": "fail", "hardfail": "fail", "policy": "fail"}
_AUTHENTICATIONS = ("spf", "dkim", "dmarc")


@dataclass(frozen=True)
class Condition:
    """One condition of one rule."""

    #: in the operator's own words
    words: str
    holds: Test
    #: what was seen instead, when it does not hold; "" when that says nothing more, or too much
    seen: Callable[[Sight], str] = lambda _: ""

    def lost(self, sight: Sight) -> str:
        """Why it does not hold, in one line."""
        seen = self.seen(sight)
        return f"{self.words} does not hold{f' ({seen})' if seen else ''}"


def conditions(route: Route, calendars: Mapping[str, Calendar]) -> tuple[Condition, ...]:
    """All conditions of a route but its address, the cheapest first. Raises ValueError for what ``load`` refuses."""
    made: list[Condition] = []
    for key, make in _MAKERS.items():
        written = getattr(route, key)
        if written is not None:
            made.append(make(written))
    made += [_authentication(key, wanted) for key in _AUTHENTICATIONS if (wanted := getattr(route, key)) is not None]
    if route.hours is not None:
        made.append(_hours(route.hours, calendars))
    if route.language is not None:
        # The dearest comes last: it has to read the text.
        made.append(_language(route.language))
    return tuple(made)


def _mailbox(name: str) -> Condition:
    words = f"mailbox {name!r}"
    return Condition(words, lambda sight: sight.mailbox_name == name, lambda sight: f"it is {sight.mailbox_name!r}")


def _subject(written: str) -> Condition:
    test = text_test(written)
    return Condition(f"subject {written!r}", lambda sight: test(sight.message.subject))


def _sender(written: str) -> Condition:
    rule = address_rule(written)
    return Condition(f"sender {written!r}", lambda sight: _is_from(rule, sight))


def _is_from(rule: AddressRule, sight: Sight) -> bool:
    address = address_key(sight.message.author.address)
    return bool(address) and (rule.exact(address) or rule.without_detail(address))


def _domain(written: str) -> Condition:
    wanted = domains(written)
    return Condition(f"domain {written!r}", lambda sight: wanted.holds(sight.author_domain))


def _header(written: str) -> Condition:
    name, test = header_condition(written)

    def seen(sight: Sight) -> str:
        below = any(map(test, sight.message.headers_named(name)))
        return "it is there, but below the border of trust, where anyone can write it" if below else ""

    return Condition(f"header {written!r}", lambda sight: any(map(test, sight.believed(name))), seen)


def _size(written: str) -> Condition:
    wanted = size_range(written)
    return Condition(
        f"size {written!r}",
        lambda sight: wanted.holds(sight.message.size_bytes),
        lambda sight: f"{sight.message.size_bytes} bytes",
    )


def _attachment(written: bool | str) -> Condition:
    if isinstance(written, bool):
        words = f"attachment {str(written).lower()}"
        return Condition(words, lambda sight: bool(_files(sight)) is written, _count)
    test = file_test(written)
    return Condition(f"attachment {written!r}", lambda sight: any(test(*file) for file in _files(sight)), _count)


def _files(sight: Sight) -> list[tuple[str, str]]:
    """Name and type of each; pictures within the text are none."""
    return [(file.name, file.content_type) for file in sight.message.attachments if not file.inline]


def _count(sight: Sight) -> str:
    return f"{len(_files(sight))} attachments"


def _spam_mark(wanted: bool) -> Condition:
    words = f"spam_mark {str(wanted).lower()}"
    return Condition(words, lambda sight: bool(sight.spam_mark) is wanted, lambda s: s.spam_mark and "it is marked")


def _authenticated(wanted: bool) -> Condition:
    words = f"authenticated {str(wanted).lower()}"
    return Condition(words, lambda sight: sight.authentication.aligned is wanted, lambda s: s.authentication.why)


def _authentication(key: str, wanted: str) -> Condition:
    def found(sight: Sight) -> str:
        return told(getattr(sight.authentication, key))

    return Condition(f"{key} {wanted!r}", lambda sight: found(sight) == wanted, lambda sight: f"it is {found(sight)}")


def told(result: str) -> str:
    """A result of RFC 8601 section 2.7 as rules name it: pass, fail, none (it cannot be said), unknown (not asked)."""
    return _PASS_WORDS.get(result, "none") if result else "unknown"


def _hours(written: str, calendars: Mapping[str, Calendar]) -> Condition:
    wanted = hours(written)
    if wanted.calendar not in calendars:
        raise ValueError(f"there is no [calendars.{wanted.calendar}]")
    calendar = calendars[wanted.calendar]

    # The mailbox's own time: it stays the same however often the mail is looked at, and no sender can choose it.
    def is_open(sight: Sight) -> bool:
        return calendar.is_open(sight.message.received_at)

    def seen(sight: Sight) -> str:
        local = sight.message.received_at.astimezone(calendar.zone)
        return f"received {local:%a %H:%M} there"

    return Condition(f"hours {written!r}", lambda sight: is_open(sight) is wanted.inside, seen)


def _language(written: str) -> Condition:
    wanted = languages(written)
    return Condition(
        f"language {written!r}",
        lambda sight: sight.language in wanted,
        lambda sight: f"it is {sight.language}" if sight.language else "it cannot be told",
    )


_MAKERS: Mapping[str, Callable[..., Condition]] = {
    "mailbox": _mailbox,
    "size": _size,
    "sender": _sender,
    "domain": _domain,
    "subject": _subject,
    "header": _header,
    "attachment": _attachment,
    "spam_mark": _spam_mark,
    "authenticated": _authenticated,
}
