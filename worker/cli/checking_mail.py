"""What `check` says of one mailbox: reach it, log in, look at the folder; nothing is marked or moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.contract import Finding, Severity
from worker.cli.checking_oauth import refusal_findings, token_findings
from worker.cli.opening import mailboxes_of
from worker.cli.printing import iso
from worker.mailbox import Mailbox, MailboxError, Profile
from worker.settings import MailboxSettings, Settings

#: More mail than this, waiting at the first poll, is likely not meant to become cases.
BACKLOG_MESSAGES = 500
#: … and neither is mail that lay there longer than this before a worker ever looked.
OLD = timedelta(days=1)


def mailbox_findings(settings: Settings, name: str, spool: Path, polled: bool = False) -> Iterator[Finding]:
    """Reach, capabilities, what ``processed`` will do, and the backlog."""
    section = settings.mailboxes[name]
    try:
        with mailboxes_of(settings, spool, name) as (mailbox,):
            try:
                profile = mailbox.open()
            except MailboxError as error:
                yield Finding(Severity.STOPS_MAIL, str(error), f"see [mailboxes.{name}]; then check again")
                yield from refusal_findings(section, mailbox, error)
                return
            yield _reached(section, profile)
            yield _capabilities(profile)
            yield _marks(mailbox, profile)
            yield _push(section, profile)
            yield from token_findings(section, mailbox)
            yield _backlog(mailbox, section, polled)
    except MailboxError as error:
        yield Finding(Severity.STOPS_MAIL, str(error), f"see [mailboxes.{name}]; then check again")
    except OSError as error:
        fact = f"the test mailbox cannot be served: {error.strerror or error}"
        yield Finding(Severity.STOPS_MAIL, fact, f"correct mailboxes.{name}.embedded, or allow writing there")


def _reached(section: MailboxSettings, profile: Profile) -> Finding:
    place = f"embedded test mailbox {section.embedded}" if section.embedded else f"{section.host} as {section.user}"
    folder = f"folder {section.folder!r} with {profile.exists} messages, UIDVALIDITY {profile.uidvalidity}"
    return Finding(Severity.OK, f"logged in to {place}; {folder}")


def _capabilities(profile: Profile) -> Finding:
    has = {
        "MOVE": profile.move,
        "UIDPLUS": profile.uidplus,
        "IDLE": profile.idle,
        "CONDSTORE": profile.condstore,
        "keywords": profile.keywords,
        "Gmail": profile.gmail,
    }
    there = ", ".join(name for name, present in has.items() if present) or "none of those we use"
    missing = ", ".join(name for name, present in has.items() if not present and name != "Gmail")
    flags = " ".join(sorted(profile.permanent_flags)) or "none"
    return Finding(
        Severity.OK, f"has {there}{f'; lacks {missing}' if missing else ''}; flags that can be kept: {flags}"
    )


def _marks(mailbox: Mailbox, profile: Profile) -> Finding:
    """What becomes of a message when its case is proven, on this very server."""
    kind, name = mailbox.processed.kind, mailbox.processed.name
    first = f"gets the keyword {mailbox.processed.keyword}, then " if profile.keywords and kind != "keyword" else ""
    way = "is moved (MOVE)" if profile.move else f"is copied, and then {_removal(profile)},"
    words = {
        "move": f"{way} to {name!r}, which is made when it is missing",
        "delete": _removal(profile),
        "keyword": f"gets the keyword {name}",
        "label": f"gets the label {name!r} and leaves the inbox",
        "seen": "is marked as read",
    }
    fact = f"processed mail {first}{words[kind]}"
    if profile.uidplus or kind not in ("move", "delete") or (kind == "move" and profile.move):
        return Finding(Severity.OK, fact)
    cure = 'set processed = "keyword:NAME", which leaves no deleted mail behind' if profile.keywords else ""
    return Finding(Severity.WARNING, fact, cure)


def _removal(profile: Profile) -> str:
    return "is deleted (UID EXPUNGE)" if profile.uidplus else "stays marked as deleted until someone empties the folder"


def _push(section: MailboxSettings, profile: Profile) -> Finding:
    if section.push and not profile.idle:
        return Finding(Severity.OK, "new mail is noticed at the next poll, since the server has no IDLE")
    return Finding(Severity.OK, "new mail is noticed at once (IDLE)" if section.push else "push is off: polls only")


def _backlog(mailbox: Mailbox, section: MailboxSettings, polled: bool) -> Finding:
    """``polled``: the worker knows this mailbox, so what waits there is no history."""
    uids = mailbox.unmarked()
    since = f" received since {section.since}" if section.since else ""
    if not uids:
        return Finding(Severity.OK, f"no mail{since} waits")
    oldest = mailbox.describe(uids[:1])
    fact = f"{len(uids)} messages{since} wait" + (f", the oldest from {iso(oldest[0].received_at)}" if oldest else "")
    now = datetime.now(UTC)
    is_old = bool(oldest) and now - oldest[0].received_at > OLD
    if section.since or polled or (len(uids) <= BACKLOG_MESSAGES and not is_old):
        return Finding(Severity.OK, fact)
    cure = (
        f"set mailboxes.{mailbox.name}.since to a date, as since = {now:%Y-%m-%d}, to leave earlier mail alone, "
        "unless all of it shall become cases"
    )
    return Finding(Severity.WARNING, fact, cure)
