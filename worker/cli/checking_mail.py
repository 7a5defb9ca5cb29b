"""What `check` says of one mailbox: reach it, log in, look at the folder; nothing is marked or moved."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

from connectors.contract import Finding, Severity
from worker.cli.opening import mailboxes_of
from worker.cli.printing import iso, span
from worker.mailbox import Mailbox, MailboxError, Profile
from worker.settings import MailboxSettings, Settings

#: More mail than this, waiting at the first poll, is likely not meant to become cases.
BACKLOG_MESSAGES = 500
_SOON_S = 24 * 3600.0


def mailbox_findings(settings: Settings, name: str, spool: Path) -> Iterator[Finding]:
    """Reach, capabilities, what ``processed`` will do, and the backlog."""
    section = settings.mailboxes[name]
    try:
        with mailboxes_of(settings, spool, name) as (mailbox,):
            profile = mailbox.open()
            yield _reached(section, profile)
            yield _capabilities(profile)
            yield _marks(mailbox, profile)
            yield _push(section, profile)
            yield from _token(section)
            yield _backlog(mailbox, section)
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


def _token(section: MailboxSettings) -> Iterator[Finding]:
    """How long the bearer token is good for, when it is of the kind that says so (RFC 7519 section 4.1.4)."""
    if section.oauth is None or section.oauth.token is None:
        return
    left_s = _seconds_left(section.oauth.token.get_secret_value())
    if left_s is None:
        return
    good = left_s > _SOON_S
    cure = "" if good else f"put a fresh token into {section.oauth.token_env} before then"
    yield Finding(Severity.OK if good else Severity.WARNING, f"the bearer token ends in {span(left_s)}", cure)


def _seconds_left(token: str) -> float | None:
    """Until the end of a JSON Web Token; None for any other token."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        ends = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
        return float(ends) - time.time()
    except (ValueError, TypeError, KeyError):
        return None


def _push(section: MailboxSettings, profile: Profile) -> Finding:
    if section.push and not profile.idle:
        return Finding(Severity.OK, "new mail is noticed at the next poll, since the server has no IDLE")
    return Finding(Severity.OK, "new mail is noticed at once (IDLE)" if section.push else "push is off: polls only")


def _backlog(mailbox: Mailbox, section: MailboxSettings) -> Finding:
    uids = mailbox.unmarked()
    since = f" received since {section.since}" if section.since else ""
    if not uids:
        return Finding(Severity.OK, f"no mail{since} waits")
    oldest = mailbox.describe(uids[:1])
    fact = f"{len(uids)} messages{since} wait" + (f", the oldest from {iso(oldest[0].received_at)}" if oldest else "")
    if len(uids) <= BACKLOG_MESSAGES or section.since:
        return Finding(Severity.OK, fact)
    cure = (
        f"set mailboxes.{mailbox.name}.since to a date to leave earlier mail alone, unless all of it shall become cases"
    )
    return Finding(Severity.WARNING, fact, cure)
