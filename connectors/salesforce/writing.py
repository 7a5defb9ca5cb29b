"""One message, one atomic composite; and what can only come after it: large files, a reopened case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connectors.contract import Attachment, CaseGone, CaseRef, ConnectorError, Delivery, InDoubt, Rejected
from connectors.salesforce import records
from connectors.salesforce.files import Enclosed, enclose, encoded, missing, multipart, not_attached
from connectors.salesforce.finding import Held
from connectors.salesforce.notes import Note, Notes
from connectors.salesforce.org import Org, Part, Record, is_id
from connectors.salesforce.records import Form
from connectors.salesforce.rules import Refused, TooLarge
from connectors.salesforce.wire import Marks

_STATE = "?fields=Id,CaseNumber,Status,IsClosed,ClosedDate"

Encode = Callable[[Attachment], str]
Build = Callable[[Enclosed], Sequence[Part]]


def files_of(delivery: Delivery, form: Form) -> Enclosed:
    """The files of a message, with the original when some of its text is cut."""
    source = delivery.source
    # Whoever cut the message before us may have attached it already.
    has = source is None or any(one.sha256 == source.sha256 for one in delivery.attachments)
    original = (source,) if source and not has and form.cuts(delivery) else ()
    return enclose((*delivery.attachments, *original))


def parts_of_case(
    delivery: Delivery, form: Form, case: Record, enclosed: Enclosed, encode: Encode = encoded
) -> list[Part]:
    """A new Case, its first message, and the question for its number."""
    noted = form.noting(*enclosed.notices)
    parts = [Part("case", "POST", "sobjects/Case", case, assign="OwnerId" not in case)]
    if form.message:
        body = records.message(delivery, noted, form.message, "@{case.id}")
        parts.append(Part("message", "POST", "sobjects/EmailMessage", body, assign=False))
    place = "@{message.id}" if form.message else "@{case.id}"
    return [*parts, *enclosed.parts(place, encode), Part("state", "GET", f"sobjects/Case/@{{case.id}}{_STATE}")]


def parts_of_append(
    delivery: Delivery, form: Form, case_id: str, enclosed: Enclosed, encode: Encode = encoded
) -> list[Part]:
    """A further message, and the question whether its case is closed."""
    noted = form.noting(*enclosed.notices)
    if form.message:
        body = records.message(delivery, noted, form.message, case_id)
        parts = [Part("message", "POST", "sobjects/EmailMessage", body, assign=False)]
    else:
        body = records.comment(delivery, noted, case_id)
        parts = [Part("message", "POST", "sobjects/CaseComment", body, assign=False)]
    place = "@{message.id}" if form.message else case_id
    # Asked last, so that a flow of the org's own that reopens the case has already run.
    return [*parts, *enclosed.parts(place, encode), Part("state", "GET", f"sobjects/Case/{case_id}{_STATE}")]


class Writer:
    """Writes, and finishes what an earlier try left half done."""

    def __init__(self, org: Org, notes: Notes, reopen_status: str) -> None:
        self._org = org
        self._notes = notes
        self._reopen_status = reopen_status

    def create(self, delivery: Delivery, form: Form, case: Record) -> CaseRef:
        """Raises KeyTaken when the case is there already; InDoubt when it is, but not yet its large files."""
        enclosed = files_of(delivery, form)
        made, enclosed = self._post(
            lambda chosen: parts_of_case(delivery, form, case, chosen), enclosed, Marks(safe_to_repeat=True)
        )
        case_id, state = _id(made, "case", "500"), made.get("state", {})
        place = _id(made, "message", "02s") if form.message else case_id
        ref = self._org.ref(state)
        self._finish(delivery, enclosed.apart, Held(state, place))
        return ref

    def append(self, delivery: Delivery, form: Form, case_id: str) -> CaseRef:
        """As ``create``. Raises CaseGone. A comment has no key of its own, so it is looked for before."""
        enclosed = files_of(delivery, form)
        made, enclosed = self._post(
            lambda chosen: parts_of_append(delivery, form, case_id, chosen),
            enclosed,
            Marks(case_id=case_id, safe_to_repeat=form.message is not None),
        )
        message_id, state = _id(made, "message", "02s" if form.message else ""), made.get("state", {})
        ref = self._org.ref(state)
        closed = state.get("IsClosed") is True
        self._finish(delivery, enclosed.apart, Held(state, message_id if form.message else case_id, closed))
        return ref

    def _post(self, build: Build, enclosed: Enclosed, marks: Marks) -> tuple[dict[str, Record], Enclosed]:
        """What it made, and the files that it made it with: one that Salesforce refuses only becomes a notice."""
        while True:
            try:
                return self._org.composite(build(enclosed), marks), enclosed
            except TooLarge:
                if not enclosed.within:
                    raise
                enclosed = enclosed.none_within()
            except Refused as refused:
                fewer = enclosed.without(refused.part, str(refused))
                if fewer is None:
                    raise
                enclosed = fewer

    def _finish(self, delivery: Delivery, files: Sequence[Attachment], held: Held) -> None:
        """The message is there, so whatever goes wrong now leaves its delivery in doubt and not undone."""
        try:
            self._complete(delivery, files, held)
        except InDoubt:
            raise
        except ConnectorError as error:
            raise InDoubt(f"the message is in its case, but not all that belongs to it: {error}") from error

    def complete(self, delivery: Delivery, held: Held, form: Form) -> CaseRef:
        """After an earlier try: add what the case still lacks of the message. Raises what hinders it."""
        self._complete(delivery, self._missing(delivery, held, form), held)
        return self._org.ref(held.case)

    def lacks(self, delivery: Delivery, held: Held, form: Form) -> bool:
        """Whether ``complete`` has something to do."""
        return self._reopens(delivery, held) or bool(self._missing(delivery, held, form))

    def _missing(self, delivery: Delivery, held: Held, form: Form) -> list[Attachment]:
        return missing(self._org, held.place, files_of(delivery, form).all)

    def _reopens(self, delivery: Delivery, held: Held) -> bool:
        return bool(self._reopen_status) and delivery.public and delivery.case is not None and held.closed_before

    def _complete(self, delivery: Delivery, files: Sequence[Attachment], held: Held) -> None:
        if self._reopens(delivery, held):
            reopened = Part("case", "PATCH", f"sobjects/Case/{held.case_id}", {"Status": self._reopen_status}, False)
            self._org.composite([reopened], Marks(case_id=held.case_id, safe_to_repeat=True))
        for one in files:
            self._send(delivery, one, held)

    def _send(self, delivery: Delivery, file: Attachment, held: Held) -> None:
        try:
            self._stream(file, held)
        except CaseGone:
            raise
        except Rejected as error:
            # The message can no longer be changed, so a comment for the agents says what it lacks.
            note = Note(f"{delivery.key} {file.sha256[:12]}", f"The file {not_attached(file, str(error))}")
            self._notes.add(held.case_id, note)

    def _stream(self, file: Attachment, held: Held) -> None:
        upload = multipart(file, held.place)
        try:
            self._org.upload(upload, held.case_id)
        except InDoubt:
            if missing(self._org, held.place, [file]):
                self._org.upload(upload, held.case_id)


def _id(made: Mapping[str, Record], part: str, prefix: str) -> str:
    found = made.get(part, {}).get("id")
    if not isinstance(found, str) or not is_id(found) or not found.startswith(prefix):
        raise InDoubt(f"Salesforce's answer names no {part}")
    return found
