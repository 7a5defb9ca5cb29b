"""What a well-behaved IMAP server answers: one folder of mails, held in memory. Base of ScriptedImap."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field

CAPABILITIES = "IMAP4rev1 ID IDLE MOVE UIDPLUS"


@dataclass
class Mail:
    """One message of the folder."""

    body: bytes = b"Subject: hi\r\n\r\nhello\r\n"
    flags: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    #: what RFC822.SIZE says; None: the truth
    announced: int | None = None
    date: str = "21-Nov-2026 10:00:00 +0900"


@dataclass
class Line:
    """One command as it came."""

    tag: str
    #: such as "SELECT" or "UID FETCH"
    name: str
    arguments: str


class ImapFolder:
    """The commands; each takes the line as it came and returns the bytes to send, TAG for its tag."""

    def __init__(self, mails: dict[int, Mail], capabilities: str) -> None:
        self.mails, self.capabilities = mails, capabilities
        self.permanent = r"\Seen \Answered \Flagged \Deleted \Draft \*"
        self.uidvalidity = 7
        #: folder name to the mails that were copied or moved there
        self.folders: dict[str, list[Mail]] = {"Processed": []}
        #: keywords are accepted and forgotten
        self.drops_keywords = False
        #: the tag of the latest command, of each connection (each has its own thread)
        self.latest = threading.local()
        #: every line received, without its end
        self.lines: list[bytes] = []

    def usual(self, line: Line) -> bytes:
        """The answer of a server without faults."""
        handler = getattr(self, f"_do_{line.name.lower().replace(' ', '_')}", None)
        answer: bytes = handler(line) if handler else b"TAG OK done\r\n"
        return answer

    def _do_capability(self, _: Line) -> bytes:
        return f"* CAPABILITY {self.capabilities}\r\nTAG OK done\r\n".encode()

    def _do_authenticate(self, _: Line) -> bytes:
        return b"+ \r\n"

    def _do_select(self, _: Line) -> bytes:
        return (
            f"* {len(self.mails)} EXISTS\r\n* FLAGS ({self.permanent})\r\n"
            f"* OK [PERMANENTFLAGS ({self.permanent})] kept\r\n"
            f"* OK [UIDVALIDITY {self.uidvalidity}] valid\r\n* OK [UIDNEXT {max(self.mails, default=0) + 1}] next\r\n"
            "TAG OK [READ-WRITE] done\r\n"
        ).encode()

    def _do_list(self, line: Line) -> bytes:
        name = line.arguments.split(" ", 1)[1].strip('"')
        there = name in self.folders or name == "INBOX"
        return (f'* LIST () "/" "{name}"\r\n' if there else "").encode() + b"TAG OK done\r\n"

    def _do_create(self, line: Line) -> bytes:
        self.folders[line.arguments.strip('"')] = []
        return b"TAG OK done\r\n"

    def _do_idle(self, _: Line) -> bytes:
        return b"+ idling\r\n"

    def _do_done(self, _: Line) -> bytes:
        return f"{self.latest.tag} OK idle ended\r\n".encode()

    def _do_response(self, _: Line) -> bytes:
        return f"{self.latest.tag} OK welcome\r\n".encode()

    def _do_uid_search(self, line: Line) -> bytes:
        found = [uid for uid, mail in sorted(self.mails.items()) if self._matches(uid, mail, line.arguments)]
        return f"* SEARCH {' '.join(map(str, found))}".rstrip().encode() + b"\r\nTAG OK done\r\n"

    def _matches(self, uid: int, mail: Mail, criteria: str) -> bool:
        if span := re.search(r"UID (\d+):(\d+|\*)", criteria):
            top = max(self.mails) if span[2] == "*" else int(span[2])
            if not min(int(span[1]), top) <= uid <= max(int(span[1]), top):
                return False
        flags = {flag.lower() for flag in mail.flags}
        without = re.findall(r"UNKEYWORD (\S+)", criteria) + [
            f"\\{word[2:]}" for word in re.findall(r"UN(?:SEEN|DELETED)", criteria)
        ]
        needed = re.findall(r"(?<!UN)KEYWORD (\S+)", criteria)
        return not any(flag.lower() in flags for flag in without) and all(flag.lower() in flags for flag in needed)

    def _chosen(self, numbers: str) -> dict[int, Mail]:
        chosen: dict[int, Mail] = {}
        for part in numbers.split(","):
            first, _, last = part.partition(":")
            chosen |= {uid: mail for uid, mail in self.mails.items() if int(first) <= uid <= int(last or first)}
        return dict(sorted(chosen.items()))

    def _do_uid_fetch(self, line: Line) -> bytes:
        numbers, items = line.arguments.split(" ", 1)
        order = sorted(self.mails)
        return (
            b"".join(
                b"* %d FETCH (UID %d %s)\r\n" % (order.index(uid) + 1, uid, self._items(mail, items))
                for uid, mail in self._chosen(numbers).items()
            )
            + b"TAG OK done\r\n"
        )

    def _items(self, mail: Mail, items: str) -> bytes:
        parts: list[bytes] = []
        if "FLAGS" in items:
            parts.append(f"FLAGS ({' '.join(sorted(mail.flags))})".encode())
        if "X-GM-LABELS" in items:
            parts.append(("X-GM-LABELS (" + " ".join(f'"{label}"' for label in sorted(mail.labels)) + ")").encode())
        if "SIZE" in items:
            parts.append(b"RFC822.SIZE %d" % (len(mail.body) if mail.announced is None else mail.announced))
        if "INTERNALDATE" in items:
            parts.append(f'INTERNALDATE "{mail.date}"'.encode())
        if span := re.search(r"BODY\.PEEK\[\]<(\d+)\.(\d+)>", items):
            piece = mail.body[int(span[1]) : int(span[1]) + int(span[2])]
            parts.append(b"BODY[]<%s> {%d}\r\n%s" % (span[1].encode(), len(piece), piece))
        return b" ".join(parts)

    def _do_uid_store(self, line: Line) -> bytes:
        numbers, action, values = line.arguments.split(" ", 2)
        words = {word.strip('"').replace("\\\\", "\\") for word in values.strip("()").split()}
        if self.drops_keywords:
            words = {word for word in words if word.startswith("\\")}
        for mail in self._chosen(numbers).values():
            kept = mail.labels if "LABELS" in action else mail.flags
            kept -= words
            if action.startswith("+"):
                kept |= words
        return b"TAG OK done\r\n"

    def _do_uid_copy(self, line: Line) -> bytes:
        numbers, target = line.arguments.split(" ", 1)
        target = target.strip('"')
        if target not in self.folders:
            return b"TAG NO [TRYCREATE] no such folder\r\n"
        self.folders[target] += self._chosen(numbers).values()
        return b"TAG OK done\r\n"

    def _do_uid_move(self, line: Line) -> bytes:
        answer = self._do_uid_copy(line)
        if b" OK " in answer:
            self._remove(self._chosen(line.arguments.split(" ", 1)[0]))
        return answer

    def _do_uid_expunge(self, line: Line) -> bytes:
        self._remove({uid: mail for uid, mail in self._chosen(line.arguments).items() if "\\Deleted" in mail.flags})
        return b"TAG OK done\r\n"

    def _remove(self, mails: dict[int, Mail]) -> None:
        for uid in mails:
            del self.mails[uid]


def parsed(raw: bytes) -> Line:
    """Tag, name and arguments of a command line."""
    words = raw.decode("utf-8", "replace").split(" ")
    if len(words) == 1:
        # DONE, or a SASL response: lines without a tag.
        return Line("", "DONE" if words[0] == "DONE" else "RESPONSE", words[0])
    length = 3 if words[1].upper() == "UID" else 2
    return Line(words[0], " ".join(words[1:length]).upper(), " ".join(words[length:]))
