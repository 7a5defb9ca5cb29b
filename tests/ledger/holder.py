"""A worker in a process of its own, for tests that kill it: ``python -m tests.ledger.holder URL DEED``."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from itertools import count

from tests.ledger.samples import CASE, key, waiting
from worker.ledger import Ledger
from worker.outcome import Delivered

THREADS = 4


def hold(ledger: Ledger) -> None:
    """Take the lease and one delivery, say so, and never let go."""
    assert ledger.acquire("support", 600)
    assert ledger.claim(key(), 600)
    print("held", flush=True)
    time.sleep(600)


def write(ledger: Ledger) -> None:
    """Enter one slot after the other from several threads; print each UID once the ledger has said it is durable."""
    numbers, out = count(1), threading.Lock()

    def one() -> None:
        while True:
            with out:
                uid = next(numbers)
            ledger.enter(waiting(uid))
            with out:
                print(uid, flush=True)

    for _ in range(THREADS):
        threading.Thread(target=one, daemon=True).start()
    time.sleep(600)


def race(ledger: Ledger) -> None:
    """Claim and settle many deliveries from several threads, each thread all of them; print what was won."""
    won: list[str] = []

    def one() -> None:
        for number in range(40):
            claim = ledger.claim(key(f"race-{number}"))
            if claim:
                assert ledger.settle(claim, Delivered(CASE))
                won.append(claim.key)

    print("ready", flush=True)
    sys.stdin.readline()
    threads = [threading.Thread(target=one) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(" ".join(won), flush=True)


def opens(ledger: Ledger) -> None:
    """Do nothing: opening was the deed."""
    print(ledger.born_at.isoformat(), flush=True)


DEEDS: dict[str, Callable[[Ledger], None]] = {"hold": hold, "write": write, "race": race, "opens": opens}

if __name__ == "__main__":
    DEEDS[sys.argv[2]](Ledger.open(sys.argv[1]))
