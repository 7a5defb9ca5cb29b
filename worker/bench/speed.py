"""The benchmark: the worker beside a floor, an idle poll, and peak memory, all on a real Dovecot and the local desk."""

from __future__ import annotations

import base64
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from worker.bench.dovecot import Dovecot, Options
from worker.bench.gauge import Cost, measure
from worker.bench.idle import Idle, idle
from worker.bench.mails import SUPPORT, mails
from worker.bench.place import USERS, Place

ROUNDS = 3
BACKLOG_MAILS = 10_000
IDLE_MAILS = 50_000
BIG_OCTETS = 100 * 2**20
#: seconds between two looks at the memory, where memory is what is measured
_SAMPLE_S = 0.05


@dataclass(frozen=True)
class Flow:
    """Medians over the rounds. ``ratio``: the worker's mails a second by the floor's."""

    mails: int
    mib: float
    floor_mails_s: float
    worker_mails_s: float
    ratio: float
    floor_cpu_s_1000: float
    worker_cpu_s_1000: float
    peak_mib: float


@dataclass(frozen=True)
class Memory:
    """Worker and parser child together, at the worst moment."""

    mails: int
    mib: float
    wall_s: float
    peak_mib: float
    largest_process_mib: float


def bench(count: int, folder: Path | None, *, as_json: bool) -> int:
    """Run the parts that BENCH_PARTS names (flow, idle, backlog, big; all when unset) and print the figures."""
    wanted = (os.environ.get("BENCH_PARTS") or ",".join(_parts(count))).split(",")
    unknown = sorted(set(wanted) - set(_parts(count)))
    if unknown:
        print(f"BENCH_PARTS: {', '.join(unknown)} unknown (there are: {', '.join(_parts(count))})", file=sys.stderr)
        return 2
    figures: dict[str, Mapping[str, float]] = {}
    with _place(folder) as place:
        for name in wanted:
            figures[name] = asdict(_parts(count)[name](place))
            if not as_json:
                _print(name, figures[name])
    if as_json:
        print(json.dumps(figures))
    return 0


def _parts(count: int) -> dict[str, Callable[[Place], Flow | Idle | Memory]]:
    return {
        "flow": lambda place: flow(place, count),
        "idle": lambda place: idle(place, IDLE_MAILS),
        "backlog": lambda place: backlog(place, BACKLOG_MAILS),
        "big": lambda place: big(place, BIG_OCTETS),
    }


def flow(place: Place, count: int) -> Flow:
    """Mailbox to desk, and the floor, in turns on the same mail."""
    octets = _fill(place, "flow", count)
    _floor(place, count)
    rounds = [(_floor(place, count), _worker(place, "flow", count)) for _ in range(ROUNDS)]
    floors, workers = zip(*rounds, strict=True)
    floor_s, worker_s = (statistics.median(cost.wall_s for cost in costs) for costs in (floors, workers))
    return Flow(
        mails=count,
        mib=octets / 2**20,
        floor_mails_s=count / floor_s,
        worker_mails_s=count / worker_s,
        ratio=floor_s / worker_s,
        floor_cpu_s_1000=statistics.median(cost.cpu_s for cost in floors) * 1000 / count,
        worker_cpu_s_1000=statistics.median(cost.cpu_s for cost in workers) * 1000 / count,
        peak_mib=max(cost.peak_mib for cost in workers),
    )


def backlog(place: Place, count: int) -> Memory:
    """Peak memory of one ``once`` over a long backlog."""
    octets = _fill(place, "backlog", count)
    return _memory(_worker(place, "backlog", count, _SAMPLE_S), count, octets)


def big(place: Place, octets: int) -> Memory:
    """Peak memory of one ``once`` over a single huge mail."""
    place.dovecot.fill("big", [_huge(octets)])
    return _memory(_worker(place, "big", 1, _SAMPLE_S), 1, octets)


def _memory(cost: Cost, count: int, octets: int) -> Memory:
    return Memory(count, octets / 2**20, cost.wall_s, cost.peak_mib, cost.largest_mib)


def _fill(place: Place, user: str, count: int) -> int:
    """Octets of the mails put into the mailbox."""
    octets = 0

    def counted() -> Iterator[bytes]:
        nonlocal octets
        for mail in mails(count):
            octets += len(mail.raw)
            yield mail.raw

    place.dovecot.fill(user, counted())
    return octets


def _floor(place: Place, count: int) -> Cost:
    cost = measure(place.floor("flow"), place.environ())
    if cost.code or int(cost.stdout) != count:
        raise RuntimeError(f"the floor did not read {count} mails: {cost.stdout}{cost.stderr}")
    return cost


def _worker(place: Place, user: str, count: int, sample_s: float = 0.25) -> Cost:
    """One ``once`` from a full mailbox to an empty desk; then the mail is put back."""
    cost = measure(place.once(place.settings(user)), place.environ(), sample_s)
    delivered = sum(box["delivered"] for box in json.loads(cost.stdout)["mailboxes"]) if cost.stdout else 0
    if cost.code or delivered != count or place.put_back(user) != count:
        raise RuntimeError(f"{count} mails, {delivered} delivered, exit {cost.code}: {cost.stderr[-2000:]}")
    return cost


def _huge(octets: int) -> bytes:
    """One mail of about that size: a text and a file."""
    head = (
        f"From: Ann <ann@post.example>\r\nTo: {SUPPORT}\r\nSubject: huge\r\nMessage-ID: <huge@post.example>\r\n"
        'Content-Type: multipart/mixed; boundary="huge"\r\n\r\n--huge\r\n\r\n[ref huge]\r\n--huge\r\n'
        'Content-Disposition: attachment; filename="huge.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    line = base64.b64encode(bytes(range(57))) + b"\r\n"
    return head.encode() + line * (octets // len(line)) + b"--huge--\r\n"


@contextmanager
def _place(folder: Path | None) -> Iterator[Place]:
    """A Dovecot in ``folder``, or in a temporary one that is removed at the end."""
    root = folder or Path(tempfile.mkdtemp(prefix="mail-to-case-bench-"))
    root.mkdir(parents=True, exist_ok=True)
    # As root we start Dovecot for another user, who must be able to enter.
    root.chmod(0o755)
    try:
        with Dovecot(root / "dovecot", Options(users=USERS)) as dovecot:
            yield Place(dovecot, root)
    finally:
        if folder is None:
            shutil.rmtree(root, ignore_errors=True)


def _print(name: str, figures: Mapping[str, float]) -> None:
    print(name)
    for key, value in figures.items():
        print(f"  {key:<20} {value:>12,.2f}" if isinstance(value, float) else f"  {key:<20} {value:>12,}")
    sys.stdout.flush()
