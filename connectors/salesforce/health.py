"""Whether mail would get through: login, API, key field, messages, files, queue, record type, and calls left today."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from connectors.contract import AuthFailed, ConnectorError, Finding, Rejected, Severity, Unusable
from connectors.http import HttpClient
from connectors.salesforce.names import Names
from connectors.salesforce.org import Org
from connectors.salesforce.rules import NEARLY_SPENT, Refused, SalesforceRules
from connectors.salesforce.schema import KEY_CHARS, Kind, Schema, cure
from connectors.salesforce.settings import Placing

_RIGHTS: Final = "give our user a permission set with read and edit on the field"
_EMAIL_CURE: Final = "turn on Email-to-Case or Enhanced Email in Setup, and let our user create EmailMessage"


class Examination:
    """Reads only."""

    def __init__(self, http: HttpClient, org: Org, schema: Schema, names: Names, placing: Placing) -> None:
        self._http = http
        self._org = org
        self._schema = schema
        self._names = names
        self._placing = placing

    def findings(self, key_field: str, rules: SalesforceRules, login_cure: str) -> list[Finding]:
        """What was found, in the order it was looked for; the rest is not asked once the CRM refuses us."""
        found: list[Finding] = []
        steps: tuple[Callable[[], Iterator[Finding]], ...] = (
            lambda: self._cases(key_field),
            lambda: self._messages(key_field),
            self._files,
            self._places,
            lambda: self._calls_left(rules),
        )
        try:
            for step in steps:
                found += step()
        except ConnectorError as error:
            found.append(Finding(Severity.STOPS_MAIL, str(error), _cure(error, login_cure)))
        return found

    def _cases(self, key_field: str) -> Iterator[Finding]:
        kind = self._schema.kind("Case")
        yield Finding(Severity.OK, f"{self._http.host} knows us")
        if kind is None or not kind.createable:
            raise Unusable("our user may not create Cases")
        yield _key_finding(kind, key_field)
        yield from self._choices(kind)

    def _choices(self, kind: Kind) -> Iterator[Finding]:
        for field, value in (("Status", self._placing.reopen_status), ("Origin", self._placing.origin)):
            known = kind.field(field)
            if known and known.choices and value and value not in known.choices:
                setting = "reopen_status" if field == "Status" else "origin"
                fact = f"Case.{field} has no value {value!r}"
                yield Finding(Severity.STOPS_MAIL, fact, f"set {setting} to one of {', '.join(known.choices)}")

    def _messages(self, key_field: str) -> Iterator[Finding]:
        kind = self._schema.kind("EmailMessage")
        if kind is None or not kind.createable:
            fact = "there is no EmailMessage: mails become comments of 4,000 bytes, and replies are not matched by id"
            yield Finding(Severity.WARNING, fact, _EMAIL_CURE)
        else:
            yield _key_finding(kind, key_field)

    def _files(self) -> Iterator[Finding]:
        kind = self._schema.kind("ContentVersion")
        if kind is None or not kind.createable:
            fact = "our user may not create files (ContentVersion): attachments are only named"
            yield Finding(Severity.WARNING, fact, "let our user create files, or give it a permission set that does")

    def _places(self) -> Iterator[Finding]:
        asked = (
            ("queue", self._placing.queue, self._names.queue),
            ("record_type", self._placing.record_type, self._names.record_type),
        )
        for setting, name, look in asked:
            if name:
                yield _place_finding(setting, name, look)

    def _calls_left(self, rules: SalesforceRules) -> Iterator[Finding]:
        used, total = self._told_by_limits() or rules.usage
        if total and used >= NEARLY_SPENT * total:
            fact = f"{used} of the {total} API calls of 24 hours are used"
            yield Finding(Severity.WARNING, fact, "find what uses them in Setup, Company Information, or buy more")
        elif total:
            yield Finding(Severity.OK, f"{used} of the {total} API calls of 24 hours are used")

    def _told_by_limits(self) -> tuple[int, int] | None:
        try:
            daily = self._org.limits().get("DailyApiRequests")
        except (Refused, Unusable):
            # To see the limits takes a right of its own, which mail does not need.
            return None
        if not isinstance(daily, dict) or not isinstance(daily.get("Max"), int):
            return None
        return daily["Max"] - int(daily.get("Remaining", 0)), daily["Max"]


def _key_finding(kind: Kind, key_field: str) -> Finding:
    if problem := kind.key_problem(key_field):
        return Finding(Severity.STOPS_MAIL, problem, cure(key_field))
    return Finding(Severity.OK, f"{kind.name}.{key_field} is there, unique and an external ID")


def _place_finding(setting: str, name: str, look: Callable[[str], str]) -> Finding:
    try:
        look(name)
    except Rejected as error:
        return Finding(Severity.STOPS_MAIL, str(error), f"set {setting} to a name that Salesforce's Setup shows")
    return Finding(Severity.OK, f"the {setting} {name!r} exists")


def _cure(error: ConnectorError, login_cure: str) -> str:
    if isinstance(error, AuthFailed):
        return login_cure
    if isinstance(error, Unusable):
        return "let an administrator of Salesforce change what the text names, then check again"
    return "look at url and at the network, then try again"


def made_fields(org: Org, schema: Schema, key_field: str) -> list[Finding]:
    """Make the key field where it is missing. What is there and wrong belongs to somebody, and is left alone."""
    found = []
    for name in ("Case", "EmailMessage"):
        kind = schema.kind(name)
        if kind is not None and kind.createable and kind.field(key_field) is None:
            found.append(_made_field(org, name, key_field))
    schema.forget()
    return found


def _made_field(org: Org, kind: str, key_field: str) -> Finding:
    label = key_field.removesuffix("__c").replace("_", " ")
    metadata = {"type": "Text", "label": label, "length": 64, "unique": True, "externalId": True, "caseSensitive": True}
    metadata["description"] = f"What mail-to-case knows its messages by ({KEY_CHARS} hex digits)"
    try:
        org.make_field({"FullName": f"{kind}.{key_field}", "Metadata": metadata})
    except ConnectorError as error:
        return Finding(Severity.STOPS_MAIL, f"{kind}.{key_field} could not be made: {error}", cure(key_field))
    return Finding(Severity.OK, f"{kind}.{key_field} was made; our user may need the right to see it", _RIGHTS)
