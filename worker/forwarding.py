"""A mail that an agent or a group passed on: whose case is it? Off unless the route says so (H60)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape

from connectors.contract import Delivery, Person
from worker.authority import Author, Trust, author_of
from worker.message import InboundMessage
from worker.message.header import decoded_headers
from worker.parsing.forwarded import Attached, Evidence, Original, PassedOn, original_requester
from worker.parsing.octets import InMemory
from worker.parsing.split import outline
from worker.settings.patterns import address_rule
from worker.settings.route import Route

_BY_GROUPS = (Evidence.ORIGINAL_FROM, Evidence.REPLY_TO)
_ATTACHED_MAIL = ("message/rfc822", "message/global")
_HEAD_BYTES = 65_536


@dataclass(frozen=True)
class Passed:
    """Who wrote it first, who passed it on, and why that is believed. Without ``requester``, why it is not."""

    requester: Person | None
    by: Person
    why: str


def passed_on(message: InboundMessage, route: Route, trust: Trust) -> Passed | None:
    """What is made of a mail that was passed on; None when nothing tells that it was, or when the route is off.

    An agent is believed when our border vouches for his address; so is a group for the author it took over.
    """
    if route.forwarded == "off":
        return None
    original = original_requester(_told(message))
    if original is None:
        return None
    why = _objection(original, author_of(message, trust), route)
    if not why and trust.is_ours(original.address):
        why = "the original author is one of our own addresses"
    requester = None if why else Person(original.name, original.address)
    return Passed(requester, message.author, f"{original.why}; {why}" if why else original.why)


def as_passed_on(delivery: Delivery, passed: Passed) -> Delivery:
    """The delivery in the name of the original author; its first line says who passed it on."""
    if passed.requester is None:
        return delivery
    line = f"[forwarded by {f'{passed.by.name} <{passed.by.address}>'.strip()}]"
    html = f"<p>{escape(line)}</p>\n{delivery.html}" if delivery.html else ""
    return replace(delivery, requester=passed.requester, text=f"{line}\n\n{delivery.text}", html=html)


def _objection(original: Original, author: Author, route: Route) -> str:
    """Why the route does not let this author pass mail on, or ""."""
    by_group = original.evidence in _BY_GROUPS
    kind, forms = ("groups", route.groups) if by_group else ("agents", route.agents)
    if route.forwarded not in (kind, "both"):
        return f"the route does not take it from {kind}"
    if not author.believed:
        return f"whoever passed it on is not authenticated: {author.why}"
    return "" if _is_one_of(author.address, forms) else f"{author.address} is none of the route's {kind}"


def _is_one_of(address: str, forms: Iterable[str]) -> bool:
    return any(address_rule(form).exact(address) for form in forms)


def _told(message: InboundMessage) -> PassedOn:
    return PassedOn(
        subject=message.subject,
        text=message.text,
        html=message.html,
        from_name=message.author.name,
        from_address=message.author.address,
        reply_to=tuple((one.name, one.address) for one in message.reply_to),
        headers=message.headers,
        attached=tuple(_attached(message)),
    )


def _attached(message: InboundMessage) -> Iterator[Attached]:
    """The heads of attached mails; no more than that is read outside the guarded child."""
    for file in message.attachments:
        if file.content_type in _ATTACHED_MAIL:
            with file.open() as stream:
                block = outline(InMemory(stream.read(_HEAD_BYTES))).root.block
            yield Attached(headers=decoded_headers(block, ""))
