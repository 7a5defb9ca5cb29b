"""A house in this process: a real ledger, a real parsing child, the test mailbox, and CRMs that do as they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.contract import Connector
from tests.fakes.rigged import RiggedCrm
from worker.demo.imap import Faults
from worker.demo.server import PASSWORD, PASSWORD_ENV, USER, TestMailbox
from worker.doors import Door
from worker.house import House, Tally
from worker.lanes import Budget
from worker.ledger import Ledger
from worker.mailbox import Mailbox
from worker.message.guard import Guard
from worker.poll import poll
from worker.routes import compile_routes
from worker.settings import MailboxSettings, Route, Settings

KEYWORD = "keyword:Done"


def mail(number: int, *, to: str = "help@example.com", sender: str = "ann@customer.example", **headers: str) -> bytes:
    """A customer's mail; a header's underscores are hyphens."""
    fields = {
        "From": f"Ann <{sender}>",
        "To": to,
        "Subject": f"Mail {number}",
        "Date": "Fri, 20 Nov 2026 10:00:00 +0000",
        "Message-ID": f"<m{number}@customer.example>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\nText of mail {number}\r\n".encode()


@dataclass
class Core:
    """One worker's rooms, and the mailbox it polls; what a test rigs, it rigs before the first poll."""

    folder: Path
    crms: Mapping[str, Connector]
    routes: tuple[Route, ...] = (Route(address="*", connector="crm"),)
    worker: Mapping[str, object] = field(default_factory=dict)
    processed: str = KEYWORD
    lanes: int = 4
    stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.faults = Faults()
        self.server = self.stack.enter_context(TestMailbox(self.folder / "mail", faults=self.faults))
        self.guard = Guard()
        self.stack.callback(self.guard.close)
        self.house = self.another()
        self.mailbox = self.reach()

    def another(self, ledger: str = "ledger.db") -> House:
        """A worker, this one's first or one beside it; with the same ledger or one of its own."""
        opened = Ledger.open(f"sqlite:///{self.folder / ledger}")
        self.stack.callback(opened.close)
        pool = self.stack.enter_context(ThreadPoolExecutor(self.lanes, thread_name_prefix="lane"))
        spool = self.folder / "spool"
        spool.mkdir(exist_ok=True)
        settings = Settings.model_validate({"worker": dict(self.worker)})
        return House(
            settings=settings,
            ledger=opened,
            doors={name: Door(name, crm, opened, settings.worker.max_attempts) for name, crm in self.crms.items()},
            router=compile_routes(self.routes, {}),
            guard=self.guard,
            pool=pool,
            budget=Budget(settings.worker.in_flight_mb << 20),
            spool=spool,
        )

    def reach(self, name: str = "support", **changes: object) -> Mailbox:
        """A connection of one's own to the mailbox, under the name of a section."""
        reached = {"host": "127.0.0.1", "port": self.server.imap_port, "security": "plaintext", "user": USER}
        marks = {"password_env": PASSWORD_ENV, "processed": self.processed, "timeout_s": 5.0}
        settings = MailboxSettings.model_validate({**reached, **marks, **changes})
        mailbox = Mailbox(name, settings, self.folder / "spool")
        self.stack.callback(mailbox.close)
        return mailbox

    def receive(self, *mails: bytes) -> None:
        """Mail arrives."""
        for one in mails:
            self.server.deliver(one)

    def poll(self, mailbox: Mailbox | None = None, house: House | None = None) -> Tally:
        """One poll."""
        return poll(mailbox or self.mailbox, house or self.house)

    @property
    def crm(self) -> RiggedCrm:
        """The CRM of the usual house."""
        crm = self.crms["crm"]
        assert isinstance(crm, RiggedCrm)
        return crm

    def flags(self) -> list[frozenset[str]]:
        """Of each message in the mailbox, in order."""
        with self._looking() as looking:
            looking.open()
            uids = range(1, looking.open().uidnext)
            return [waiting.flags for waiting in looking.describe(list(uids))]

    @contextmanager
    def _looking(self) -> Iterator[Mailbox]:
        looking = self.reach("looking")
        try:
            yield looking
        finally:
            looking.close()

    def make_due(self) -> None:
        """As if the time until the next attempt were over."""
        with self.house.ledger._engines.writer.begin() as connection:
            connection.exec_driver_sql("UPDATE slots SET due_at_s = NULL")
            connection.exec_driver_sql("UPDATE deliveries SET due_at_s = NULL")

    def end_pauses(self) -> None:
        """As if the time of every pause were over."""
        for name, bucket in self.house.ledger.pauses():
            self.house.ledger.resume(name, bucket)

    def marked(self) -> int:
        """How many messages carry the mark."""
        return sum("Done" in flags for flags in self.flags())

    def spooled(self) -> list[Path]:
        """What lies in the spool folder."""
        return list((self.folder / "spool").iterdir())


def subjects(crm: RiggedCrm) -> list[str]:
    """What the CRM holds, sorted."""
    return sorted(entry.delivery.subject for entry in crm.entries)


def numbered(numbers: Iterable[int]) -> list[str]:
    """The subjects of these mails, sorted."""
    return sorted(f"Mail {number}" for number in numbers)


Build = Callable[..., Core]


@pytest.fixture
def core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Builds the house of a test; everything in it is closed at the end."""
    monkeypatch.setenv(PASSWORD_ENV, PASSWORD)
    with ExitStack() as stack:

        def build(**changes: object) -> Core:
            return Core(tmp_path, **{"crms": {"crm": RiggedCrm()}, "stack": stack, **changes})  # type: ignore[arg-type]

        yield build
