"""The whole mailbox: a directory is INBOX, its subdirectories are further folders."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from pathlib import Path

from worker.demo.imap import names
from worker.demo.imap.errors import Refused
from worker.demo.imap.folder import Folder, is_mail
from worker.demo.imap.state import FILE_NAME

#: 2024 began then: UIDVALIDITY counts tenths of seconds since, and has room in its 32 bits until 2037.
_EPOCH_S = 1_704_067_200


class Store:
    """Folders by name. Every method may be called from any thread; failures of the disk are OSError."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self._lock = threading.RLock()
        self._folders: dict[str, Folder] = {}
        self._last_uidvalidity = 0

    @property
    def inbox(self) -> Folder:
        """The root directory itself."""
        return self.folder(names.INBOX)

    def names(self) -> list[str]:
        """Every folder there is, INBOX first."""
        return names.below(self.root)

    def exists(self, name: str) -> bool:
        """Whether the folder is there."""
        return names.directory(self.root, name).is_dir()

    def folder(self, name: str) -> Folder:
        """Raises Refused when it does not exist."""
        with self._lock:
            path = names.directory(self.root, name)
            known = self._folders.get(name)
            if known and not known.gone and path.is_dir():
                return known
            if not path.is_dir():
                raise Refused("[NONEXISTENT] No such folder")
            opened = self._folders[name] = Folder(name, path, self._lock, self._next_uidvalidity())
            self._last_uidvalidity = max(self._last_uidvalidity, opened.uidvalidity)
            return opened

    def _next_uidvalidity(self) -> int:
        """Higher than any given before, also when folders come and go at once (RFC 3501 §2.3.1.1)."""
        self._last_uidvalidity = max(int((time.time() - _EPOCH_S) * 10), self._last_uidvalidity + 1)
        return self._last_uidvalidity

    def create(self, name: str) -> None:
        """With all folders above it. Raises Refused when it is there already."""
        with self._lock:
            if self.exists(name):
                raise Refused("[ALREADYEXISTS] The folder exists")
            try:
                names.directory(self.root, name).mkdir(parents=True)
            except (FileExistsError, NotADirectoryError) as error:
                raise Refused("[CANNOT] A file of that name is in the way") from error

    def delete(self, name: str) -> None:
        """Raises Refused for INBOX, and where something lies that is not mail: that is not ours to delete."""
        with self._lock:
            folder = self.folder(name)
            if name == names.INBOX:
                raise Refused("[CANNOT] INBOX stays")
            if any(entry.name != FILE_NAME and not is_mail(entry.name) for entry in folder.path.iterdir()):
                raise Refused("[CANNOT] The folder holds other folders or files")
            for entry in folder.path.iterdir():
                entry.unlink()
            folder.path.rmdir()
            self._drop(name)

    def rename(self, old: str, new: str) -> None:
        """With all folders below it; of INBOX only the messages go (RFC 3501 §6.3.5). Raises Refused."""
        with self._lock:
            source = self.folder(old)
            if old == names.INBOX:
                self.create(new)
                source.move_to(self.folder(new), list(source.snapshot().messages))
                return
            if self.exists(new) or new.startswith(old + "/"):
                raise Refused("[ALREADYEXISTS] The folder exists, or would be within itself")
            self.save()
            target = names.directory(self.root, new)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.path.rename(target)
            self._drop(old)

    def _drop(self, name: str) -> None:
        for known in [known for known in self._folders if known == name or known.startswith(name + "/")]:
            self._folders.pop(known).gone = True

    def copy(self, source: Folder, target: Folder, uids: Iterable[int]) -> list[tuple[int, int]]:
        """All or none; gives old and new UIDs. Raises Refused (too many keywords there)."""
        copied: list[tuple[int, int]] = []
        with self._lock:
            messages = source.snapshot().messages
            try:
                for message in [messages[uid] for uid in uids if uid in messages]:
                    raw = (source.path / message.file_name).read_bytes()
                    copied.append((message.uid, target.add(raw, message.flags, message.received_at).uid))
            except (OSError, Refused):
                target.expunge([new for _, new in copied])
                raise
        return copied

    def move(self, source: Folder, target: Folder, uids: Iterable[int]) -> list[tuple[int, int]]:
        """What another session has moved already stays moved; gives old and new UIDs of the others."""
        with self._lock:
            if source is target:
                return [(old, new) for old, new in self.copy(source, target, uids) if source.expunge([old])]
            return source.move_to(target, uids)

    def renumber(self, name: str) -> None:
        """Give the folder a new UIDVALIDITY, as a server does that lost its index."""
        with self._lock:
            self.folder(name).renumber(self._next_uidvalidity())

    def save(self) -> None:
        """Write down every folder that changed."""
        with self._lock:
            for folder in self._folders.values():
                folder.save()
