"""FETCH items: what a client may ask of a message (RFC 3501 §6.4.5), and the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from worker.demo.imap.envelope import envelope
from worker.demo.imap.errors import Malformed
from worker.demo.imap.faults import Action
from worker.demo.imap.flags import written
from worker.demo.imap.grammar import Section, Value, listed, literal, quoted, string, word
from worker.demo.imap.headers import only_fields, split
from worker.demo.imap.session import Session
from worker.demo.imap.state import Message

_MACROS = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
}
_PLAIN = ("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "MODSEQ")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ATOM = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")


@dataclass(frozen=True)
class Body:
    """A piece of the message: ``part`` is empty (all of it), HEADER, TEXT, HEADER.FIELDS or HEADER.FIELDS.NOT."""

    label: bytes
    part: str
    fields: tuple[bytes, ...] = ()
    partial: tuple[int, int] | None = None
    peek: bool = False


@dataclass(frozen=True)
class Items:
    """What one FETCH asks for."""

    plain: tuple[str, ...]
    bodies: tuple[Body, ...] = field(default=())

    @property
    def marks_seen(self) -> bool:
        """Whether asking sets \\Seen."""
        return any(not body.peek for body in self.bodies)

    def also(self, name: str) -> Items:
        """With one more plain item."""
        return self if name in self.plain else Items((name, *self.plain), self.bodies)


_OLD_NAMES = {
    "RFC822": Body(b"RFC822", ""),
    "RFC822.HEADER": Body(b"RFC822.HEADER", "HEADER", peek=True),
    "RFC822.TEXT": Body(b"RFC822.TEXT", "TEXT"),
}


def items(value: Value) -> Items:
    """Raises Malformed."""
    asked = listed(value) if isinstance(value, tuple) else (value,)
    if not asked:
        raise Malformed("FETCH needs an item")
    plain: list[str] = []
    bodies: list[Body] = []
    for one in asked:
        if isinstance(one, Section):
            bodies.append(_body(one))
        elif (name := word(one)) in _OLD_NAMES:
            bodies.append(_OLD_NAMES[name])
        else:
            plain += _MACROS.get(name, (name,))
    if not set(plain) <= set(_PLAIN):
        raise Malformed("Unknown FETCH item")
    return Items(tuple(dict.fromkeys(plain)), tuple(bodies))


def _body(section: Section) -> Body:
    part = word(section.words[0]) if section.words else ""
    takes_fields = part in ("HEADER.FIELDS", "HEADER.FIELDS.NOT")
    if part not in ("", "HEADER", "TEXT") and not takes_fields:
        raise Malformed("Unknown section")
    if len(section.words) != (2 if takes_fields else bool(part)):
        raise Malformed("Unknown section")
    fields = tuple(string(name).upper() for name in listed(section.words[1])) if takes_fields else ()
    label = b"BODY[" + part.encode() + (b" (" + b" ".join(map(_field_name, fields)) + b")" if fields else b"") + b"]"
    if section.partial:
        label += b"<%d>" % section.partial[0]
    return Body(label, part, fields, section.partial, peek=section.name.endswith(b".PEEK"))


def _field_name(name: bytes) -> bytes:
    return name if _ATOM.fullmatch(name) else quoted(name)


def answer(session: Session, message: Message, wanted: Items) -> bytes:
    """``(UID 1 FLAGS () …)`` for one message. Raises FileNotFoundError when it is gone."""
    answers = [name.encode() + b" " + _plain(session, message, name) for name in wanted.plain]
    if wanted.bodies:
        answers += [body.label + b" " + _text(session, message, body) for body in wanted.bodies]
    return b"(" + b" ".join(answers) + b")"


def _plain(session: Session, message: Message, name: str) -> bytes:
    if name == "UID":
        return b"%d" % message.uid
    if name == "FLAGS":
        return written(message.flags).encode("ascii")
    if name == "MODSEQ":
        return b"(%d)" % message.modseq
    if name == "INTERNALDATE":
        at = message.received_at
        return at.strftime(f'"%d-{_MONTHS[at.month - 1]}-%Y %H:%M:%S +0000"').encode()
    if name == "RFC822.SIZE":
        lie = session.befallen.get(Action.LYING_SIZE)
        return b"%d" % (lie.number if lie else session.selected.folder.measure(message).size_bytes)
    return envelope(split(_whole(session, message))[0])


def _text(session: Session, message: Message, body: Body) -> bytes:
    content = _content(session, message, body)
    if Action.NIL_BODY in session.befallen:
        return b"NIL"
    if lie := session.befallen.get(Action.LONG_LITERAL):
        return b"{%d}\r\n%b" % (len(content) + lie.number, content)
    return literal(content)


def _content(session: Session, message: Message, body: Body) -> bytes:
    folder = session.selected.folder
    start, count = body.partial or (0, -1)
    if body.partial and not body.part and not folder.measure(message).bare_lf:
        return folder.read_piece(message, start, count)
    content = _whole(session, message)
    if body.part:
        header, text = split(content)
        content = {"HEADER": header, "TEXT": text}.get(body.part, b"") or _chosen(header, body)
    return content[start : start + count] if body.partial else content


def _chosen(header: bytes, body: Body) -> bytes:
    if not body.fields:
        return b""
    return only_fields(header, body.fields, without=body.part.endswith(".NOT"))


def _whole(session: Session, message: Message) -> bytes:
    """All of it, kept until another one is asked for: a client that reads piece by piece asks often."""
    view = session.selected
    if view.last_read and view.last_read[0] == (message.uid, message.stamp):
        return view.last_read[1]
    content = view.folder.read(message)
    view.last_read = ((message.uid, message.stamp), content)
    return content
