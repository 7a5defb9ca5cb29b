"""One connection's state, and what every command needs of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from worker.demo.imap.errors import Malformed, Refused
from worker.demo.imap.faults import Action, Fault, Faults
from worker.demo.imap.store import Store
from worker.demo.imap.view import View
from worker.demo.imap.wire import Wire

#: What a login may use is shown from the start; a client need not ask twice.
CAPABILITIES = (
    *("IMAP4rev1", "LITERAL+", "SASL-IR", "AUTH=PLAIN", "AUTH=XOAUTH2", "AUTH=OAUTHBEARER", "ID", "ENABLE", "IDLE"),
    *("NAMESPACE", "CHILDREN", "UNSELECT", "UIDPLUS", "MOVE", "CONDSTORE"),
)
#: Not a capability in the protocol, but hidden in the same way: the leave to make keywords (``\*``).
KEYWORDS = "KEYWORDS"


@dataclass(frozen=True)
class Service:
    """What all connections of one server share."""

    store: Store
    user: str
    password: str = field(repr=False)
    hidden: frozenset[str] = frozenset()
    faults: Faults = field(default_factory=Faults)
    stopping: threading.Event = field(default_factory=threading.Event)

    def offers(self, capability: str) -> bool:
        """Whether the capability is neither hidden nor unknown."""
        return capability in (*CAPABILITIES, KEYWORDS) and capability not in self.hidden

    @property
    def capabilities(self) -> str:
        """As CAPABILITY lists them."""
        return " ".join(name for name in CAPABILITIES if self.offers(name))


@dataclass
class Session:
    """Used by one connection's thread only."""

    service: Service
    wire: Wire
    logged_in: bool = False
    failed_logins: int = 0
    condstore: bool = False
    view: View | None = None
    ending: bool = False
    #: scripted faults that befall the command at hand
    befallen: Mapping[Action, Fault] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """The mailbox served."""
        return self.service.store

    @property
    def selected(self) -> View:
        """Raises Malformed when no folder is selected."""
        if self.view is None:
            raise Malformed("No folder selected")
        return self.view

    @property
    def writable(self) -> View:
        """Raises Malformed when no folder is selected, Refused when it is so only for reading."""
        if self.selected.read_only:
            raise Refused("[READ-ONLY] The folder was opened for reading only")
        return self.selected

    def untagged(self, line: str) -> None:
        """Add ``* line`` to the answer. Text from mail never goes this way, only names and numbers of our own."""
        self.wire.send(b"* " + line.encode("ascii", "replace") + b"\r\n")

    def announce(self, *, expunges: bool = True) -> None:
        """Tell what changed in the selected folder since the last time. Raises Replaced."""
        if self.view:
            for line in self.view.news(expunges=expunges, condstore=self.condstore):
                self.untagged(line)

    def use_condstore(self) -> None:
        """From now on every FETCH response about flags carries MODSEQ (RFC 7162 §3.1). Raises Refused."""
        if not self.service.offers("CONDSTORE"):
            raise Refused("[CANNOT] No CONDSTORE here")
        self.condstore = True
