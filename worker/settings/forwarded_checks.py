"""What can be wrong with routes that let mail be passed on, and with the names a border gives itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from worker.settings.model import MailboxSettings
from worker.settings.patterns import address_rule
from worker.settings.problems import Mistake
from worker.settings.route import Route

_FORMS = 'Write an address, "*@domain" or "re:PATTERN".'


def forwarded_mistakes(routes: Sequence[Route], mailboxes: Mapping[str, MailboxSettings]) -> Iterator[Mistake]:
    """Forms that cannot be read, and settings that would never let anybody pass mail on, or everybody."""
    for number, route in enumerate(routes):
        yield from _forms(number, route)
        yield from _nobody(number, route)
        if route.forwarded != "off" and not any(one.authserv_ids for one in mailboxes.values()):
            cure = "Set mailboxes.NAME.authserv_id to the name your mail server writes into Authentication-Results."
            yield ("routes", number, "forwarded"), "nobody is authenticated, so nobody may pass mail on", cure
    for name, mailbox in mailboxes.items():
        if any(not one.strip() or one.split() != [one] for one in mailbox.authserv_id):
            cure = "Write the first word of Authentication-Results as your own server writes it, or leave it out."
            yield ("mailboxes", name, "authserv_id"), "is no name", cure


def _forms(number: int, route: Route) -> Iterator[Mistake]:
    for key in ("agents", "groups"):
        for form in getattr(route, key):
            try:
                rule = address_rule(form)
            except ValueError as error:
                yield ("routes", number, key), f"found {form[:80]!r} ({error})", _FORMS
            else:
                if rule.key == "*":
                    yield ("routes", number, key), "'*' would let everybody write in anybody's name", _FORMS


def _nobody(number: int, route: Route) -> Iterator[Mistake]:
    for key in ("agents", "groups"):
        wanted = route.forwarded in (key, "both")
        if wanted and not getattr(route, key):
            yield ("routes", number, key), f"is missing, but forwarded is {route.forwarded!r}", f"Add {key}. {_FORMS}"
        elif getattr(route, key) and not wanted:
            yield ("routes", number, key), f"forwarded is {route.forwarded!r}", f'Add forwarded = "{key}".'
