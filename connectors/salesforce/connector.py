"""Salesforce as a connector: one atomic composite a message, stamped with a key that may be there only once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.contract import (
    Capabilities,
    CaseGone,
    CaseRef,
    CaseState,
    Change,
    Connector,
    Dedupe,
    Delivery,
    Finding,
    InDoubt,
    Rejected,
    Request,
    Unusable,
)
from connectors.http import HttpClient, Secrets, url_problem
from connectors.salesforce import records, writing
from connectors.salesforce.changes import Changer
from connectors.salesforce.files import MAX_BYTES, left_out, safe_name
from connectors.salesforce.finding import Finder, Held
from connectors.salesforce.health import Examination, made_fields
from connectors.salesforce.login import Login, default_audience, login_misfits, version_problem
from connectors.salesforce.names import Names, Placeholders
from connectors.salesforce.notes import Notes
from connectors.salesforce.org import Org, Part, is_id
from connectors.salesforce.reading import Reader
from connectors.salesforce.records import Form
from connectors.salesforce.rules import KeyTaken, Refused, SalesforceRules
from connectors.salesforce.schema import Kind, Schema
from connectors.salesforce.settings import Placing, key_field_problem
from connectors.salesforce.writing import Writer

_WITH_MESSAGES = Capabilities(
    dedupe=Dedupe.NATIVE,
    correlates=True,
    html=True,
    internal_notes=True,
    updates=True,
    reads_back=True,
    answers=True,
    # As orgs usually have it; where one has less, what it tells itself counts.
    max_text_chars=records.TEXT_CHARS,
    max_attachment_bytes=MAX_BYTES,
)
#: of an org without EmailMessage
_WITH_COMMENTS = replace(_WITH_MESSAGES, dedupe=Dedupe.SEARCH, correlates=False, html=False, answers=False)
_STALE = {"INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED", "INACTIVE_OWNER_OR_USER"}


class Salesforce(Connector):
    """Options: url (My Domain); client_id and client_secret, or client_id, user and private_key (JWT bearer).

    ``login`` is the host that an assertion is for, ``key_field`` the unique external-ID field of Case and
    EmailMessage. queue, record_type and origin place new cases; reopen_status is what a closed one becomes when
    its customer writes ("": it stays closed).
    """

    capabilities = _WITH_MESSAGES

    # One keyword a settings key is the contract, so there are more than a function should have.
    def __init__(  # noqa: PLR0913
        self,
        *,
        url: str,
        client_id: str,
        client_secret: str = "",
        user: str = "",
        private_key: str = "",
        login: str = "",
        api_version: str = "v67.0",
        key_field: str = "E2C_Key__c",
        queue: str = "",
        record_type: str = "",
        origin: str = "Email",
        reopen_status: str = "New",
    ) -> None:
        self._login = Login(client_id, client_secret, user, private_key, login or default_audience(url))
        self._placing = Placing(queue, record_type, origin, reopen_status)
        self._key_field = key_field
        self._rules = SalesforceRules(key_field)
        self._http = HttpClient(url, self._rules, Secrets((client_secret, private_key)))
        self._http.auth = self._login.auth(self._http)
        self._org = Org(self._http, api_version.removeprefix("v"))
        self._schema = Schema(self._org, key_field)
        self._names = Names(self._org)
        self._notes = Notes(self._org)
        self._finder = Finder(self._org, self._notes, key_field)
        self._writer = Writer(self._org, self._notes, reopen_status)
        self._changer = Changer(self._org, self._notes, self._names)

    @classmethod
    def misfits(cls, options: Mapping[str, object]) -> Sequence[tuple[str, str]]:
        looked_at = (
            ("url", url_problem(str(options["url"]))),
            ("login", url_problem(str(options["login"])) if options.get("login") else ""),
            ("api_version", version_problem(str(options.get("api_version") or "v67.0"))),
            ("key_field", key_field_problem(str(options.get("key_field") or "E2C_Key__c"))),
        )
        return [*((key, problem) for key, problem in looked_at if problem), *login_misfits(options)]

    @property
    def target(self) -> str:
        return self._http.host

    def check(self) -> Sequence[Finding]:
        self._schema.forget()
        self._names.forget()
        return Examination(self._http, self._org, self._schema, self._names, self._placing).findings(
            self._key_field, self._rules, self._login.cure
        )

    def prepare(self) -> Sequence[Finding]:
        self._schema.forget()
        return made_fields(self._org, self._schema, self._key_field)

    def find(self, delivery: Delivery) -> CaseRef | None:
        """None also while the case lacks some of the message's large files: a second ``create`` then adds them."""
        form = self._form()
        held = self._finder.held(delivery, by_message=form.message is not None)
        if held is None or self._writer.lacks(delivery, held, form):
            return None
        return self._org.ref(held.case)

    def create(self, delivery: Delivery) -> CaseRef:
        form = self._form()
        try:
            return self._create(delivery, form)
        except Refused as refused:
            if isinstance(refused, KeyTaken):
                return self._taken(delivery, form, refused)
            if refused.code not in _STALE:
                raise
            # An owner, a record type or a contact that was known a while ago may be gone; nothing was done.
            self._names.forget()
            return self._create(delivery, form)

    def _create(self, delivery: Delivery, form: Form) -> CaseRef:
        return self._writer.create(delivery, form, self._case(delivery, form))

    def _case(self, delivery: Delivery, form: Form) -> dict[str, object]:
        try:
            return records.new_case(delivery, form, self._names)
        except Rejected as error:
            if self._placing.is_own(str(error), delivery.fields):
                raise Unusable(f"{error}; set queue and record_type to names that Salesforce's Setup shows") from error
            raise

    def append(self, delivery: Delivery) -> CaseRef:
        if delivery.case is None or not is_id(delivery.case.id):
            raise CaseGone("there is no case with such an id")
        form = self._form()
        if form.message is None and (held := self._finder.held(delivery, by_message=False)):
            return self._writer.complete(delivery, held, form)
        try:
            return self._writer.append(delivery, form, delivery.case.id)
        except KeyTaken as taken:
            return self._taken(delivery, form, taken)

    def _taken(self, delivery: Delivery, form: Form, taken: KeyTaken) -> CaseRef:
        """The first try got through after all; or some other field must be unique, and the CRM refuses for good."""
        held: Held | None = self._finder.held(delivery, by_message=form.message is not None)
        if held is not None:
            return replace(self._writer.complete(delivery, held, form), was_there=True)
        if self._key_field in str(taken):
            raise InDoubt(f"{taken}; the record with our key does not show yet") from taken
        raise taken

    def correlate(self, message_ids: Sequence[str]) -> CaseRef | None:
        return self._finder.correlate(message_ids) if message_ids and self._form().message else None

    def update(self, case: CaseRef, change: Change) -> None:
        if not is_id(case.id):
            raise CaseGone("there is no case with such an id")
        self._changer.update(case.id, change, self._schema.case())

    def read_back(self, since: datetime) -> Iterator[CaseState]:
        form = self._form()
        return Reader(self._org, self._names, self._key_field, answers=form.message is not None).changed_since(since)

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        """With the lengths that Salesforce usually has, and without the ids that only it knows."""
        form = self._placing.form(self._key_field, Kind("Case"), Kind("EmailMessage"))
        enclosed = writing.files_of(delivery, form)
        if delivery.case:
            parts = writing.parts_of_append(delivery, form, delivery.case.id, enclosed, left_out)
        else:
            case = records.new_case(delivery, form, Placeholders())
            parts = writing.parts_of_case(delivery, form, case, enclosed, left_out)
        apart = [Request("POST", f"{self._org.base}sobjects/ContentVersion", safe_name(one)) for one in enclosed.apart]
        return (Request("POST", f"{self._org.base}composite", self._shown(parts)), *apart)

    def _shown(self, parts: Sequence[Part]) -> str:
        body = {"allOrNone": True, "compositeRequest": [self._org.shown(one) for one in parts]}
        return json.dumps(body, indent=2, ensure_ascii=False)

    def _form(self) -> Form:
        message = self._schema.message()
        if message is None:
            # A comment has no field for a key, so the CRM refuses no second one; it can only be looked for.
            self.capabilities = _WITH_COMMENTS
        return self._placing.form(self._key_field, self._schema.case(), message)

    def close(self) -> None:
        self._http.close()
