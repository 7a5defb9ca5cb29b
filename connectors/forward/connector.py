"""Forward to an address: the original below lines of ours, From and Message-ID kept, the reverse-path our own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from connectors.contract import (
    Capabilities,
    CaseRef,
    Connector,
    ConnectorError,
    Dedupe,
    Delivery,
    Finding,
    Rejected,
    Request,
    Severity,
)
from connectors.forward.header import LOOP_HEADER, header_of
from connectors.smtp import Server, Submission, address_problem, path_of, probe, server_problem, submit

_PASSWORD = "SMTP_PASSWORD"  # noqa: S105  (the name of a variable)
_ANY_SIZE = 1 << 40


class Forward(Connector):
    """``to``: the CRM's address, or several. ``smtp``: the server's URL, with the user but without the password.

    ``sender`` gets the bounces, and must be an address of ours for which SPF lets that server send; left out, the
    user of ``smtp`` if that is an address, else nobody. The password is in ``smtp_password_env``; left out, in
    SMTP_PASSWORD, as for [smtp].

    Dedupe.NONE, since nobody can be asked whether an address has had a mail. When the line is lost after the end of
    the mail was sent (InDoubt), it is sent again: a mail too many is better than one too few. Both bear the same
    Message-ID and the same Resent-Message-ID, so a CRM that looks at either makes one case of them.
    """

    capabilities = Capabilities(
        dedupe=Dedupe.NONE,
        append=False,
        html=True,
        max_text_chars=_ANY_SIZE,
        max_attachment_bytes=_ANY_SIZE,
    )

    def __init__(self, *, to: str | tuple[str, ...], smtp: str, sender: str = "", smtp_password: str = "") -> None:
        """Raises ValueError for what ``misfits`` would name."""
        self._to = tuple(path_of(one) for one in _several(to))
        self._server = Server.at(smtp, password=smtp_password or os.environ.get(_PASSWORD, ""))
        user = self._server.user
        self._sender = path_of(sender) if sender else "" if address_problem(user) else path_of(user)

    @classmethod
    def misfits(cls, options: Mapping[str, object]) -> Sequence[tuple[str, str]]:
        """Addresses that are none, and a user without a password."""
        addresses = [("to", one) for one in _several(options.get("to", ()))]
        addresses += [("sender", str(options["sender"]))] if options.get("sender") else []
        found = [(key, f"{one[:80]!r} {words}") for key, one in addresses if (words := address_problem(one))]
        if not _several(options.get("to", ())):
            found.append(("to", 'is empty; write the CRM\'s address, as "cases@crm.example.com"'))
        url = str(options.get("smtp", ""))
        if problem := server_problem(url):
            found.append(("smtp", problem))
        elif Server.at(url).user and not (options.get("smtp_password") or os.environ.get(_PASSWORD)):
            cure = f"set {_PASSWORD}, or name another variable"
            found.append(("smtp_password_env", f"missing, since smtp has a user; {cure}"))
        return found

    @property
    def target(self) -> str:
        """The addresses."""
        return ",".join(self._to)

    def check(self) -> Sequence[Finding]:
        """Log in, and ask whether the recipients would be taken; no mail is sent."""
        place = f"{self._server.host}:{self._server.port}"
        try:
            probe(self._server, self._sender, self._to)
        except ConnectorError as error:
            return [Finding(Severity.STOPS_MAIL, str(error), f"look at smtp, sender and to, and at {place} itself")]
        found = [Finding(Severity.OK, f"{place} takes mail for {', '.join(self._to)}")]
        if not self._sender:
            fact = "no sender is set, so mail that cannot be delivered further on is lost without a word"
            found.append(Finding(Severity.WARNING, fact, "set sender to an address of yours that somebody reads"))
        return found

    def find(self, delivery: Delivery) -> CaseRef | None:
        """Always None: an address cannot be asked."""
        return None

    def create(self, delivery: Delivery) -> CaseRef:
        """Send it. Raises Rejected for a mail that we have sent before, or of which the original is lost."""
        submit(self._server, self._submission(delivery))
        return CaseRef(self._resent_id(delivery), delivery.message_id or self._resent_id(delivery))

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        """The lines of ours; the mail itself stays as it is."""
        place = f"smtp://{self._server.host}:{self._server.port}"
        head = self._head(delivery).decode("utf-8")
        size_bytes = delivery.source.size_bytes if delivery.source else 0
        return [Request("MAIL", place, f"{head}… and below, unchanged, the mail itself ({size_bytes} bytes)")]

    def _submission(self, delivery: Delivery) -> Submission:
        if delivery.source is None:
            raise Rejected("the original of this mail is not at hand, and only that can be forwarded")
        header = header_of(delivery.source)
        if header.loop:
            raise Rejected(f"not forwarded, or it might go round for ever: {header.loop}")
        return Submission(
            # The failure of a bounce must not make another bounce.
            sender="" if header.automatic else self._sender,
            recipients=self._to,
            head=self._head(delivery),
            content=delivery.source.content,
            skip_bytes=header.skip_bytes,
        )

    def _head(self, delivery: Delivery) -> bytes:
        """The lines that say who sent it on: RFC 5322 §3.6.6 wants them together and before everything else."""
        lines = (
            f"Resent-Date: {format_datetime(datetime.now(UTC))}",
            f"Resent-From: {self._resent_from(delivery)}",
            "Resent-To: {}".format(",\r\n\t".join(self._to)),
            f"Resent-Message-ID: <{self._resent_id(delivery)}>",
            f"{LOOP_HEADER}: forwarded",
        )
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _resent_from(self, delivery: Delivery) -> str:
        came_in_by = delivery.recipient
        return self._sender or (self._to[0] if address_problem(came_in_by) else path_of(came_in_by))

    def _resent_id(self, delivery: Delivery) -> str:
        return f"{delivery.key}.forward@{(self._sender or self._to[0]).rpartition('@')[2]}"


def _several(to: object) -> tuple[str, ...]:
    return (to,) if isinstance(to, str) else tuple(to) if isinstance(to, list | tuple) else ()
