"""IDLE: say at once what changes, until the client says DONE (RFC 2177)."""

from __future__ import annotations

import time

from worker.demo.imap.errors import Gone, Malformed
from worker.demo.imap.faults import Action
from worker.demo.imap.grammar import Command
from worker.demo.imap.session import Session
from worker.demo.imap.view import Replaced
from worker.demo.imap.wire import AUTOLOGOUT_S

#: How often the directory is looked at while a client waits.
LOOK_EVERY_S = 0.2


def idle(session: Session, _command: Command) -> str:
    """Raises Gone when the folder is replaced meanwhile, or the client has been silent for 30 minutes."""
    wire = session.wire
    wire.send(b"+ idling\r\n")
    wire.flush()
    planned = session.befallen.get(Action.END_OF_IDLE)
    until = time.monotonic() + (planned.seconds if planned else AUTOLOGOUT_S)
    while not wire.has_line_within(LOOK_EVERY_S):
        if time.monotonic() > until:
            raise Gone(planned.text if planned else "Autologout")
        _tell(session)
    if wire.read_line().upper() != b"DONE":
        raise Malformed("DONE was expected")
    return "IDLE completed"


def _tell(session: Session) -> None:
    if session.view is None or Action.DEAF in session.befallen:
        return
    session.view.folder.refresh()
    try:
        session.announce()
    except Replaced as error:
        raise Gone("The folder was replaced") from error
    session.store.save()
    session.wire.flush()
