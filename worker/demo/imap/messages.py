"""Commands about messages: fetch, mark, copy, move, search, remove."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from worker.demo.imap import fetch as items_of
from worker.demo.imap import names, sets
from worker.demo.imap.errors import Malformed, Refused
from worker.demo.imap.fetch import Items
from worker.demo.imap.flags import DELETED, SEEN, FlagChange, flags
from worker.demo.imap.folder import Folder
from worker.demo.imap.folders import kept
from worker.demo.imap.grammar import Command, Value, listed, number, string, word
from worker.demo.imap.search import Query
from worker.demo.imap.session import Session
from worker.demo.imap.state import Message
from worker.demo.imap.view import View

#: Of source and target folder and UIDs; gives old and new UIDs.
Transfer = Callable[[Folder, Folder, list[int]], list[tuple[int, int]]]


def fetch(session: Session, command: Command) -> str:
    """RFC 3501 §6.4.5; CHANGEDSINCE: RFC 7162 §3.1.4."""
    view = session.selected
    if not 2 <= len(command.arguments) <= 3:
        raise Malformed("FETCH needs a sequence set and items")
    wanted = items_of.items(command.arguments[1])
    picked = view.pick(sets.ranges(command.arguments[0]), by_uid=command.by_uid)
    if len(command.arguments) == 3:
        since = _modifier(session, command.arguments[2], "CHANGEDSINCE")
        picked = [(n, message) for n, message in picked if message.modseq > since]
        wanted = wanted.also("MODSEQ")
    if "MODSEQ" in wanted.plain:
        session.use_condstore()
    if wanted.marks_seen and not view.read_only:
        picked = _mark_seen(view, picked)
        wanted = wanted.also("FLAGS")
    return _answer(session, picked, wanted.also("UID") if command.by_uid else wanted)


def _mark_seen(view: View, picked: list[tuple[int, Message]]) -> list[tuple[int, Message]]:
    touched, _ = view.folder.change_flags([message.uid for _, message in picked], FlagChange("+", frozenset({SEEN})))
    view.leave_unspoken(touched)
    return [(view.sequence_of(message.uid), message) for message in touched]


def _answer(session: Session, picked: list[tuple[int, Message]], wanted: Items) -> str:
    vanished = 0
    for n, message in picked:
        try:
            answer = items_of.answer(session, message, wanted)
        except FileNotFoundError:
            vanished += 1
            continue
        session.wire.send(b"* %d FETCH " % n + answer + b"\r\n")
    return ("[EXPUNGEISSUED] Some are gone, " if vanished else "") + "FETCH completed"


def _modifier(session: Session, value: Value, name: str) -> int:
    words = listed(value)
    if len(words) != 2 or word(words[0]) != name:
        raise Malformed("Unknown modifier")
    session.use_condstore()
    return number(words[1])


def store(session: Session, command: Command) -> str:
    """RFC 3501 §6.4.6; UNCHANGEDSINCE: RFC 7162 §3.1.3."""
    view = session.writable
    if len(command.arguments) < 3:
        raise Malformed("STORE needs a sequence set, an item and flags")
    wanted, *rest = command.arguments
    since = _modifier(session, rest.pop(0), "UNCHANGEDSINCE") if isinstance(rest[0], tuple) else None
    if len(rest) < 2:
        raise Malformed("STORE needs an item and flags")
    mode, silent = _mode(rest[0])
    given = flags(listed(rest[1]) if isinstance(rest[1], tuple) else rest[1:])
    picked = view.pick(sets.ranges(wanted), by_uid=command.by_uid)
    # Told first, so that what others did is not lost among the changes that are our own.
    session.announce(expunges=False)
    change = FlagChange(mode, kept(session, given), since)
    touched, left_alone = view.folder.change_flags([message.uid for _, message in picked], change)
    _report(session, view, touched, silent=silent)
    shown = left_alone if command.by_uid else [view.sequence_of(uid) for uid in left_alone]
    return (f"[MODIFIED {sets.compact(shown)}] " if shown else "") + "STORE completed"


def _mode(value: Value) -> tuple[str, bool]:
    name = word(value)
    item = name.lstrip("+-")
    mode = name.removesuffix(item)
    if item not in ("FLAGS", "FLAGS.SILENT") or len(mode) > 1:
        raise Malformed("Unknown STORE item")
    return mode, item.endswith(".SILENT")


def _report(session: Session, view: View, touched: list[Message], *, silent: bool) -> None:
    view.leave_unspoken(touched)
    for message in touched:
        if not silent:
            session.untagged(view.flags_line(message, condstore=session.condstore))
        elif session.condstore:
            n = view.sequence_of(message.uid)
            session.untagged(f"{n} FETCH (UID {message.uid} MODSEQ ({message.modseq}))")


def copy(session: Session, command: Command) -> str:
    """RFC 3501 §6.4.7; COPYUID: RFC 4315 §3."""
    return _copyuid(session, command, session.selected, session.store.copy) + "COPY completed"


def move(session: Session, command: Command) -> str:
    """RFC 6851; what another connection has moved meanwhile is not moved again."""
    code = _copyuid(session, command, session.writable, session.store.move)
    if code:
        session.untagged(f"OK {code}Moved")
    return "MOVE completed"


def _copyuid(session: Session, command: Command, view: View, transfer: Transfer) -> str:
    if len(command.arguments) != 2:
        raise Malformed("A sequence set and a folder are needed")
    picked = view.pick(sets.ranges(command.arguments[0]), by_uid=command.by_uid)
    name = names.folder_name(string(command.arguments[1]))
    if not session.store.exists(name):
        raise Refused("[TRYCREATE] No such folder")
    target = session.store.folder(name)
    target.refresh()
    done = transfer(view.folder, target, [message.uid for _, message in picked])
    if not done or not session.service.offers("UIDPLUS"):
        return ""
    old, new = (sets.compact(uids) for uids in zip(*done, strict=True))
    return f"[COPYUID {target.uidvalidity} {old} {new}] "


def expunge(session: Session, command: Command) -> str:
    """RFC 3501 §6.4.3; with UIDs: RFC 4315 §2.1."""
    view = session.writable
    if command.by_uid != (len(command.arguments) == 1) or len(command.arguments) > 1:
        raise Malformed("EXPUNGE takes nothing, UID EXPUNGE a sequence set")
    if command.by_uid and not session.service.offers("UIDPLUS"):
        raise Malformed("Unknown command")
    everything = ((1, 0),)
    wanted = sets.ranges(command.arguments[0]) if command.by_uid else everything
    picked = view.pick(wanted, by_uid=True)
    view.folder.expunge([message.uid for _, message in picked if DELETED in message.flags])
    return "EXPUNGE completed"


def search(session: Session, command: Command) -> str:
    """RFC 3501 §6.4.4"""
    view = session.selected
    view.folder.refresh(patient=True)
    session.announce(expunges=command.by_uid)
    query = Query(session, command.arguments)
    test = query.test()
    now = view.snapshot().messages
    found: list[tuple[int, Message]] = []
    for n, uid in enumerate(view.uids, 1):
        # A message that goes while we look was not found.
        with suppress(FileNotFoundError):
            if uid in now and test(n, now[uid]):
                found.append((n, now[uid]))
    numbers = [message.uid if command.by_uid else n for n, message in found]
    highest = max((message.modseq for _, message in found), default=0)
    suffix = f" (MODSEQ {highest})" if query.uses_modseq and found else ""
    session.untagged(" ".join(["SEARCH", *map(str, numbers)]) + suffix)
    return "SEARCH completed"
