"""All that a rule may look at, worked out when a rule first asks; and whose word of it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from worker.authentication import Authentication, verdict
from worker.message import InboundMessage
from worker.routes.evidence import Evidence, border_position, evidence, not_believed, passed_border
from worker.routes.language import language_of
from worker.routes.spam import junk_mark, scored
from worker.settings import MailboxSettings
from worker.settings.addresses import address_key
from worker.settings.model import JUNK

_NOTHING = MailboxSettings()


@dataclass(frozen=True)
class Sight:
    """One message in one mailbox, as the rules see it."""

    message: InboundMessage
    #: name in the settings, with ``:junk`` behind it for the junk folder
    mailbox: str
    #: its settings: whose headers are believed
    section: MailboxSettings = _NOTHING
    #: why the message was classified as spam, or ""
    classified: str = ""

    @property
    def mailbox_name(self) -> str:
        """The [mailboxes.NAME] it belongs to."""
        return self.mailbox.removesuffix(JUNK)

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """To which addresses it was sent."""
        return evidence(self.message, self.section.trusted_border)

    @cached_property
    def not_believed(self) -> tuple[Evidence, ...]:
        """What a stranger may have written of that."""
        return not_believed(self.message, self.section.trusted_border)

    @cached_property
    def border(self) -> int:
        """Header fields above this position were written by servers that the operator trusts."""
        return border_position(self.message, self.section.trusted_border)

    def believed(self, name: str) -> tuple[str, ...]:
        """The values of the fields of that name that our own servers wrote."""
        wanted = name.lower()
        return tuple(value for found, value in self.message.headers[: self.border] if found.lower() == wanted)

    @cached_property
    def author_domain(self) -> str:
        """In A-labels; "" when the author has no address."""
        return address_key(self.message.author.address).rpartition("@")[2]

    @cached_property
    def language(self) -> str:
        """The language that the author writes in, or "" when that is not sure."""
        return language_of(f"{self.message.subject}\n{self.message.reply_text or self.message.text}")

    @cached_property
    def authentication(self) -> Authentication:
        """What our own border says of the author."""
        section, headers = self.section, self.message.headers
        is_received = self.border < len(headers) and headers[self.border][0].lower() == "received"
        if section.trusted_border and not passed_border(self.message, self.border, section.trusted_border):
            return Authentication(why="the mail did not pass the trusted border")
        border = self.border if is_received else None
        return verdict(headers, section.authserv_ids, border, below=section.authserv_strips)

    @cached_property
    def spam_mark(self) -> str:
        """Why it counts as marked as spam, or ""."""
        refused = self.section.spam_dmarc and self.authentication.dmarc == "fail"
        return (
            junk_mark(self.mailbox)
            or self.classified
            or scored(self.message, self.section.spam_score)
            or ("your border says dmarc=fail" if refused else "")
        )
