"""May this mail be answered by a machine, and at which address? Pure; every no has its reason (RFC 3834, RFC 5230)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.smtp import address_problem, path_of
from worker.classify import Verdict
from worker.message import InboundMessage
from worker.settings.addresses import domain_key, split_detail

#: Mail older than this is never answered, whoever finds it: a backlog must not become a flood of answers.
OLDEST = timedelta(days=1)
#: How far a clock may be ahead of ours.
_FUTURE = timedelta(hours=1)
_RETURN_PATH = re.compile(r"^\s*<?([^<>\s]+@[^<>\s]+)>?\s*$")
#: RFC 5230 §4.6, and addresses made for one mail (VERP, SRS, batch): machines read there
_MACHINE = re.compile(
    r"^(?:owner-|bounces?[+=_.-]|prvs=|srs[01][=+-])|-(?:request|owner|relay|bounces?)$|^(?:listserv|majordomo)$|=",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Decision:
    """The address to answer to, or "" and why there is none."""

    recipient: str
    why: str = ""


def decide(
    message: InboundMessage,
    verdict: Verdict,
    own_addresses: frozenset[str],
    now: datetime,
    authenticated: bool | None = None,
) -> Decision:
    """The decision. ``authenticated``: what our own border says of the author; None when it says nothing."""
    if not verdict.may_auto_respond:
        return Decision("", "; ".join(verdict.reasons[:2]) or f"it is {verdict.kind.value}")
    if message.error:
        return Decision("", "it could not be read as a whole")
    if authenticated is False:
        return Decision("", "our border found that its author is not who it says")
    if why := _untimely(message, now):
        return Decision("", why)
    recipient = recipient_of(message)
    why = _unfit(recipient, message, own_addresses)
    return Decision("" if why else path_of(recipient), why)


def recipient_of(message: InboundMessage) -> str:
    """Exactly one address (H27): Return-Path, when it is a person's in the author's own domain, else From.

    RFC 3834 §4 wants Return-Path; but a sending service's return path takes bounces only, and a stranger's would
    make us write to whomever he likes. Reply-To is never asked.
    """
    author = message.author.address
    found = _RETURN_PATH.match(message.header("Return-Path"))
    if not found or address_problem(found[1]):
        return author
    local, _, domain = found[1].rpartition("@")
    same_domain = domain_key(domain) == domain_key(author.rpartition("@")[2])
    return author if _MACHINE.search(local) or not same_domain else found[1]


def _untimely(message: InboundMessage, now: datetime) -> str:
    """Both times count: the mailbox's, and the sender's, in case old mail was copied into the mailbox."""
    for moment in (message.received_at, message.sent_at):
        if moment and now - moment > OLDEST:
            return f"it is older than a day ({moment:%Y-%m-%d %H:%M} UTC)"
    if message.received_at - now > _FUTURE:
        return "it comes from the future; look at the clocks"
    return ""


def _unfit(recipient: str, message: InboundMessage, own_addresses: frozenset[str]) -> str:
    """Why nothing may go to that address, or ""."""
    if not recipient or address_problem(recipient):
        return "its author has no address that could be answered"
    local = recipient.rpartition("@")[0]
    if not local.isascii():
        return "its author's address has letters beyond ASCII, which not every server takes"
    if _MACHINE.search(local):
        return f"a machine reads at {local}@"
    ours = {split_detail(address.lower())[0] for address in own_addresses}
    if split_detail(recipient.lower())[0] in ours:
        return "its author's address is one of ours"
    if not (message.to or message.cc or message.header("Resent-To")):
        return "it names no recipient, so it was sent to many"
    return ""
