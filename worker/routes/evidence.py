"""To which addresses was this mail sent? What the headers say of it, the most reliable first.

Delivery fields (``Delivered-To`` and the like) are written by mail servers, but a sender can write them too. Servers
put their fields on top, so a field is believed when it stands above the border: the topmost ``Received`` of a server
that takes mail from outside. See docs/decisions/0001-border-of-trust.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import islice, takewhile

from connectors.contract import Person
from worker.message import InboundMessage
from worker.routes.addresses import address_specs, by_host, list_id
from worker.settings.addresses import address_key, domain_key, split_detail

#: written on delivery, so they name the address that the server really used; in order of reliability
DELIVERY_FIELDS = (
    "X-Gm-Original-To",
    "X-Original-To",
    "Delivered-To",
    "Envelope-To",
    "X-Envelope-To",
    "X-Forwarded-To",
)
#: written by the sender, whom nothing binds
SENDER_FIELDS = ("Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc")
MOST_ADDRESSES = 500


@dataclass(frozen=True)
class Evidence:
    """One address that one header field names; of List-Id it is the list's id, which has no ``@``."""

    #: in the spelling of ``address_key``, with the detail
    address: str
    #: what stands after the ``+``, or ""
    detail: str
    header: str
    #: of the header field, counted from 0 at the top
    position: int


def evidence(message: InboundMessage, trusted_border: Sequence[str]) -> tuple[Evidence, ...]:
    """Everything that may be believed, the most reliable first; 500 at most, no address twice of one field name.

    ``trusted_border``: host names of the servers that take mail from outside. When empty, delivery fields count above
    the topmost ``Received``. A message without any ``Received`` was never sent: all its fields are the account's own.
    """
    border = border_position(message, trusted_border)
    delivered = (one for one in _delivery_fields(message) if one.position < border)
    unique: dict[tuple[str, str], Evidence] = {}
    for one in (*delivered, *_people(message), *_sender_fields(message), *_lists(message)):
        unique.setdefault((one.address, one.header), one)
    return tuple(islice(unique.values(), MOST_ADDRESSES))


def not_believed(message: InboundMessage, trusted_border: Sequence[str]) -> tuple[Evidence, ...]:
    """Delivery fields at or below the border, which anyone may have written."""
    border = border_position(message, trusted_border)
    return tuple(islice((one for one in _delivery_fields(message) if one.position >= border), MOST_ADDRESSES))


def border_position(message: InboundMessage, trusted_border: Sequence[str]) -> int:
    """Fields above this position were written by servers that the operator trusts.

    Only the topmost match counts: what lies below it, even a ``Received`` with the right name, may be forged. A
    ``Received`` above it that names no host ends the search, since it may be the real one, garbled by the sender.
    """
    received = [(at, value) for at, (name, value) in enumerate(message.headers) if name.lower() == "received"]
    if not trusted_border:
        return received[0][0] if received else len(message.headers)
    borders = _borders(trusted_border)
    written_by = ((at, domain_key(by_host(value))) for at, value in received)
    known = takewhile(lambda pair: pair[1], written_by)
    return next((at for at, host in known if _is_border(host, borders)), 0)


def passed_border(message: InboundMessage, position: int, trusted_border: Sequence[str]) -> bool:
    """Whether one of the named servers wrote the field at ``border_position``; 0 also stands for none."""
    name, value = message.headers[position] if position < len(message.headers) else ("", "")
    return name.lower() == "received" and _is_border(domain_key(by_host(value)), _borders(trusted_border))


def _borders(trusted_border: Sequence[str]) -> Set[str]:
    return {domain_key(host.strip("[]")) for host in trusted_border}


def _is_border(host: str, borders: Set[str]) -> bool:
    """``*.example.com`` stands for all hosts below: big services have more than anybody can list."""
    parts = host.split(".")
    return host in borders or any(f"*.{'.'.join(parts[at:])}" in borders for at in range(1, len(parts)))


def _delivery_fields(message: InboundMessage) -> Iterator[Evidence]:
    for name in DELIVERY_FIELDS:
        yield from _field(message, name)


def _sender_fields(message: InboundMessage) -> Iterator[Evidence]:
    for name in SENDER_FIELDS:
        yield from _field(message, name)


def _field(message: InboundMessage, name: str) -> Iterator[Evidence]:
    wanted = name.lower()
    for position, (field_name, value) in enumerate(message.headers):
        if field_name.lower() == wanted:
            yield from _each(address_specs(value), name, position)


def _people(message: InboundMessage) -> Iterator[Evidence]:
    yield from _each(_addresses(message.to), "To", _position(message, "to"))
    yield from _each(_addresses(message.cc), "Cc", _position(message, "cc"))


def _lists(message: InboundMessage) -> Iterator[Evidence]:
    identity = list_id(message.header("List-Id"))
    if identity:
        yield Evidence(identity, "", "List-Id", _position(message, "list-id"))
    posts = (spec.removeprefix("mailto:").partition("?")[0] for spec in address_specs(message.header("List-Post")))
    yield from _each(posts, "List-Post", _position(message, "list-post"))


def _addresses(people: Sequence[Person]) -> Iterator[str]:
    return (person.address for person in people)


def _each(specs: Iterator[str], header: str, position: int) -> Iterator[Evidence]:
    for spec in specs:
        address = address_key(spec)
        if address:
            yield Evidence(address, split_detail(address)[1], header, position)


def _position(message: InboundMessage, name: str) -> int:
    """The first field of that name; the message's end if a parser found people where no such field stands."""
    names = (at for at, (field_name, _) in enumerate(message.headers) if field_name.lower() == name)
    return next(names, len(message.headers))
