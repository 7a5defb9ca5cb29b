"""What the border says of the author is believed of mail that passed it, by routes and by authority alike (H48)."""

from __future__ import annotations

import pytest

from tests.steps.routing import mail
from worker.authority import trust_of
from worker.message import InboundMessage
from worker.routes import compile_routes
from worker.settings import MailboxSettings, Route

RESULTS = ("Authentication-Results", "mx.example.com; dmarc=pass header.from=example.org")
FROM = ("From", "ann@example.org")


def section(border: str) -> MailboxSettings:
    return MailboxSettings(trusted_border=(border,), authserv_id="mx.example.com", authserv_strips=True)


def believed(message: InboundMessage, border: str) -> tuple[bool, bool]:
    """By the routes, and by who decides on conversations."""
    settings = section(border)
    routes = compile_routes([Route(address="*", connector="desk")], {"support": settings})
    by_routes = routes.decide(message, "support").authentication.aligned
    return by_routes, trust_of(settings, None, frozenset()).authentication(message).aligned


@pytest.mark.parametrize("border", ["mx.example.com", "*.example.com"])
def test_what_our_border_wrote_is_believed(border: str) -> None:
    passed = ("Received", "from a.example.org by mx.example.com with ESMTP; Fri, 20 Nov 2026 10:00:00 +0000")
    assert believed(mail(RESULTS, passed, FROM), border) == (True, True)
    assert believed(mail(passed, RESULTS, FROM), border) == (True, True)


@pytest.mark.parametrize("border", ["mx.example.com", "*.example.com"])
def test_h48_what_somebody_else_wrote_is_not(border: str) -> None:
    """A mail that never passed the border may begin with whatever its sender liked."""
    other = ("Received", "from a.example.org by mx.attacker.example with ESMTP; Fri, 20 Nov 2026 10:00:00 +0000")
    assert believed(mail(other, RESULTS, FROM), border) == (False, False)
    assert believed(mail(RESULTS, other, FROM), border) == (False, False)
    assert believed(mail(RESULTS, FROM), border) == (False, False)
