"""What the service desk's answers mean beyond Jira's: a customer who is there already, and one whom we may not make."""

from __future__ import annotations

from typing import Final

from connectors.contract import ConnectorError, Rejected, Unusable
from connectors.http import Answer
from connectors.jira.rules import JiraRules
from connectors.jira.service_desk.api import MAKE_CUSTOMER

_MADE_ALREADY: Final = 409


class CustomerExists(Rejected):
    """Somebody has that address."""


class MayMakeNone(Unusable):
    """Our user may not create customers, which takes a Jira administrator."""


class DeskRules(JiraRules):
    """Jira's, and those for the call that makes a customer."""

    def special(self, answer: Answer, told: str) -> ConnectorError | None:
        found = super().special(answer, told)
        if found is not None or MAKE_CUSTOMER not in answer.call.buckets:
            return found
        if answer.status == _MADE_ALREADY:
            return CustomerExists(told)
        return MayMakeNone(told) if answer.status == 403 else None
