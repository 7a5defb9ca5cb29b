"""Commands about folders: list, make, remove, open, close, and what they hold."""

from __future__ import annotations

from datetime import UTC, datetime

from worker.demo.imap import names
from worker.demo.imap.errors import Malformed, Refused
from worker.demo.imap.faults import Action
from worker.demo.imap.flags import SEEN, flags, is_keyword
from worker.demo.imap.folder import Folder
from worker.demo.imap.grammar import Command, Text, Value, listed, quoted, string, word
from worker.demo.imap.session import KEYWORDS, Session
from worker.demo.imap.view import View, folder_flags

_STATUS_ITEMS = ("MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "HIGHESTMODSEQ")


def _name(command: Command, at: int = 0) -> str:
    if len(command.arguments) <= at:
        raise Malformed("A folder name is missing")
    return names.folder_name(string(command.arguments[at]))


def _open(session: Session, name: str) -> Folder:
    if not session.store.exists(name):
        raise Refused("[TRYCREATE] No such folder")
    return session.store.folder(name)


def namespace(session: Session, _command: Command) -> str:
    """RFC 2342"""
    session.untagged('NAMESPACE (("" "/")) NIL NIL')
    return "NAMESPACE completed"


def list_folders(session: Session, command: Command) -> str:
    """LIST and LSUB (RFC 3501 §6.3.8, §6.3.9); every folder counts as subscribed. CHILDREN: RFC 3348."""
    if len(command.arguments) != 2:
        raise Malformed("A reference and a pattern are needed")
    reference, wanted = (string(value) for value in command.arguments)
    if not wanted:
        session.untagged(f'{command.name} (\\Noselect) "/" ""')
        return f"{command.name} completed"
    present = session.store.names()
    pattern = names.decode((reference + wanted)[:1000])
    for name in present:
        if names.matches(pattern, name):
            has_children = name != names.INBOX and any(other.startswith(name + "/") for other in present)
            attribute = "\\HasChildren" if has_children else "\\HasNoChildren"
            coded = quoted(names.encode(name))
            session.wire.send(f'* {command.name} ({attribute}) "/" '.encode() + coded + b"\r\n")
    return f"{command.name} completed"


def subscribe(session: Session, command: Command) -> str:
    """RFC 3501 §6.3.6; nothing to do, since LSUB shows every folder."""
    session.store.folder(_name(command))
    return "SUBSCRIBE completed"


def unsubscribe(_session: Session, _command: Command) -> str:
    """RFC 3501 §6.3.7"""
    raise Refused("[CANNOT] Every folder is subscribed here")


def create(session: Session, command: Command) -> str:
    """RFC 3501 §6.3.3; a trailing delimiter only says that more will come below."""
    if not command.arguments:
        raise Malformed("A folder name is missing")
    session.store.create(names.folder_name(string(command.arguments[0]).removesuffix(b"/")))
    return "CREATE completed"


def delete(session: Session, command: Command) -> str:
    """RFC 3501 §6.3.4"""
    session.store.delete(_name(command))
    return "DELETE completed"


def rename(session: Session, command: Command) -> str:
    """RFC 3501 §6.3.5"""
    session.store.rename(_name(command), _name(command, 1))
    return "RENAME completed"


def status(session: Session, command: Command) -> str:
    """RFC 3501 §6.3.10"""
    if len(command.arguments) != 2:
        raise Malformed("A folder name and items are needed")
    folder = session.store.folder(_name(command))
    wanted = [word(value) for value in listed(command.arguments[1])]
    if not wanted or not set(wanted) <= set(_STATUS_ITEMS):
        raise Malformed("Unknown STATUS item")
    if "HIGHESTMODSEQ" in wanted:
        session.use_condstore()
    folder.refresh(patient=True)
    figures = _figures(folder)
    items = " ".join(f"{item} {figures[item]}" for item in wanted)
    coded = quoted(names.encode(folder.name))
    session.wire.send(b"* STATUS " + coded + f" ({items})\r\n".encode())
    return "STATUS completed"


def _figures(folder: Folder) -> dict[str, int]:
    now = folder.snapshot()
    unseen = sum(SEEN not in message.flags for message in now.messages.values())
    values = (len(now.messages), 0, now.uidnext, now.uidvalidity, unseen, now.modseq)
    return dict(zip(_STATUS_ITEMS, values, strict=True))


def select(session: Session, command: Command) -> str:
    """SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2); ``(CONDSTORE)`` after the name: RFC 7162 §3.1.8."""
    if not command.arguments:
        raise Malformed("A folder name is missing")
    options = [word(option) for option in (listed(command.arguments[1]) if len(command.arguments) > 1 else ())]
    if not set(options) <= {"CONDSTORE"}:
        raise Malformed("Unknown option")
    # A SELECT that fails leaves nothing selected (RFC 3501 §6.3.1).
    session.view = None
    if options:
        session.use_condstore()
    name = _name(command)
    folder = session.store.folder(name)
    folder.refresh(patient=True)
    view = session.view = View(folder, read_only=command.name == "EXAMINE")
    _describe(session, view)
    return ("[READ-ONLY] " if view.read_only else "[READ-WRITE] ") + f"{command.name} completed"


def _describe(session: Session, view: View) -> None:
    now = view.snapshot()
    session.untagged("FLAGS " + folder_flags(view.folder))
    session.untagged(f"{len(view.uids)} EXISTS")
    session.untagged("0 RECENT")
    seen = {uid for uid, message in now.messages.items() if SEEN in message.flags}
    unseen = next((n for n, uid in enumerate(view.uids, 1) if uid not in seen), 0)
    if unseen:
        session.untagged(f"OK [UNSEEN {unseen}] First unseen")
    session.untagged(f"OK [PERMANENTFLAGS {_permanent(session, view)}] Flags that are kept")
    session.untagged(f"OK [UIDVALIDITY {now.uidvalidity}] UIDs are valid")
    session.untagged(f"OK [UIDNEXT {now.uidnext}] Next UID")
    if session.service.offers("CONDSTORE"):
        session.untagged(f"OK [HIGHESTMODSEQ {now.modseq}] Highest")


def _permanent(session: Session, view: View) -> str:
    if view.read_only:
        return "()"
    free = " \\*" if session.service.offers(KEYWORDS) else ""
    return folder_flags(view.folder).removesuffix(")") + free + ")"


def close(session: Session, _command: Command) -> str:
    """RFC 3501 §6.4.2: without a word about it, what is marked \\Deleted goes."""
    view = session.selected
    if not view.read_only:
        marked = [uid for uid, message in view.snapshot().messages.items() if "\\Deleted" in message.flags]
        view.folder.expunge(marked)
    session.view = None
    return "CLOSE completed"


def unselect(session: Session, _command: Command) -> str:
    """RFC 3691"""
    session.view = None
    return "UNSELECT completed"


def append(session: Session, command: Command) -> str:
    """RFC 3501 §6.3.11; APPENDUID: RFC 4315 §3."""
    if not 2 <= len(command.arguments) <= 4:
        raise Malformed("APPEND needs a folder and a message")
    *options, raw = command.arguments[1:]
    if not isinstance(raw, Text) or not raw:
        raise Malformed("The message has to be a literal that is not empty")
    folder = _open(session, _name(command))
    given = flags(listed(options.pop(0))) if options and isinstance(options[0], tuple) else frozenset()
    received_at = _moment(options.pop(0)) if options else None
    if options:
        raise Malformed("Too many arguments")
    message = folder.add(bytes(raw), kept(session, given), received_at)
    code = f"[APPENDUID {folder.uidvalidity} {message.uid}] " if session.service.offers("UIDPLUS") else ""
    return code + "APPEND completed"


def kept(session: Session, given: frozenset[str]) -> frozenset[str]:
    """What the server really stores: without leave for keywords, or by a scripted fault, those are lost."""
    if session.service.offers(KEYWORDS) and Action.DROPPED_KEYWORDS not in session.befallen:
        return given
    return frozenset(flag for flag in given if not is_keyword(flag))


def _moment(value: Value) -> datetime:
    try:
        text = string(value).decode("ascii").strip()
        return datetime.strptime(text, "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed("Invalid date") from error
