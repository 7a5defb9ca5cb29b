"""The tables of cases that wait, and of what was done about it; a part of the schema."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Double, Index, Integer, Table, Text

from worker.ledger.clock import NowS
from worker.ledger.schema import metadata

#: How far each connector's cases have been read back, on the CRM's clock; NULL: never. ``next_at_s`` is by ours.
cursors = Table(
    "cursors",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("read_until_s", Double),
    Column("next_at_s", Double, nullable=False),
)

#: Open cases in which a customer waits, as their CRM last showed them; who owns one is a keyed hash.
waiting_cases = Table(
    "waiting_cases",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("case_number", Text, nullable=False),
    Column("case_url", Text, nullable=False),
    # of the delivery that opened it
    Column("key", Text, nullable=False),
    Column("opened_at_s", Double, nullable=False),
    Column("first_answer_s", Double),
    Column("last_answer_s", Double),
    Column("last_customer_s", Double),
    Column("status", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("owner_hash", Text, nullable=False),
)

#: Changes made to cases that wait too long. ``applying`` is the written intent; ``deferred`` and ``doubtful`` (it may
#: have happened) are tried again once due; the others are final: applied, rejected, gone (the case is), and moot (the
#: case was answered, closed or changed by a person before it was known what an attempt had done).
escalations = Table(
    "escalations",
    metadata,
    Column("key", Text, primary_key=True),
    Column("connector", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    # of the message that opened the case, if the ledger knows it
    Column("identity", Text),
    Column("rule", Text, nullable=False),
    Column("state", Text, nullable=False),
    # names the one call that may apply it
    Column("call", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    # 1: a field was to become something else, so that reading back can tell whether it did
    Column("provable", Integer, nullable=False),
    # NULL: at once
    Column("due_at_s", Double),
    Column("why", Text, nullable=False, default=""),
    Column("at_s", Double, nullable=False, default=NowS()),
    Column("changed_at_s", Double, nullable=False, default=NowS()),
    CheckConstraint(
        "state IN ('applying', 'applied', 'deferred', 'doubtful', 'rejected', 'gone', 'moot')",
        name="escalations_state",
    ),
    Index("escalations_connector", "connector", "case_id"),
    Index("escalations_at_s", "at_s"),
)
