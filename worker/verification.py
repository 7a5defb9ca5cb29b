"""Mail by which a service asks whether it may forward, or send, on behalf of an address: shown to people, never obeyed.

Whoever follows such a link gives away mail, so it is recognised strictly, and the worker itself never follows one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from worker.authentication import Authentication
from worker.message import InboundMessage
from worker.settings.addresses import address_key

_LOOKED_AT_CHARS = 20_000
#: the ledger keeps 300 characters of a reason
_MOST_LINK_CHARS = 200
_LINK = re.compile(r"https://[A-Za-z0-9.-]{4,100}/[^\s<>\"'\]]{0,1000}")


@dataclass(frozen=True)
class Verification:
    """What a service asks for, in its own words."""

    service: str
    link: str = ""
    code: str = ""

    @property
    def why(self) -> str:
        """What an operator reads in `held` and `show`."""
        link = self.link if len(self.link) <= _MOST_LINK_CHARS else "too long to be shown here, see the mail itself"
        parts = [f"code {self.code}" if self.code else "", f"link {link}" if link else ""]
        return f"verification of forwarding ({self.service}), nothing was followed: {', '.join(filter(None, parts))}"


@dataclass(frozen=True)
class _Service:
    name: str
    #: exact addresses that need no proof beside the structure of the mail
    senders: frozenset[str]
    #: domains, with all below, of which any address will do when our border proves the author
    domains: tuple[str, ...]
    subject: re.Pattern[str]
    #: hosts, with all below, to which the link may lead
    hosts: tuple[str, ...]
    #: what the link's path and query must hold
    path: re.Pattern[str]
    #: the code, in subject or text, in its first group
    code: re.Pattern[str]
    #: whether a mail without such a link is one all the same, as long as it has a code
    code_is_enough: bool = False


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_NO_CODE = re.compile(r"(?!)")
_SERVICES = (
    _Service(
        "Gmail",
        frozenset({"forwarding-noreply@google.com", "send-as-noreply@google.com"}),
        ("google.com",),
        # The subject is in the sender's language: its mark is the number, or the name.
        _pattern(r"\(#\d{6,12}\)|gmail"),
        ("mail-settings.google.com", "mail.google.com", "isolated.mail.google.com"),
        re.compile(r"^/(?:mail/(?:[^/]{1,40}/)?)?[uv]?f-"),
        _pattern(
            r"\(#(\d{6,12})\)|(?:confirmation code|bestätigungscode|code de confirmation|確認コード)\W{1,6}(\d{6,12})"
        ),
        code_is_enough=True,
    ),
    _Service(
        "Microsoft",
        frozenset({"account-security-noreply@accountprotection.microsoft.com"}),
        ("microsoft.com", "microsoftonline.com", "office365.com", "outlook.com"),
        _pattern(r"\b(?:verif|confirm|forward|security code|sicherheitscode|weiterleit)"),
        ("account.live.com", "account.microsoft.com", "outlook.live.com", "office.com", "outlook.office365.com"),
        _pattern(r"verif|confirm|forward|proof"),
        _pattern(r"(?:security|verification|confirmation) code\W{1,6}(\d{4,9})\b"),
        code_is_enough=True,
    ),
    _Service(
        "Salesforce",
        frozenset({"noreply@salesforce.com", "no-reply@salesforce.com", "support@salesforce.com"}),
        ("salesforce.com", "force.com"),
        _pattern(r"\b(?:verif|confirm)|routing address|email-to-case|メール確認|検証"),
        ("salesforce.com", "force.com"),
        _pattern(r"verif|confirm|routing|emailservice|\?c=|[?&]k="),
        _NO_CODE,
    ),
    _Service(
        "Zendesk",
        frozenset(),
        ("zendesk.com",),
        _pattern(
            r"\b(?:verif|confirm)\w{0,8}\b.{0,60}\b(?:forward|address|e-?mail|support)|forwarding.{0,40}\b(?:verif|test)"
        ),
        ("zendesk.com",),
        _pattern(r"verif|confirm|forward"),
        _pattern(r"verification (?:code|token)\W{1,6}([A-Za-z0-9]{6,40})\b"),
        code_is_enough=True,
    ),
    _Service(
        "HubSpot",
        frozenset({"noreply@hubspot.com", "no-reply@hubspot.com", "noreply@notifications.hubspot.com"}),
        ("hubspot.com", "hubspotemail.net"),
        _pattern(r"\b(?:verif|confirm)\w{0,8}\b.{0,60}\b(?:forward|address|e-?mail|inbox)|forwarding"),
        ("hubspot.com",),
        _pattern(r"verif|confirm|forward"),
        _pattern(r"(?:verification|confirmation) code\W{1,6}([A-Za-z0-9]{4,12})\b"),
        code_is_enough=True,
    ),
)


def verification_of(message: InboundMessage, authentication: Authentication) -> Verification | None:
    """What is asked, or None for any other mail. The author has to be proven, or known by the exact address."""
    author = address_key(message.author.address).lower()
    if not author or message.error:
        return None
    return next((found for service in _SERVICES if (found := _asked(service, author, message, authentication))), None)


def _asked(
    service: _Service, author: str, message: InboundMessage, authentication: Authentication
) -> Verification | None:
    if not _is_from(service, author, authentication) or not service.subject.search(message.subject[:500]):
        return None
    text = f"{message.subject}\n{message.text[:_LOOKED_AT_CHARS]}"
    link = next(_links(service, text, message.html[:_LOOKED_AT_CHARS]), "")
    found = service.code.search(text)
    code = next(filter(None, found.groups()), "") if found else ""
    return Verification(service.name, link, code) if link or (code and service.code_is_enough) else None


def _is_from(service: _Service, author: str, authentication: Authentication) -> bool:
    """A border that looked, and could not find the author to be true, is believed."""
    if authentication.refuted:
        return False
    if author in service.senders:
        return True
    return authentication.aligned and _is_below(author.rpartition("@")[2], service.domains)


def _is_below(host: str, tops: tuple[str, ...]) -> bool:
    return any(host == top or host.endswith(f".{top}") for top in tops)


def _links(service: _Service, text: str, html: str) -> Iterator[str]:
    for source in (text, html.replace("&amp;", "&")):
        for found in _LINK.findall(source):
            link = found.rstrip(".,;:)")
            try:
                parts = urlsplit(link)
            except ValueError:
                continue
            there = _is_below((parts.hostname or "").lower(), service.hosts) and parts.netloc == parts.hostname
            if there and service.path.search(f"{parts.path}?{parts.query}"):
                yield link
