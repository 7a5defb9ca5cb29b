"""What the settings say of where a new case goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.salesforce.records import Form
from connectors.salesforce.schema import Kind


@dataclass(frozen=True)
class Placing:
    """Names as Salesforce's Setup shows them; "" leaves the org its own default."""

    queue: str = ""
    record_type: str = ""
    origin: str = ""
    #: of a closed case that a customer writes to; "": it stays closed
    reopen_status: str = ""

    def form(self, key_field: str, case: Kind, message: Kind | None) -> Form:
        """For one message."""
        return Form(
            key_field=key_field,
            case=case,
            message=message,
            queue=self.queue,
            record_type=self.record_type,
            origin=self.origin,
        )

    def is_own(self, error: str, fields: Mapping[str, str]) -> bool:
        """Whether an error is about a name of the settings and not about one of the route's fields."""
        routed = {value for name, value in fields.items() if name in ("queue", "owner", "record_type")}
        return any(repr(one) in error for one in {self.queue, self.record_type} - routed - {""})


def key_field_problem(name: str) -> str:
    """What is wrong with ``key_field``, which stands in paths and queries, or ""."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,75}__c", name):
        return ""
    return "is no custom field's API name; write it as E2C_Key__c"
