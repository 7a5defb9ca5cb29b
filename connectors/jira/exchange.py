"""One message at a time and a key: what this process has done, what it doubts, and the order of the steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from connectors.contract import CaseRef, Delivery, InDoubt
from connectors.jira.api import issue_of
from connectors.jira.finding import Finder
from connectors.jira.found import Found
from connectors.jira.locks import KeyLocks
from connectors.jira.workflow import Workflow
from connectors.jira.writing import Writer
from connectors.recent import Recent

_KEYS: Final = 20_000
_LIVES_S: Final = 24 * 3600.0

_Write = Callable[[Delivery], CaseRef]


class Exchange:
    """Jira has no key of its own for a write, so two writes of one key must not pass each other here.

    Across processes nothing but the ledger's claim and the search stand between a doubt and a second issue.
    """

    def __init__(self, writer: Writer, finder: Finder, workflow: Workflow) -> None:
        self._writer = writer
        self._finder = finder
        self._workflow = workflow
        self._locks = KeyLocks()
        #: the text is there; its files may not be
        self._written: Recent[CaseRef] = Recent(_KEYS, _LIVES_S)
        self._done: Recent[CaseRef] = Recent(_KEYS, _LIVES_S)
        #: a write whose end nobody knows, and nobody has looked since
        self._doubted: Recent[bool] = Recent(_KEYS, _LIVES_S)

    def find(self, delivery: Delivery) -> CaseRef | None:
        """Where the key is. Files that a lost try left out are sent, for nobody else would send them."""
        with self._locks.held(delivery.key):
            return self._find(delivery)

    def _find(self, delivery: Delivery) -> CaseRef | None:
        found = self._finder.find(delivery, self._written.get(delivery.key))
        self._doubted.forget(delivery.key)
        if found is None:
            self._written.forget(delivery.key)
            self._done.forget(delivery.key)
            return None
        self._written.put(delivery.key, found.case)
        if self._done.get(delivery.key) is None:
            self._enclose(delivery, found.case, found)
        return found.case

    def create(self, delivery: Delivery) -> CaseRef:
        """A new issue, or the one that this process has made or finds."""
        with self._locks.held(delivery.key):
            return self._known(delivery) or self._begun(delivery, self._open)

    def append(self, delivery: Delivery) -> CaseRef:
        """A further comment; an issue that is done is opened again first, so that the comment is the last step."""
        issue_of(delivery)
        with self._locks.held(delivery.key):
            return self._known(delivery) or self._begun(delivery, self._comment)

    def _known(self, delivery: Delivery) -> CaseRef | None:
        if done := self._done.get(delivery.key):
            return done
        written = self._written.get(delivery.key)
        if written is None and self._doubted.get(delivery.key) is None:
            return None
        found = self._find(delivery)
        if found is None and delivery.case is None:
            self._doubted.put(delivery.key, True)
            raise InDoubt("an earlier try is in doubt, and Jira's search does not show it yet")
        return found

    def _begun(self, delivery: Delivery, write: _Write) -> CaseRef:
        try:
            case = write(delivery)
        except InDoubt:
            self._doubted.put(delivery.key, True)
            raise
        self._written.put(delivery.key, case)
        self._enclose(delivery, case, None)
        return case

    def _open(self, delivery: Delivery) -> CaseRef:
        return self._writer.open_issue(delivery)

    def _comment(self, delivery: Delivery) -> CaseRef:
        case = issue_of(delivery)
        # A note for agents is no reason to open a case again.
        if delivery.public:
            case = self._workflow.reopened(case.id)
        self._writer.add_comment(delivery, case)
        return case

    def _enclose(self, delivery: Delivery, case: CaseRef, found: Found | None) -> None:
        found = self._finder.bounded(found) if found and delivery.attachments else found
        refused = self._writer.attach(delivery, case, found)
        if refused and not (found and self._finder.has_notice(case, delivery.key)):
            self._writer.say_missing(delivery, case, refused)
        self._done.put(delivery.key, case)
