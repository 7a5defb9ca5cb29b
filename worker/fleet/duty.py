"""Who watches which mailbox: every worker reckons it alone, and all come to the same answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence


def duties(names: Iterable[str], workers: Sequence[str], worker: str) -> frozenset[str]:
    """The names that fall to ``worker`` among ``workers``: each to one of them.

    Rendezvous hashing (Thaler and Ravishankar, 1998): when a worker comes or goes, only names of its own move.
    """
    return frozenset(name for name in names if max(workers, key=lambda one: _weight(one, name), default="") == worker)


def _weight(worker: str, name: str) -> tuple[bytes, str]:
    digest = hashlib.sha256(f"{worker}\0{name}".encode("utf-8", "surrogatepass")).digest()
    return digest, worker
