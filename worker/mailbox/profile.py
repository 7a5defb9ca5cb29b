"""What one server and folder can do, how processed mail is marked there, and whether the two go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from worker.mailbox.errors import Declined, LoginRefused, MailboxError, Refused, Unreachable, read_only
from worker.mailbox.oauth.refusals import cure_of

if TYPE_CHECKING:
    from worker.mailbox.session import Session

#: set on every message whose case is proven, before the operator's own mark, wherever the server keeps keywords
KEYWORD = "$MailToCase"
Kind = Literal["move", "keyword", "label", "seen", "delete"]
_NOT_IN_ATOMS = frozenset('(){%*"\\] ')


@dataclass(frozen=True)
class Processed:
    """The operator's mark for mail whose case is proven."""

    kind: Kind
    #: folder, keyword or label; "" for seen and delete
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Processed:
        """From the form of settings.toml, such as ``move:Processed``. Raises ValueError with the cure."""
        kind, _, name = text.partition(":")
        for known in get_args(Kind):
            if kind == known and bool(name.strip()) == (known not in ("seen", "delete")):
                _check_name(known, name)
                return cls(known, name)
        raise ValueError(f"{text!r} is none of move:FOLDER, keyword:NAME, label:NAME, seen, delete")

    @property
    def keyword(self) -> str:
        """The keyword that says "the case is proven"."""
        return self.name if self.kind == "keyword" else KEYWORD


def _check_name(kind: str, name: str) -> None:
    if not name.isprintable():
        raise ValueError(f"{name!r} holds control characters")
    if kind == "keyword" and (not name.isascii() or _NOT_IN_ATOMS & set(name)):
        raise ValueError(f"the keyword {name!r} may hold ASCII letters, digits and signs such as $ - _ only")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Capabilities and state of the selected folder."""

    capabilities: frozenset[str]
    permanent_flags: frozenset[str]
    #: the server keeps our keyword
    keywords: bool
    uidplus: bool
    move: bool
    idle: bool
    condstore: bool
    gmail: bool
    #: no flag at all can be kept here
    read_only: bool
    exists: int
    uidnext: int
    uidvalidity: int


def select(session: Session, folder: str, processed: Processed) -> Profile:
    """Open the folder for reading and marking. Raises Refused when it cannot do what the settings ask, Unreachable."""
    try:
        answer = session.attempt(session.client.select_folder, folder)
    except Declined as no:
        raise _not_selected(session, folder, no) from None
    profile = _profile(session.capabilities, answer, processed)
    session.exists, session.uidvalidity = profile.exists, profile.uidvalidity
    _check(session.name, folder, profile, processed)
    return profile


def _not_selected(session: Session, folder: str, no: Declined) -> MailboxError:
    """A NO often has no code: whether the folder is there at all tells the two cases apart."""
    key = f"mailboxes.{session.name}.folder"
    if cure := cure_of(str(no), session.name):
        return LoginRefused(f"mailboxes.{session.name}: logged in as {session.settings.user!r}, but: {no}; {cure}")
    if no.code == "NOPERM":
        return Refused(f"{key}: user {session.settings.user!r} may not open {folder!r}: {no}; grant the rights lrswte")
    if not no.later and no.code != "CORRUPTION" and not session.call(session.client.folder_exists, folder):
        return Refused(f"{key}: there is no folder {folder!r} on the server: {no}; correct the name or create it")
    return Unreachable(f"{key}: {folder!r} cannot be opened now: {no}")


def _profile(capabilities: frozenset[str], answer: dict[bytes, Any], processed: Processed) -> Profile:
    flags = answer.get(b"PERMANENTFLAGS", answer.get(b"FLAGS", ()))
    permanent = frozenset(flag.decode("ascii", "replace") for flag in flags)
    return Profile(
        capabilities=capabilities,
        permanent_flags=permanent,
        keywords="\\*" in permanent or holds(permanent, processed.keyword),
        uidplus="UIDPLUS" in capabilities,
        move="MOVE" in capabilities,
        idle="IDLE" in capabilities,
        condstore="CONDSTORE" in capabilities,
        gmail="X-GM-EXT-1" in capabilities,
        read_only=not permanent,
        exists=answer.get(b"EXISTS", 0),
        uidnext=answer.get(b"UIDNEXT", 0),
        uidvalidity=answer.get(b"UIDVALIDITY", 0),
    )


def holds(flags: frozenset[str], flag: str) -> bool:
    """Flags and keywords are compared without regard to case (RFC 3501 2.3.2)."""
    return flag.lower() in (other.lower() for other in flags)


def _check(mailbox: str, folder: str, profile: Profile, processed: Processed) -> None:
    if not profile.uidvalidity:
        raise Refused(
            f"mailboxes.{mailbox}.folder: the server gives no UIDVALIDITY for {folder!r}; no mail is safe there"
        )
    if profile.read_only:
        raise read_only(mailbox, folder)
    if complaint := _complaint(profile, processed):
        raise Refused(f"mailboxes.{mailbox}.processed: {complaint}")


def _complaint(profile: Profile, processed: Processed) -> str:
    """Why this folder cannot carry the operator's mark, and the cure; "" if it can."""
    kind, kept = processed.kind, profile.permanent_flags
    if kind == "keyword" and not profile.keywords:
        return f"this server keeps no keywords in the folder, so {processed.name!r} would be lost; use move:FOLDER"
    if kind == "label" and not profile.gmail:
        return "labels exist on Gmail only; use move:FOLDER"
    if kind == "seen" and not (profile.keywords or holds(kept, "\\Seen")):
        return "this folder keeps no \\Seen flag; grant the right s, or use move:FOLDER"
    if kind == "delete" and not holds(kept, "\\Deleted"):
        return "mail cannot be deleted in this folder; grant the rights t and e"
    if kind == "move" and not (profile.move or holds(kept, "\\Deleted")):
        return "mail cannot leave this folder; grant the rights t and e, or use keyword:NAME"
    return ""
