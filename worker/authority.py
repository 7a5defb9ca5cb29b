"""Who wrote a mail, as far as that may be believed: a From that names one person, and what our border says of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from worker.authentication import Authentication, verdict
from worker.ledger import Ledger
from worker.message import InboundMessage
from worker.routes.addresses import address_specs
from worker.routes.evidence import border_position, passed_border
from worker.settings import MailboxSettings, Settings
from worker.settings.addresses import address_key, split_detail
from worker.tokens import Tokens

_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00-\x1f]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Trust:
    """Whom one mailbox believes, and by what we know our own marks. Nothing said: nobody is authenticated."""

    authserv_ids: tuple[str, ...] = ()
    trusted_border: tuple[str, ...] = ()
    #: our border strips forged fields, so one right below its Received is its own
    below: bool = False
    #: who is not authenticated, nor refuted, may be taken for whom his address says
    lenient: bool = True
    tokens: Tokens | None = None
    own_addresses: Collection[str] = frozenset()

    def authentication(self, message: InboundMessage) -> Authentication:
        """What our border says of the mail."""
        if not self.authserv_ids:
            return Authentication()
        border = border_position(message, self.trusted_border)
        if self.trusted_border and not passed_border(message, border, self.trusted_border):
            return Authentication(why="the mail did not pass the trusted border")
        return verdict(message.headers, self.authserv_ids, border, below=self.below)

    def is_ours(self, address: str) -> bool:
        """Whether it is an address that we read mail for, with or without a detail."""
        key = spelled(address)
        return key in self.own_addresses or split_detail(key)[0] in self.own_addresses


def spelled(address: str) -> str:
    """One spelling for one address, or "" if it is none: lower case, but other letters than ASCII as they are.

    Lower case turns a Kelvin sign into a k, and folding a sharp s into two: each would be another person (H57).
    """
    key = address_key(address)
    return key.lower() if key.isascii() else key.encode("unicode_escape").decode("ascii")


def trust_of(mailbox: MailboxSettings, tokens: Tokens | None, own_addresses: Collection[str]) -> Trust:
    """As the settings of a mailbox have it."""
    return Trust(
        authserv_ids=mailbox.authserv_ids,
        trusted_border=mailbox.trusted_border,
        below=mailbox.authserv_strips,
        lenient=mailbox.unauthenticated == "participant" or not (mailbox.unauthenticated or mailbox.authserv_ids),
        tokens=tokens,
        own_addresses=own_addresses,
    )


@dataclass(frozen=True)
class Author:
    """The author as the mail has it, and what that is worth."""

    #: as ``spelled``; "" when From does not name exactly one person
    address: str
    #: our border vouches for the address
    believed: bool
    #: From is in doubt, or our border looked and found it not to be true
    refuted: bool
    why: str


def author_of(message: InboundMessage, trust: Trust) -> Author:
    """The author, or nobody when there is any doubt whom From means (H56, H57, H59)."""
    doubt = _doubt(message, trust)
    if doubt:
        return Author("", believed=False, refuted=True, why=doubt)
    found = trust.authentication(message)
    return Author(spelled(message.author.address), found.aligned, found.refuted, found.why)


def _doubt(message: InboundMessage, trust: Trust) -> str:
    written = message.headers_named("From")
    if len(written) != 1:
        return "there is no From" if not written else "there are several From fields"
    address = spelled(message.author.address)
    if not address or "=?" in address:
        return "From holds no address that follows the grammar"
    named = [one for one in address_specs(written[0]) if "@" in one]
    bare = _QUOTED.sub("", written[0])
    if ":" in bare and ";" in bare:
        return "From is a group"
    if [spelled(one) for one in named] != [address]:
        return "From does not name exactly one author"
    if _INVISIBLE.search(named[0]):
        return "the address in From holds invisible characters"
    return "From is one of our own addresses" if trust.is_ours(address) else ""


def tokens_of(settings: Settings, ledger: Ledger) -> Tokens:
    """Our marks: by the secret of the settings or, when there is none, by one that the ledger keeps."""
    secret = settings.worker.secret
    return Tokens((secret.get_secret_value() if secret else ledger.hash_of("the secret of the marks")).encode())
