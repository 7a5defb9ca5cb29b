"""From a command to its handler, and from the handler's word to the tagged answer; scripted faults step in here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from worker.demo.imap import folders, idle, login, messages
from worker.demo.imap.errors import CommandError, Gone, Malformed
from worker.demo.imap.faults import Action
from worker.demo.imap.grammar import Command, parse, tag_of
from worker.demo.imap.session import Service, Session
from worker.demo.imap.view import Replaced
from worker.demo.imap.wire import LiteralTooLong, Wire

MAX_MESSAGE_BYTES = 160 * 1024 * 1024
MAX_LITERAL_BYTES = 64 * 1024
MAX_MISTAKES = 200

#: Does the command, gives what stands after OK. Raises CommandError, Gone, Replaced, OSError.
Handler = Callable[[Session, Command], str]

_ANYTIME: dict[str, Handler] = {
    "CAPABILITY": login.capability,
    "NOOP": login.noop,
    "LOGOUT": login.logout,
    "ID": login.identify,
}
_BEFORE_LOGIN: dict[str, Handler] = {"LOGIN": login.login, "AUTHENTICATE": login.authenticate}
_AFTER_LOGIN: dict[str, Handler] = {
    "ENABLE": login.enable,
    "NAMESPACE": folders.namespace,
    "LIST": folders.list_folders,
    "LSUB": folders.list_folders,
    "SUBSCRIBE": folders.subscribe,
    "UNSUBSCRIBE": folders.unsubscribe,
    "CREATE": folders.create,
    "DELETE": folders.delete,
    "RENAME": folders.rename,
    "STATUS": folders.status,
    "SELECT": folders.select,
    "EXAMINE": folders.select,
    "APPEND": folders.append,
    "IDLE": idle.idle,
    "CHECK": login.noop,
    "CLOSE": folders.close,
    "UNSELECT": folders.unselect,
}
_BY_UID_TOO: dict[str, Handler] = {
    "FETCH": messages.fetch,
    "STORE": messages.store,
    "COPY": messages.copy,
    "MOVE": messages.move,
    "EXPUNGE": messages.expunge,
    "SEARCH": messages.search,
}
#: A command that is there only when its capability is not hidden.
_NEEDS = {name: name for name in ("ID", "ENABLE", "NAMESPACE", "IDLE", "UNSELECT", "MOVE")}
#: During these no sequence number may shift (RFC 3501 §7.4.1), unless they speak in UIDs.
_HOLDS_NUMBERS = ("FETCH", "STORE", "SEARCH")
_ON_THE_ANSWER = {Action.DROP_AFTER, Action.DROP_MIDWAY, Action.DRIBBLE}
_BEFORE: dict[Action, str] = {Action.NO: "NO", Action.BAD: "BAD", Action.IGNORED: "OK"}

_log = logging.getLogger(__name__)


def converse(service: Service, wire: Wire) -> None:
    """Serve one connection to its end."""
    session = Session(service, wire)
    try:
        _greet(session)
        mistakes = 0
        while not session.ending and mistakes < MAX_MISTAKES:
            mistakes += not _step(session)
    except Gone as gone:
        if str(gone):
            with suppress(Gone):
                session.untagged(f"BYE {gone}")
                wire.flush()


def _greet(session: Session) -> None:
    _suffer(session, Command("*", "GREETING", False, ()))
    if Action.SILENCE not in session.befallen:
        session.untagged(f"OK [CAPABILITY {session.service.capabilities}] Test mailbox ready")
        _send(session)


def _step(session: Session) -> bool:
    """One command; False when it was a mistake."""
    wire = session.wire
    try:
        parts = wire.read_command(lambda line: _literal_limit(session, line))
        command = parse(parts)
    except LiteralTooLong as error:
        wire.send(f"{tag_of(error.line)} NO [TOOBIG] Literal too long\r\n".encode())
    except Malformed as error:
        wire.send(f"{tag_of(parts[0])} BAD {error}\r\n".encode())
    else:
        return _execute(session, command)
    wire.flush()
    return False


def _literal_limit(session: Session, line: bytes) -> int:
    is_append = line[len(tag_of(line)) :].lstrip().upper().startswith(b"APPEND ")
    return MAX_MESSAGE_BYTES if is_append and session.logged_in else MAX_LITERAL_BYTES


def _execute(session: Session, command: Command) -> bool:
    session.wire.holds_back = False
    forced = _suffer(session, command)
    if Action.SILENCE in session.befallen:
        return True
    answer = forced or _perform(session, command)
    session.wire.send(f"{command.tag} {answer}\r\n".encode("ascii", "replace"))
    _send(session)
    return not answer.startswith("BAD")


def _send(session: Session) -> None:
    """Send the answer, or what the scripted faults leave of it."""
    befallen, wire = session.befallen, session.wire
    if Action.DROP_AFTER in befallen:
        wire.forget()
        raise Gone("")
    if Action.DROP_MIDWAY in befallen:
        wire.flush_half()
        raise Gone("")
    if dribble := befallen.get(Action.DRIBBLE):
        wire.flush_slowly(lambda: session.service.stopping.wait(dribble.seconds))
    wire.flush()


def _suffer(session: Session, command: Command) -> str:
    """Let the faults befall that are due for the command; gives the answer when one of them forces it, else nothing."""
    session.befallen = befallen = {fault.action: fault for fault in session.service.faults.due(command.name)}
    if Action.DELAY in befallen:
        session.service.stopping.wait(befallen[Action.DELAY].seconds)
    if Action.DROP_BEFORE in befallen:
        raise Gone("")
    if Action.BYE in befallen:
        raise Gone(befallen[Action.BYE].text or "Server shutting down")
    if Action.ALERT in befallen:
        session.untagged(f"OK [ALERT] {befallen[Action.ALERT].text}")
    if Action.GARBAGE in befallen:
        session.wire.send(b"* \xff\x00 ((( {nonsense\r\n")
    if Action.NEW_UIDVALIDITY in befallen:
        session.store.renumber(session.view.folder.name if session.view else "INBOX")
    session.wire.holds_back = bool(_ON_THE_ANSWER & befallen.keys())
    answers = [
        f"{_BEFORE[action]} {fault.text or 'As planned'}" for action, fault in befallen.items() if action in _BEFORE
    ]
    return answers[0] if answers else ""


def _perform(session: Session, command: Command) -> str:
    """Kind and text of the tagged answer."""
    try:
        done = _handler(session, command)(session, command)
        session.announce(expunges=command.by_uid or command.name not in _HOLDS_NUMBERS)
        session.store.save()
    except CommandError as error:
        return f"{error.kind} {error}"
    except Replaced:
        session.view = None
        return "NO The folder was replaced; open it again"
    except OSError as error:
        return f"NO [UNAVAILABLE] {error.strerror or 'The disk failed'}"
    except Gone:
        raise
    except Exception:
        # Whatever a client says, the other connections go on, and this one too.
        _log.exception("The test mailbox failed at %s", command.name)
        return "NO [SERVERBUG] Internal error"
    return f"OK {done}"


def _handler(session: Session, command: Command) -> Handler:
    name = command.name
    if name in _NEEDS and not session.service.offers(_NEEDS[name]):
        raise Malformed("Unknown command")
    if command.by_uid and name not in _BY_UID_TOO:
        raise Malformed("Unknown command")
    if name in _ANYTIME:
        return _ANYTIME[name]
    if name in _BEFORE_LOGIN and not session.logged_in:
        return _BEFORE_LOGIN[name]
    handler = _AFTER_LOGIN.get(name) or _BY_UID_TOO.get(name)
    if handler is None or not session.logged_in:
        raise Malformed("Unknown command" if session.logged_in else "Log in first")
    return handler
