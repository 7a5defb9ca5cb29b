"""Our own test mail: signed, sent through a public address, known by its signature alone when it comes in."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from connectors.smtp import Submission
from worker.message import InboundMessage
from worker.settings.addresses import address_key
from worker.tokens import Tokens

HEADER = "X-Mail-To-Case-Canary"
#: An older one is a copy that somebody sends again.
GOOD_FOR = timedelta(days=1)
_CLOCK_MARGIN = timedelta(minutes=10)
_WRITTEN = re.compile(r"v1 ([0-9a-f]{16}) (\d{1,12}) (\S{3,320}) (\S{3,320}) ([0-9a-f]{52})")
_MOST_HOPS = 30
_BY = re.compile(r"\bby\s+([A-Za-z0-9.-]{1,255})")


@dataclass(frozen=True)
class Canary:
    """One test mail: to whom, from whom, and when."""

    address: str
    sender: str
    #: aware, UTC; whole seconds
    at: datetime
    #: 16 hex digits, so that no two are the same
    nonce: str

    @property
    def message_id(self) -> str:
        """Without angle brackets; by it, `where` finds the mail."""
        return f"{self.nonce}.canary@{self.sender.rpartition('@')[2]}"

    @property
    def about(self) -> str:
        """What is signed: nothing of it can be changed on the way without being noticed."""
        return f"canary-1 {self.nonce} {int(self.at.timestamp())} {self.address} {self.sender}"


def hatched(address: str, sender: str) -> Canary:
    """A new one, of this moment."""
    return Canary(address, sender, datetime.now(UTC).replace(microsecond=0), secrets.token_hex(8))


def mail_of(canary: Canary, tokens: Tokens) -> Submission:
    """The mail as it is sent. Automatic, so that nobody answers it."""
    mail = EmailMessage()
    mail["From"], mail["To"] = canary.sender, canary.address
    mail["Subject"] = "mail-to-case: test of the way in"
    mail["Date"] = format_datetime(canary.at)
    mail["Message-ID"] = f"<{canary.message_id}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail[HEADER] = (
        f"v1 {canary.nonce} {int(canary.at.timestamp())} {canary.address} {canary.sender} {tokens.mint(canary.about)}"
    )
    mail.set_content("This mail tests the way into the support mailbox. Nobody needs to do anything about it.\n")
    return Submission(sender=canary.sender, recipients=(canary.address,), content=mail.as_bytes())


def canary_in(message: InboundMessage, tokens: Tokens) -> Canary | None:
    """The canary, if its signature is ours and it is of today; else None, and the mail is like any other."""
    for value in message.headers_named(HEADER)[:3]:
        found = _WRITTEN.fullmatch(" ".join(value.split()))
        if found and (canary := _signed(found, tokens)) and _is_fresh(canary, message.received_at):
            return canary
    return None


def _signed(found: re.Match[str], tokens: Tokens) -> Canary | None:
    try:
        at = datetime.fromtimestamp(int(found[2]), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    canary = Canary(found[3], found[4], at, found[1])
    return canary if found[5] in tokens.found_in(found[5]) and found[5] == tokens.mint(canary.about) else None


def _is_fresh(canary: Canary, received_at: datetime) -> bool:
    return -_CLOCK_MARGIN <= received_at - canary.at <= GOOD_FOR


@dataclass(frozen=True)
class Arrival:
    """How one arrived."""

    #: names of the routes; equal when it took the right one
    route: str
    expected: str
    from_intact: bool
    took: timedelta
    #: servers that wrote a Received field, the first on the road first
    road: tuple[str, ...]
    in_junk: bool = False

    @property
    def wrong(self) -> tuple[str, ...]:
        """What is wrong with it; nothing when it arrived as it should."""
        return tuple(
            words
            for words, holds in (
                (f"{self.route or 'no route'} took it, not {self.expected or 'none'}", self.route != self.expected),
                ("From was rewritten on the way", not self.from_intact),
                ("it landed in the junk folder", self.in_junk),
            )
            if holds
        )

    @property
    def why(self) -> str:
        """What stands in the ledger, and so in `where`."""
        facts = f"on the road {max(0, round(self.took.total_seconds()))} s by {len(self.road)} servers"
        return f"canary, {'WRONG: ' + '; '.join(self.wrong) if self.wrong else 'as it should be'}; {facts}"


def arrival(canary: Canary, message: InboundMessage, routes: tuple[str, str], *, in_junk: bool = False) -> Arrival:
    """``routes``: the name of the one it took, and of the one that mail to its address takes."""
    intact = address_key(message.author.address).lower() == address_key(canary.sender).lower()
    return Arrival(routes[0], routes[1], intact, message.received_at - canary.at, road_of(message), in_junk)


def road_of(message: InboundMessage) -> tuple[str, ...]:
    """The hosts that took the mail over, the first first; each one's own word."""
    received: Sequence[str] = message.headers_named("Received")[:_MOST_HOPS]
    return tuple(found[1] if (found := _BY.search(value[:2000])) else "?" for value in reversed(received))
