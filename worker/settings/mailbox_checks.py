"""What can be wrong with a mailbox before its server is asked."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from worker.settings.addresses import domain_key, is_loopback
from worker.settings.model import MailboxSettings
from worker.settings.oauth_checks import oauth_mistakes
from worker.settings.problems import Mistake, nearest
from worker.settings.secrets import variable_mistakes

#: RFC 9051 section 9, flag-keyword = "$..." / atom: printable ASCII without atom-specials
_KEYWORD = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|}~]+")
_HOST = re.compile(r"\[?[\w.:-]+\]?")
_ACTIONS = ("move:FOLDER", "keyword:NAME", "label:NAME", "seen", "delete")
_WITH_NAME = ("move", "keyword", "label")
_REAL_ONLY = ("host", "user", "password_env", "oauth", "ca_file")

Has: TypeAlias = Callable[..., bool]


def mailbox_mistakes(
    mailboxes: Mapping[str, MailboxSettings], has: Has, environ: Mapping[str, str]
) -> Iterator[Mistake]:
    """Every mistake of every mailbox; ``has`` says whether a key was written, right or wrong."""
    for name, mailbox in mailboxes.items():
        yield from _embedded(name, mailbox) if mailbox.embedded else _server(name, mailbox, has, environ)
        yield from _folder(name, mailbox)
        yield from _junk(name, mailbox)
        yield from _processed(name, mailbox)
        yield from _border(name, mailbox)
    yield from _twice(mailboxes)


def _embedded(name: str, mailbox: MailboxSettings) -> Iterator[Mistake]:
    for key in _REAL_ONLY:
        if getattr(mailbox, key):
            cure = f"embedded serves a folder of this machine; leave out {key}, or embedded."
            yield ("mailboxes", name, key), "given beside embedded", cure


def _server(name: str, mailbox: MailboxSettings, has: Has, environ: Mapping[str, str]) -> Iterator[Mistake]:
    path = ("mailboxes", name)
    for key, example in (("host", "imap.example.com"), ("user", "support@example.com")):
        if not getattr(mailbox, key) and not has(*path, key):
            yield (*path, key), "is missing", f'Add {key} = "{example}".'
    if has(*path, "host") and not mailbox.host.strip():
        yield (*path, "host"), "is empty", 'Write the server\'s name: host = "imap.example.com".'
    elif mailbox.host and not _HOST.fullmatch(mailbox.host):
        yield (*path, "host"), f"found {mailbox.host[:80]!r}", "Write only the server's name; the port has its own key."
    if mailbox.security == "plaintext" and mailbox.host and not is_loopback(mailbox.host):
        cure = 'Use security = "tls" or "starttls"; plaintext is for a loopback address only.'
        yield (*path, "security"), f"plaintext to {mailbox.host[:80]!r} would show the password to everyone", cure
    if mailbox.ca_file and not os.access(mailbox.ca_file, os.R_OK):
        yield (*path, "ca_file"), f"{str(mailbox.ca_file)!r} cannot be read", "Name a readable PEM file."
    yield from _credentials(name, mailbox, has, environ)


def _credentials(name: str, mailbox: MailboxSettings, has: Has, environ: Mapping[str, str]) -> Iterator[Mistake]:
    path = ("mailboxes", name)
    if mailbox.password_env and mailbox.oauth:
        yield (*path, "oauth"), "given beside password_env", "Keep one of password_env and oauth."
    if not any(has(*path, key) for key in ("password_env", "oauth", "password")):
        cure = 'Add password_env = "NAME" of the environment variable that holds the password, or a table oauth.'
        yield (*path, "password_env"), "is missing", cure
    if mailbox.password_env is not None:
        yield from variable_mistakes((*path, "password_env"), mailbox.password_env, environ)
    if mailbox.oauth:
        yield from oauth_mistakes(name, mailbox.oauth, has, environ)


def _junk(name: str, mailbox: MailboxSettings) -> Iterator[Mistake]:
    if mailbox.junk is None:
        return
    path = ("mailboxes", name, "junk")
    if not _is_folder(mailbox.junk):
        yield path, f"found {mailbox.junk!r}", 'Write a folder\'s name: junk = "Junk".'
    elif _folder_key(mailbox.junk) == _folder_key(mailbox.folder):
        yield path, f"{mailbox.junk!r} is the folder that is polled", "Name the server's junk folder, or leave it out."
    elif mailbox.processed == f"move:{mailbox.junk}":
        yield path, f"processed mail is moved to {mailbox.junk!r}", "Name another folder in processed."


def _folder(name: str, mailbox: MailboxSettings) -> Iterator[Mistake]:
    if not _is_folder(mailbox.folder):
        yield ("mailboxes", name, "folder"), f"found {mailbox.folder!r}", 'Write a folder\'s name: folder = "INBOX".'


def _processed(name: str, mailbox: MailboxSettings) -> Iterator[Mistake]:
    path = ("mailboxes", name, "processed")
    action, _, target = mailbox.processed.partition(":")
    if action in _WITH_NAME and not target:
        yield (
            path,
            f"found {mailbox.processed!r}",
            f"Name the {'folder' if action == 'move' else action}: {action}:NAME.",
        )
    elif action not in _WITH_NAME and mailbox.processed not in _ACTIONS:
        close = nearest(action, [known.partition(":")[0] for known in _ACTIONS])
        yield path, f"found {mailbox.processed[:80]!r}", f"Write one of {', '.join(_ACTIONS)}. {close}"
    elif action == "move" and _folder_key(target) == _folder_key(mailbox.folder):
        yield path, f"moves to {target!r}, the folder that is polled", "Name another folder than folder."
    elif action in ("move", "label") and not _is_folder(target):
        yield path, f"found {mailbox.processed[:80]!r}", "The name may not hold control characters."
    elif action == "keyword" and not _KEYWORD.fullmatch(target):
        cure = 'A keyword is ASCII without spaces and without ( ) { } % * " \\ [ ], and starts with no backslash.'
        yield path, f"{target[:80]!r} is no keyword that IMAP allows", cure


def _border(name: str, mailbox: MailboxSettings) -> Iterator[Mistake]:
    for host in mailbox.trusted_border:
        if not _HOST.fullmatch(host.removeprefix("*.")):
            cure = "Write names as they stand after 'by' in Received fields, such as mx.example.com."
            yield ("mailboxes", name, "trusted_border"), f"found {host[:80]!r}", cure


def _twice(mailboxes: Mapping[str, MailboxSettings]) -> Iterator[Mistake]:
    seen: dict[tuple[object, ...], str] = {}
    for name, mailbox in mailboxes.items():
        if not (mailbox.embedded or mailbox.host):
            continue
        first = seen.setdefault(_account(mailbox), name)
        if first != name:
            cure = "Keep one of the two, or give them different folders."
            yield ("mailboxes", name), f"the same account and folder as mailboxes.{first}", cure


def _account(mailbox: MailboxSettings) -> tuple[object, ...]:
    """Equal for two mailboxes that are the same place, whatever way in they take."""
    if mailbox.embedded:
        return str(mailbox.embedded.absolute()), _folder_key(mailbox.folder)
    return domain_key(mailbox.host), mailbox.user.casefold(), _folder_key(mailbox.folder)


def _folder_key(folder: str) -> str:
    """INBOX is the one folder name without regard to case (RFC 9051 section 5.1)."""
    return "INBOX" if folder.upper() == "INBOX" else folder


def _is_folder(name: str) -> bool:
    return bool(name.strip()) and name.isprintable()
