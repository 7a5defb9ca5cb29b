"""`simulate`: what new settings would make of the mail that is still there, beside what the present ones make of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from worker.cli.opening import EXIT_SETTINGS, EXIT_UNREACHABLE, complain, configure_log, judge_with, settings_or_exit
from worker.cli.printing import iso, print_json, print_table, say
from worker.cli.rereading import Reread, moment, reread
from worker.judge import Judge, Judgement, would_reply
from worker.ledger import Ledger, LedgerError
from worker.mailbox import MailboxError
from worker.message.guard import Guard, GuardError
from worker.settings import Settings

#: more lines than this are counted, and not shown
MOST_LINES = 10_000
_SUBJECT_CHARS = 60


@dataclass(frozen=True)
class Expected:
    """What settings make of one mail. Two are equal when no case, field or answer would differ."""

    outcome: str
    connectors: tuple[str, ...]
    fields: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    reply: str
    #: said, but not compared: rules may be renumbered without any effect
    route: str = field(compare=False, default="")
    why: str = field(compare=False, default="")

    @property
    def words(self) -> str:
        """As the table says it."""
        fields = dict.fromkeys(f"{key}={value}" for _, values in self.fields for key, value in values)
        where = f" to {', '.join(self.connectors)}" if self.connectors else ""
        what = f" ({', '.join(fields)})" if fields else ""
        return f"{self.outcome}{where}{what}{f', answered by {self.reply}' if self.reply else ''}"


def expected(judgement: Judgement) -> Expected:
    """The outcome by the rules alone; no CRM and no ledger is asked."""
    decision, ruling = judgement.decision, judgement.ruling
    if ruling is None and judgement.connectors:
        fields = tuple((name, tuple(sorted(decision.fields_for(name).items()))) for name in judgement.connectors)
        return Expected("delivered", judgement.connectors, fields, would_reply(judgement), decision.name)
    outcome = type(ruling).__name__.lower() if ruling else "held"
    return Expected(outcome, (), (), "", decision.name, judgement.why_held)


@dataclass(frozen=True)
class Line:
    """One mail under both settings."""

    mailbox: str
    received_at: datetime
    sender: str
    subject: str
    message_id: str
    old: Expected
    new: Expected

    @property
    def differs(self) -> bool:
        """Whether the new settings make something else of it."""
        return self.old != self.new


@dataclass
class Simulation:
    """What came of it: every difference up to MOST_LINES, and all mails in numbers."""

    lines: list[Line] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    mails: int = 0
    differences: int = 0
    same: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Count it, and keep it while there is room: differences drive out what stays the same."""
        self.mails += 1
        self.differences += line.differs
        self.counts[_short(line.old), _short(line.new)] += 1
        kept = self.lines if line.differs else self.same
        if len(self.lines) + len(self.same) < MOST_LINES:
            kept.append(line)
        elif line.differs and self.same:
            self.same.pop()
            kept.append(line)

    @property
    def shown(self) -> list[Line]:
        """Differences first."""
        return [*self.lines, *self.same]


def simulate(new: Path, present: Path, since: str, *, as_json: bool) -> int:
    """Print old and new outcome of each mail. Reads only: no mark, no ledger row, no request to a CRM."""
    settings = settings_or_exit(present), settings_or_exit(new)
    configure_log(verbose=False, facts=True)
    try:
        start = moment(since)
    except ValueError as error:
        complain(f"--since: {error}")
        return EXIT_SETTINGS
    try:
        done = simulated(settings[0], settings[1], start)
    except (MailboxError, GuardError, LedgerError, OSError) as error:
        complain(f"simulate: {error}")
        return EXIT_UNREACHABLE
    if as_json:
        print_json(_json(done))
    else:
        _show(done)
    return 0


def simulated(present: Settings, new: Settings, since: datetime) -> Simulation:
    """Each mail is read once and judged twice. Raises MailboxError, GuardError, LedgerError, OSError."""
    done, guard = Simulation(), Guard(size=2)
    judges = _judge(present), _judge(new)
    try:
        for mail in reread(present, since, guard):
            done.add(_line(mail, *judges))
    finally:
        guard.close()
    return done


def _judge(settings: Settings) -> Judge:
    """With the secret of the ledger, if there is one, so that our own canaries are known."""
    ledger = Ledger.look(settings.worker.database)
    try:
        return judge_with(settings, ledger)
    finally:
        if ledger:
            ledger.close()


def _line(mail: Reread, present: Judge, new: Judge) -> Line:
    message = mail.message
    return Line(
        mailbox=mail.mailbox,
        received_at=message.received_at,
        sender=message.author.address,
        subject=message.subject[:_SUBJECT_CHARS],
        message_id=message.message_id,
        old=expected(present.of(message, mail.mailbox)),
        new=expected(new.of(message, mail.mailbox)),
    )


def _short(one: Expected) -> str:
    where = f" to {', '.join(one.connectors)}" if one.connectors else ""
    return f"{one.outcome}{where}"


def _show(done: Simulation) -> None:
    say(f"{done.mails} mails, of which {done.differences} would end differently; nothing was changed\n")
    print_table(("mails", "old", "new"), ((count, *outcomes) for outcomes, count in done.counts.most_common()))
    say("")
    print_table(("", "received", "mailbox", "from", "subject", "old", "new", "because"), _rows(done))
    if (left_out := done.mails - len(done.shown)) > 0:
        say(f"… and {left_out} more mails, which are in the numbers above")


def _rows(done: Simulation) -> Iterator[tuple[object, ...]]:
    for line in done.shown:
        old, new = line.old, line.new
        because = new.why or new.route
        yield (
            *("→" if line.differs else "=", iso(line.received_at), line.mailbox, line.sender, line.subject),
            *(old.words, new.words, because),
        )


def _json(done: Simulation) -> dict[str, Any]:
    return {
        "mails": done.mails,
        "differences": done.differences,
        "summary": [{"old": old, "new": new, "count": count} for (old, new), count in done.counts.most_common()],
        "lines": [
            {
                "mailbox": line.mailbox,
                "received_at": iso(line.received_at),
                "from": line.sender,
                "subject": line.subject,
                "message_id": line.message_id or None,
                "differs": line.differs,
                "old": expected_json(line.old),
                "new": expected_json(line.new),
            }
            for line in done.shown
        ],
    }


def expected_json(one: Expected) -> dict[str, Any]:
    """The facts of an outcome."""
    return {
        "outcome": one.outcome,
        "connectors": list(one.connectors),
        "fields": {name: dict(values) for name, values in one.fields},
        "reply": one.reply or None,
        "route": one.route or None,
        "why": one.why or None,
    }
