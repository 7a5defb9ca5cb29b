"""The tables, and the ways their states may change.

Times are seconds since 1970 by the database's clock (``…_s``). No body, subject, name or address is kept:
what has to be found again is kept as a keyed hash (``…_hash``).

A slot, where a message lies:

    (no row) ─enter─► entered ─record─► fresh ─conclude─► finished ─forget─► (no row)
                         │                └──conclude──► deferred ─due─► entered …
                         └──hold_unrouted / conclude──► held ─retry─► fresh

    ``strikes`` counts the entries since the last orderly exit (record or conclude). A slot that is ``entered``
    was in the hands of a poll that never came back. ``finished`` is only ever written by conclude, or by an
    operator's discard once every delivery of the message is final.

A delivery, one message on its way to one connector:

    (no row) ─record─► pending ─claim─► delivering ─settle─► delivered | discarded              (final)
                          ▲                 │ ▲  └─settle─► held ─retry─► pending, ─discard─► discarded
                          │                 │ └──claim─── deferred, once due
                          └──────retry──────┼──────────────┘
                                            └─ lease run out, holder gone or in doubt: claimed again, find first

    ``delivering`` is the written intent. ``intent_at_s`` is the time of the attempt whose effect is unknown;
    ``earlier_intent_s`` keeps the time of the doubt that the present holder took over. A doubt ends with a
    final state only, so that a failed question to the CRM cannot end it. An operator's retry of a doubtful
    one only makes it due.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

from worker.ledger.clock import NowS

#: The Alembic revision these tables stand at.
HEAD = "0003"
VERSION_TABLE = "ledger_version"
#: States in which a delivery still wants something done.
UNFINISHED = ("pending", "delivering", "deferred", "held")

metadata = MetaData()

#: The pepper of the hashes, when the ledger was begun, and by which version of the program it was last changed.
meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    # "" once it has been released; the row stays, so that the fence never starts again.
    Column("owner", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until_s", Double, nullable=False),
)

folders = Table(
    "folders",
    metadata,
    Column("mailbox", Text, primary_key=True),
    Column("folder", Text, primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("mark", BigInteger, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("identity", Text, primary_key=True),
    Column("message_id_hash", Text, nullable=False, index=True),
    Column("author_hash", Text, nullable=False, index=True),
    Column("subject_hash", Text, nullable=False, index=True),
    Column("received_at_s", Double, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mailbox", Text, nullable=False),
    Column("first_seen_s", Double, nullable=False, default=NowS()),
)

slots = Table(
    "slots",
    metadata,
    Column("mailbox", Text, primary_key=True),
    Column("folder", Text, primary_key=True),
    Column("uidvalidity", BigInteger, primary_key=True, autoincrement=False),
    Column("uid", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("strikes", Integer, nullable=False),
    # NULL: at once
    Column("due_at_s", Double),
    Column("identity", Text, ForeignKey("messages.identity"), index=True),
    Column("why", Text, nullable=False, default=""),
    Column("first_seen_s", Double, nullable=False, default=NowS()),
    CheckConstraint("state IN ('entered', 'fresh', 'finished', 'deferred', 'held')", name="slots_state"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("key", Text, primary_key=True),
    # NULL: held before the message was read
    Column("identity", Text, ForeignKey("messages.identity"), index=True),
    # NULL: held before a route was found
    Column("connector", Text),
    Column("target", Text, nullable=False, default=""),
    Column("mailbox", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("route", Text, nullable=False, default=""),
    Column("trace", Text, nullable=False, default=""),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    # NULL: at once
    Column("due_at_s", Double),
    Column("fence", BigInteger, nullable=False, default=0),
    # NULL: in nobody's hands
    Column("owner", Text),
    Column("lease_until_s", Double),
    Column("intent_at_s", Double),
    Column("earlier_intent_s", Double),
    Column("case_id", Text, nullable=False, default=""),
    Column("case_number", Text, nullable=False, default=""),
    Column("case_url", Text, nullable=False, default=""),
    Column("why", Text, nullable=False, default=""),
    Column("first_seen_s", Double, nullable=False, default=NowS()),
    Column("changed_at_s", Double, nullable=False, default=NowS()),
    CheckConstraint(
        "state IN ('pending', 'delivering', 'deferred', 'held', 'delivered', 'discarded')", name="deliveries_state"
    ),
)
#: A query has to say this in so many words for the index to be used.
IS_UNFINISHED = text("state NOT IN ('delivered', 'discarded')")
Index("deliveries_unfinished", deliveries.c.state, sqlite_where=IS_UNFINISHED, postgresql_where=IS_UNFINISHED)
Index("deliveries_case_number", deliveries.c.case_number)

#: Append-only: what happened, beside the states that only say where things stand.
events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at_s", Double, nullable=False, default=NowS()),
    Column("kind", Text, nullable=False),
    Column("identity", Text, index=True),
    Column("key", Text, index=True),
    Column("mailbox", Text),
    Column("detail", Text, nullable=False, default=""),
    implicit_returning=False,
)

#: Which messages a case holds.
links = Table(
    "links",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("message_id_hash", Text, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("case_number", Text, nullable=False),
    Column("case_url", Text, nullable=False),
    Column("linked_at_s", Double, nullable=False, default=NowS()),
    Index("links_case", "connector", "case_id"),
)

#: Who takes part in a case.
participants = Table(
    "participants",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("address_hash", Text, primary_key=True),
)

pauses = Table(
    "pauses",
    metadata,
    Column("connector", Text, primary_key=True),
    # "" is the whole connector
    Column("bucket", Text, primary_key=True),
    Column("since_s", Double, nullable=False, default=NowS()),
    # NULL: until a person acts
    Column("until_s", Double),
    Column("why", Text, nullable=False),
)

#: Automatic answers: of each message at most one, ever. A row that says ``sending`` was written before the sending
#: began, and is never sent again: ``sending`` becomes sent, failed (surely not sent) or unsure, and so it stays.
replies = Table(
    "replies",
    metadata,
    Column("key", Text, primary_key=True),
    Column("identity", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("recipient_hash", Text, nullable=False),
    Column("domain_hash", Text, nullable=False),
    Column("state", Text, nullable=False),
    # names the one call that may send it
    Column("call", Text, nullable=False, default=""),
    Column("owner", Text, nullable=False, default=""),
    Column("why", Text, nullable=False, default=""),
    Column("at_s", Double, nullable=False, default=NowS()),
    Column("changed_at_s", Double, nullable=False, default=NowS()),
    CheckConstraint("state IN ('sending', 'sent', 'failed', 'unsure', 'suppressed')", name="replies_state"),
    Index("replies_recipient_hash", "recipient_hash", "at_s"),
    Index("replies_domain_hash", "domain_hash", "at_s"),
    Index("replies_connector", "connector", "case_id"),
    Index("replies_at_s", "at_s"),
)
