"""Mail that is still in the mailboxes, read again without touching it: a few at a time, however many there are."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from worker.cli.opening import keyring_of, served
from worker.letter import SPOOLED_BYTES
from worker.mailbox import Mailbox, Refused
from worker.mailbox.peek import received_since
from worker.message import InboundMessage, Source
from worker.message.guard import Errand, Guard
from worker.settings import MailboxSettings, Settings
from worker.settings.canary import span_of
from worker.slot import Waiting

_AT_ONCE = 50
_AHEAD = 6
#: never written: a mailbox that is only looked at needs some mark that every server knows
_UNUSED = "seen"


@dataclass(frozen=True)
class Reread:
    """One mail that is still there."""

    #: as the worker knows it, with ``:junk`` behind the name in the junk folder
    mailbox: str
    waiting: Waiting
    source: Source
    message: InboundMessage
    #: it lies where processed mail is put
    is_done: bool


def moment(text: str, now: datetime | None = None) -> datetime:
    """``2026-11-01``, ``2026-11-01T10:00:00Z`` or ``7d`` (ago). Aware, UTC. Raises ValueError."""
    with suppress(ValueError):
        return (now or datetime.now(UTC)) - span_of(text.strip())
    with suppress(ValueError):
        read = datetime.fromisoformat(text.strip())
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    raise ValueError(f'{text!r} is no time; write a day as "2026-11-01", or how long ago as "7d" or "12h"')


def reread(settings: Settings, since: datetime, guard: Guard, only: str = "") -> Iterator[Reread]:
    """All mail received since then, oldest first in each folder; what is larger than the worker takes is left out.

    Raises MailboxError, GuardError, OSError.
    """
    with tempfile.TemporaryDirectory(prefix="mail-to-case-") as spool:
        for name, section in settings.mailboxes.items():
            if only in ("", name):
                yield from _of_mailbox(settings, name, section, (since, guard, Path(spool)))


def _of_mailbox(
    settings: Settings, name: str, section: MailboxSettings, tools: tuple[datetime, Guard, Path]
) -> Iterator[Reread]:
    with ExitStack() as stack:
        keyring = stack.enter_context(keyring_of(settings))
        reached = stack.enter_context(served(section))[0] if section.embedded else section
        for place, folder, is_done in folders(settings, name):
            changed = reached.model_copy(update={"folder": folder, "processed": _UNUSED})
            mailbox = Mailbox(place, changed, tools[2], keyring)
            stack.callback(mailbox.close)
            try:
                mailbox.open()
            except Refused:
                # Nothing was ever put there; the folder that is polled has to be.
                if not is_done:
                    raise
                continue
            limit_bytes = settings.worker.max_message_mb << 20
            yield from _of_folder(mailbox, tools, limit_bytes, is_done)


def folders(settings: Settings, name: str) -> Iterator[tuple[str, str, bool]]:
    """Where mail of a mailbox lies: name, folder, and whether processed mail is put there."""
    for place in settings.places_of(name):
        yield place, settings.watched[place].folder, False
    action, _, target = settings.mailboxes[name].processed.partition(":")
    if action == "move":
        yield name, target, True


def _of_folder(
    mailbox: Mailbox, tools: tuple[datetime, Guard, Path], limit_bytes: int, is_done: bool
) -> Iterator[Reread]:
    since, guard, spool = tools
    # The server compares days, in its own time zone.
    uids = received_since(mailbox, (since - timedelta(days=1)).date())
    ahead: deque[tuple[Waiting, Errand]] = deque()
    for start in range(0, len(uids), _AT_ONCE):
        described = mailbox.describe(uids[start : start + _AT_ONCE])
        wanted = [one for one in described if one.received_at >= since and one.size_bytes <= limit_bytes]
        for waiting, source in mailbox.read(wanted, limit_bytes):
            if source is None:
                continue
            own = Path(tempfile.mkdtemp(dir=spool)) if source.size_bytes > SPOOLED_BYTES else None
            ahead.append((waiting, guard.begin(source, own)))
            if len(ahead) >= _AHEAD:
                with _read(mailbox, ahead, is_done) as one:
                    yield one
    while ahead:
        with _read(mailbox, ahead, is_done) as one:
            yield one


@contextmanager
def _read(mailbox: Mailbox, ahead: deque[tuple[Waiting, Errand]], is_done: bool) -> Iterator[Reread]:
    """The next one; what it keeps in files is gone afterwards."""
    waiting, errand = ahead.popleft()
    try:
        yield Reread(mailbox.name, waiting, errand.source, errand.result(), is_done)
    finally:
        if isinstance(errand.source.content, Path):
            errand.source.content.unlink(missing_ok=True)
        for path in sorted(errand.spool.rglob("*"), reverse=True) if errand.spool else ():
            path.unlink()
