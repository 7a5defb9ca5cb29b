"""Commands before and beside the mailbox: who is there, what the server can do, and goodbye."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable

from worker.demo.imap.errors import Gone, Malformed, Refused
from worker.demo.imap.grammar import Command, string, word
from worker.demo.imap.session import Session

MAX_FAILED_LOGINS = 5

#: user and secret out of what a SASL mechanism sends; None when it is not of that form
Reader = Callable[[bytes], tuple[bytes, bytes] | None]

_XOAUTH2 = re.compile(rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", re.IGNORECASE)
_OAUTHBEARER = re.compile(rb"n,a=([^,\x01]*),\x01(?:[^\x01]*\x01)*?auth=Bearer ([^\x01]*)\x01\x01", re.IGNORECASE)
#: RFC 7628 §3.2.2
_TOKEN_REFUSED = base64.b64encode(b'{"status":"invalid_token"}')


def capability(session: Session, _command: Command) -> str:
    """RFC 3501 §6.1.1"""
    session.untagged("CAPABILITY " + session.service.capabilities)
    return "CAPABILITY completed"


def noop(session: Session, command: Command) -> str:
    """NOOP and CHECK (RFC 3501 §6.1.2, §6.4.1): a look at the disk; the news follow every command."""
    if session.view:
        session.view.folder.refresh(patient=True)
    return f"{command.name} completed"


def logout(session: Session, _command: Command) -> str:
    """RFC 3501 §6.1.3"""
    session.untagged("BYE See you")
    session.view = None
    session.ending = True
    return "LOGOUT completed"


def identify(session: Session, _command: Command) -> str:
    """RFC 2971; what the client says of itself is not kept."""
    session.untagged('ID ("name" "mail-to-case test mailbox")')
    return "ID completed"


def enable(session: Session, command: Command) -> str:
    """RFC 5161"""
    wanted = [word(value) for value in command.arguments]
    if not wanted:
        raise Malformed("ENABLE needs a capability")
    known = "CONDSTORE" in wanted and session.service.offers("CONDSTORE")
    if known:
        session.use_condstore()
    session.untagged("ENABLED" + (" CONDSTORE" if known else ""))
    return "ENABLE completed"


def login(session: Session, command: Command) -> str:
    """RFC 3501 §6.2.3"""
    if len(command.arguments) != 2:
        raise Malformed("LOGIN needs user and password")
    return _admit(session, string(command.arguments[0]), string(command.arguments[1]))


def authenticate(session: Session, command: Command) -> str:
    """RFC 3501 §6.2.2, initial response RFC 4959; a bearer token is the password itself."""
    if not command.arguments:
        raise Malformed("AUTHENTICATE needs a mechanism")
    mechanism = word(command.arguments[0])
    read = _MECHANISMS.get(mechanism)
    if read is None or not session.service.offers("AUTH=" + mechanism):
        raise Refused("[CANNOT] Unknown mechanism")
    first = string(command.arguments[1]) if len(command.arguments) > 1 else _ask(session, b"")
    pair = read(_unwrapped(first))
    if pair is None:
        raise Malformed("Not what the mechanism sends")
    if mechanism != "PLAIN" and not _is_right(session, *pair):
        _ask(session, _TOKEN_REFUSED)
    return _admit(session, *pair)


def _ask(session: Session, challenge: bytes) -> bytes:
    session.wire.send(b"+ " + challenge + b"\r\n")
    session.wire.flush()
    answer = session.wire.read_line()
    if answer == b"*":
        raise Malformed("AUTHENTICATE given up")
    return answer


def _unwrapped(coded: bytes) -> bytes:
    try:
        return b"" if coded == b"=" else base64.b64decode(coded, validate=True)
    except binascii.Error as error:
        raise Malformed("Not base64") from error


def _plain(response: bytes) -> tuple[bytes, bytes] | None:
    pieces = response.split(b"\0")
    return (pieces[1], pieces[2]) if len(pieces) == 3 else None


def _by(pattern: re.Pattern[bytes]) -> Reader:
    def read(response: bytes) -> tuple[bytes, bytes] | None:
        match = pattern.fullmatch(response)
        return (match[1], match[2]) if match else None

    return read


_MECHANISMS: dict[str, Reader] = {"PLAIN": _plain, "XOAUTH2": _by(_XOAUTH2), "OAUTHBEARER": _by(_OAUTHBEARER)}


def _is_right(session: Session, user: bytes, secret: bytes) -> bool:
    service = session.service
    same_user = hmac.compare_digest(user, service.user.encode())
    return hmac.compare_digest(secret, service.password.encode()) and same_user


def _admit(session: Session, user: bytes, secret: bytes) -> str:
    if _is_right(session, user, secret):
        session.logged_in = True
        return f"[CAPABILITY {session.service.capabilities}] Logged in"
    session.failed_logins += 1
    if session.failed_logins >= MAX_FAILED_LOGINS:
        raise Gone("Too many failed logins")
    raise Refused("[AUTHENTICATIONFAILED] Wrong user or password")
