"""The verbs over the ledger: status, held, show, where, retry, discard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from worker.cli import shapes, standing
from worker.cli.opening import (
    EXIT_SETTINGS,
    EXIT_UNREACHABLE,
    complain,
    configure_log,
    ledger_or_exit,
    settings_or_exit,
)
from worker.cli.printing import iso, print_json, print_table, short, span
from worker.ledger import DeliveryRow, DeliveryState, Event, Ledger, LedgerError, Trail
from worker.settings import Settings

_EXIT_UNKNOWN = 1
_KEY = re.compile(r"[0-9a-f]{1,40}")
_RETRIED: tuple[DeliveryState, ...] = ("held", "deferred")
_DISCARDED: tuple[DeliveryState, ...] = ("held", "deferred", "pending")


def status(path: Path, *, as_json: bool) -> int:
    """Where everything stands. 1 when something is stuck."""
    with _opened(path) as (settings, ledger):
        seen = standing.look(settings, ledger)
    if as_json:
        print_json(standing.as_json(seen))
    else:
        standing.show(seen)
    return 1 if seen.stuck else 0


def held(path: Path, *, as_json: bool) -> int:
    """What waits for a person, oldest first."""
    with _opened(path) as (_, ledger):
        rows = ledger.held()
    if as_json:
        print_json({"held": [shapes.of_delivery(row) for row in rows]})
    else:
        print_table(
            ("key", "mailbox", "connector", "since", "attempts", "why"),
            ((short(row.key), row.mailbox, row.connector, span(row.age_s), row.attempts, row.why) for row in rows),
        )
    return 0


def show(path: Path, key: str, *, as_json: bool) -> int:
    """One delivery and its events."""
    with _opened(path) as (_, ledger):
        (row,) = _rows_or_exit(ledger, (key,))
        events = ledger.events_of(row.key)
    if as_json:
        print_json({"delivery": shapes.of_delivery(row), "events": [shapes.of_event(event) for event in events]})
        return 0
    print_table(("what", "value"), _described(row))
    print()
    _print_events(events)
    return 0


def where(path: Path, query: str, *, as_json: bool) -> int:
    """Every step of the messages that fit the question. 1 when there are none."""
    with _opened(path) as (_, ledger):
        trails = ledger.where(query)
    if not trails:
        complain(
            "where: the ledger knows no mail by that sender, subject, Message-ID, case number or key; "
            "a sender or subject has to be given in full"
        )
        return _EXIT_UNKNOWN
    if as_json:
        print_json({"trails": [shapes.of_trail(trail) for trail in trails]})
        return 0
    for number, trail in enumerate(trails):
        if number:
            print()
        _print_trail(trail)
    return 0


def retry(path: Path, keys: Sequence[str], *, everything: bool, as_json: bool) -> int:
    """Make held or deferred mail due at the next poll: all of the keys, or none when one of them is wrong."""
    if bool(keys) == everything:
        complain("retry: give either keys, as `held` shows them, or --all")
        return EXIT_SETTINGS
    with _opened(path) as (_, ledger):
        rows = ledger.deliveries_in(*_RETRIED) if everything else _rows_or_exit(ledger, keys)
        _refuse_unless(rows, _RETRIED, "retry")
        count = ledger.retry([row.key for row in rows])
    if as_json:
        print_json({"retried": count, "keys": [row.key for row in rows]})
    else:
        print(f"retried={count}")
    return 0


def discard(path: Path, keys: Sequence[str], *, as_json: bool) -> int:
    """End deliveries without a case: all of the keys, or none when one of them is wrong."""
    with _opened(path) as (_, ledger):
        rows = _rows_or_exit(ledger, keys)
        _refuse_unless(rows, _DISCARDED, "discard")
        done = [row.key for row in rows if ledger.discard(row.key)]
    overtaken = [row.key for row in rows if row.key not in done]
    complain(*(f"discard: {short(key)} is being delivered at this moment; look again with show" for key in overtaken))
    if as_json:
        print_json({"discarded": len(done), "keys": done})
    else:
        print(f"discarded={len(done)}")
    return _EXIT_UNKNOWN if overtaken else 0


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Settings, Ledger]]:
    """Settings and ledger; what goes wrong with either is one line and an exit code."""
    settings = settings_or_exit(path)
    configure_log(verbose=False, facts=True)
    with ledger_or_exit(settings) as ledger:
        try:
            yield settings, ledger
        except LedgerError as error:
            complain(error)
            raise typer.Exit(EXIT_UNREACHABLE) from None


def one_delivery(ledger: Ledger, key: str) -> DeliveryRow | str:
    """The delivery whose key begins so, or what is wrong with the question."""
    wanted = key.strip().lower()
    rows = ledger.find(wanted) if _KEY.fullmatch(wanted) else []
    exact = [row for row in rows if row.key == wanted] or rows
    if not exact:
        return f"no delivery has a key that begins with {key!r}; `mail-to-case held` and `where` show keys"
    if len(exact) > 1:
        return f"{key!r} begins several keys ({', '.join(short(row.key) for row in exact[:5])}); give more of it"
    return exact[0]


def _rows_or_exit(ledger: Ledger, keys: Iterable[str]) -> list[DeliveryRow]:
    """The deliveries of these keys, each once; every wrong key on stderr, and exit 1."""
    found = [one_delivery(ledger, key) for key in dict.fromkeys(keys)]
    wrong = [answer for answer in found if isinstance(answer, str)]
    if wrong:
        complain(*wrong)
        raise typer.Exit(_EXIT_UNKNOWN)
    return list({row.key: row for row in found if not isinstance(row, str)}.values())


def _refuse_unless(rows: Iterable[DeliveryRow], states: Sequence[str], verb: str) -> None:
    """Exit 1 when a delivery stands where this verb means nothing."""
    wrong = [row for row in rows if row.state not in states]
    if wrong:
        complain(*(f"{verb}: {short(row.key)} is {_stands(row)}; nothing was changed" for row in wrong))
        raise typer.Exit(_EXIT_UNKNOWN)


def _stands(row: DeliveryRow) -> str:
    if row.state == "delivered" and row.case:
        return f"delivered already, as case {row.case.number}"
    return "due at the next poll already" if row.state == "pending" else f"{row.state} already"


def _described(row: DeliveryRow) -> list[tuple[str, object]]:
    return [
        ("key", row.key),
        ("state", row.state),
        ("why", row.why),
        ("mailbox", row.mailbox),
        ("slot", row.slot),
        ("connector", row.connector),
        ("case", row.case and " ".join(filter(None, (row.case.number, row.case.url)))),
        ("route", row.route),
        ("trace", row.trace),
        ("attempts", row.attempts),
        ("in doubt", "yes: an attempt may have reached the CRM" if row.in_doubt else "no"),
        ("first seen", iso(row.first_seen_at)),
        ("changed", iso(row.changed_at)),
        ("next attempt", iso(row.next_attempt_at)),
        ("message", row.identity),
    ]


def _print_trail(trail: Trail) -> None:
    print(f"mailbox {trail.mailbox}, received {iso(trail.received_at) or 'at an unknown time'}")
    print_table(
        ("key", "state", "connector", "case", "why"),
        ((short(row.key), row.state, row.connector, row.case and row.case.number, row.why) for row in trail.deliveries),
    )
    _print_events(trail.events)


def _print_events(events: Iterable[Event]) -> None:
    print_table(
        ("time", "step", "key", "detail"),
        ((iso(event.at), event.kind, short(event.key or ""), event.detail) for event in events),
    )
