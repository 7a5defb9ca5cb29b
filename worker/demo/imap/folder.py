"""One folder: a directory of .eml files with UIDs, flags and MODSEQ, kept in step with what lies on the disk."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from worker.demo.imap import content
from worker.demo.imap.content import Measure, Stamp
from worker.demo.imap.flags import FlagChange, Keywords
from worker.demo.imap.state import Message, State, load, ordered, save

#: A file dropped in counts once it has been left alone for so long: until then somebody may still be writing it.
SETTLE_S = 0.3
#: A directory's modification time is no finer than the kernel's clock tick.
_TICK_NS = 50_000_000


@dataclass(frozen=True)
class Snapshot:
    """A folder at one moment; ``messages`` by UID, ascending."""

    uidvalidity: int
    uidnext: int
    modseq: int
    messages: Mapping[int, Message]


class Folder:
    """Every method may be called from any thread; ``lock`` is the store's."""

    def __init__(self, name: str, path: Path, lock: threading.RLock, fresh_uidvalidity: int) -> None:
        self.name = name
        self.path = path
        self.gone = False
        self.keywords = Keywords()
        self._lock = lock
        saved = load(path) or State(fresh_uidvalidity, 1, 1, ())
        self.uidvalidity, self.uidnext, self.modseq = saved.uidvalidity, saved.uidnext, saved.modseq
        self._messages = {message.uid: message for message in ordered(saved.messages)}
        self._by_file = {message.file_name: message.uid for message in self._messages.values()}
        self._dirty = True
        self._scanned_ns = 0
        self._unsettled = False
        self._suspect = True
        for message in self._messages.values():
            self.keywords.learn(message.flags)
        self._scan(settled_only=False)

    def snapshot(self) -> Snapshot:
        """What the folder holds, as last seen."""
        with self._lock:
            return Snapshot(self.uidvalidity, self.uidnext, self.modseq, dict(self._messages))

    def refresh(self, *, patient: bool = False) -> None:
        """Look at the disk. ``patient`` waits, at most SETTLE_S seconds, for files that are just being written."""
        self._look()
        if patient and self._unsettled:
            time.sleep(SETTLE_S)
            self._look()

    def _look(self) -> None:
        with self._lock:
            try:
                changed_ns = self.path.stat().st_mtime_ns
            except FileNotFoundError:
                self.gone = True
                return
            if changed_ns != self._scanned_ns or self._unsettled or self._suspect:
                self._scan(settled_only=True)
                old_enough = time.time_ns() - changed_ns > _TICK_NS
                self._scanned_ns = changed_ns if old_enough else 0

    def _scan(self, *, settled_only: bool) -> None:
        with os.scandir(self.path) as entries:
            present = {entry.name for entry in entries if is_mail(entry.name) and entry.is_file()}
        lost = [uid for name, uid in self._by_file.items() if name not in present or self._was_edited(name)]
        self._suspect = self._unsettled = False
        self._forget(lost)
        for name in sorted(present - self._by_file.keys()):
            with suppress(OSError):
                stamp = content.stamp_of(self.path / name)
                if settled_only and is_recent(stamp):
                    self._unsettled = True
                else:
                    self._enter(name, stamp, datetime.fromtimestamp(stamp[0] / 1e9, UTC), frozenset())

    def _was_edited(self, name: str) -> bool:
        if not self._suspect:
            return False
        try:
            return content.stamp_of(self.path / name) != self._messages[self._by_file[name]].stamp
        except OSError:
            return True

    def _enter(self, name: str, stamp: Stamp, received_at: datetime, flags: frozenset[str]) -> Message:
        self.modseq += 1
        message = Message(
            uid=self.uidnext,
            file_name=name,
            stamp=stamp,
            modseq=self.modseq,
            received_at=received_at,
            flags=flags,
        )
        self.uidnext += 1
        self._messages[message.uid] = message
        self._by_file[name] = message.uid
        self._dirty = True
        return message

    def _forget(self, uids: Iterable[int]) -> None:
        for uid in uids:
            message = self._messages.pop(uid)
            self._by_file.pop(message.file_name, None)
            self.modseq += 1
            self._dirty = True

    def measure(self, message: Message) -> Measure:
        """Size as served. Raises FileNotFoundError when the file is gone or is not what it was."""
        with self._lock:
            current = self._messages.get(message.uid)
        if current and current.measure:
            return current.measure
        self._require_unchanged(message)
        measured = content.measure(self.path / message.file_name)
        with self._lock:
            if message.uid in self._messages:
                # Not worth writing the state down for: it goes along with the next change.
                self._messages[message.uid] = replace(self._messages[message.uid], measure=measured)
        return measured

    def read(self, message: Message) -> bytes:
        """The whole message as served. Raises FileNotFoundError like ``measure``."""
        self._require_unchanged(message)
        return content.whole(self.path / message.file_name)

    def read_piece(self, message: Message, start: int, count: int) -> bytes:
        """A piece of a message without bare line feeds. Raises FileNotFoundError like ``measure``."""
        self._require_unchanged(message)
        return content.piece(self.path / message.file_name, start, count)

    def _require_unchanged(self, message: Message) -> None:
        if content.stamp_of(self.path / message.file_name) != message.stamp:
            self._suspect = True
            raise FileNotFoundError

    def add(self, raw: bytes, flags: frozenset[str] = frozenset(), received_at: datetime | None = None) -> Message:
        """Write a new message; it is on the disk when this returns. Raises OSError, Refused (too many keywords)."""
        with self._lock:
            known = self.keywords.admit(flags)
            path = content.write(self.path, self.free_name(), raw)
            stamp = content.stamp_of(path)
            return self._enter(path.name, stamp, received_at or datetime.now(UTC), known)

    def free_name(self, wanted: str = "") -> str:
        """A file name that nothing here has: ``wanted`` when it is free."""
        if wanted and not (self.path / wanted).exists():
            return wanted
        return f"{wanted.removesuffix('.eml') or time.time_ns()}-{secrets.token_hex(4)}.eml"

    def change_flags(self, uids: Iterable[int], change: FlagChange) -> tuple[list[Message], list[int]]:
        """Messages as they are now, and the UIDs left alone because they changed since. Raises Refused."""
        touched: list[Message] = []
        left_alone: list[int] = []
        with self._lock:
            flags = self.keywords.known(change.flags) if change.mode == "-" else self.keywords.admit(change.flags)
            change = replace(change, flags=flags)
            for message in [self._messages[uid] for uid in uids if uid in self._messages]:
                if change.unchanged_since is not None and message.modseq > change.unchanged_since:
                    left_alone.append(message.uid)
                else:
                    touched.append(self._with_flags(message, change.applied(message.flags)))
        return touched, left_alone

    def _with_flags(self, message: Message, flags: frozenset[str]) -> Message:
        if flags == message.flags:
            return message
        self.modseq += 1
        self._dirty = True
        changed = self._messages[message.uid] = replace(message, flags=flags, modseq=self.modseq)
        return changed

    def expunge(self, uids: Iterable[int]) -> list[int]:
        """Delete the files of these messages; gives those that were there. Raises OSError."""
        with self._lock:
            present = [uid for uid in uids if uid in self._messages]
            for uid in present:
                (self.path / self._messages[uid].file_name).unlink(missing_ok=True)
                self._forget([uid])
            return present

    def move_to(self, target: Folder, uids: Iterable[int]) -> list[tuple[int, int]]:
        """Move what is still here; gives old and new UIDs. Raises OSError, Refused (too many keywords there)."""
        moved = []
        with self._lock:
            for message in [self._messages[uid] for uid in uids if uid in self._messages]:
                source = self.path / message.file_name
                if not source.exists():
                    self._suspect = True
                    continue
                flags = target.keywords.admit(message.flags)
                name = target.free_name(message.file_name)
                source.rename(target.path / name)
                moved.append((message.uid, target._enter(name, message.stamp, message.received_at, flags).uid))
                self._forget([message.uid])
        return moved

    def renumber(self, uidvalidity: int) -> None:
        """Start anew, as a server does that lost its index: new UIDVALIDITY, UIDs from 1, no flags."""
        with self._lock:
            self.uidvalidity = uidvalidity
            self.uidnext = 1
            self._messages.clear()
            self._by_file.clear()
            self._scan(settled_only=False)

    def save(self) -> None:
        """Write down what a client may have been told, when anything changed. Raises OSError."""
        with self._lock:
            self.gone = self.gone or not self.path.is_dir()
            if self._dirty and not self.gone:
                save(self.path, State(self.uidvalidity, self.uidnext, self.modseq, tuple(self._messages.values())))
                self._dirty = False


def is_mail(file_name: str) -> bool:
    """Whether a file of this name is a message; temporary and hidden files are not."""
    return file_name.lower().endswith(".eml") and not file_name.startswith(".")


def is_recent(stamp: Stamp) -> bool:
    """Whether the file was written so lately that more may come. A date in the future says nothing."""
    return 0 <= time.time_ns() - stamp[0] < SETTLE_S * 1e9
