"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    _begin()
    _mailboxes()
    _deliveries()
    _conversations()


def _text(name: str, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=False)


def _begin() -> None:
    op.create_table("meta", _text("name", key=True), _text("value"))
    op.create_table(
        "leases",
        _text("name", key=True),
        _text("owner"),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("until_s", sa.Double, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at_s", sa.Double, nullable=False),
        _text("kind"),
        sa.Column("identity", sa.Text, index=True),
        sa.Column("key", sa.Text, index=True),
        sa.Column("mailbox", sa.Text),
        _text("detail"),
    )


def _mailboxes() -> None:
    op.create_table(
        "folders",
        _text("mailbox", key=True),
        _text("folder", key=True),
        sa.Column("uidvalidity", sa.BigInteger, nullable=False),
        sa.Column("mark", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "messages",
        _text("identity", key=True),
        sa.Column("message_id_hash", sa.Text, nullable=False, index=True),
        sa.Column("author_hash", sa.Text, nullable=False, index=True),
        sa.Column("subject_hash", sa.Text, nullable=False, index=True),
        sa.Column("received_at_s", sa.Double, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        _text("kind"),
        _text("mailbox"),
        sa.Column("first_seen_s", sa.Double, nullable=False),
    )
    op.create_table(
        "slots",
        _text("mailbox", key=True),
        _text("folder", key=True),
        sa.Column("uidvalidity", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("uid", sa.BigInteger, primary_key=True, autoincrement=False),
        _text("state"),
        sa.Column("strikes", sa.Integer, nullable=False),
        sa.Column("due_at_s", sa.Double),
        sa.Column("identity", sa.Text, sa.ForeignKey("messages.identity"), index=True),
        _text("why"),
        sa.Column("first_seen_s", sa.Double, nullable=False),
        sa.CheckConstraint("state IN ('entered', 'fresh', 'finished', 'deferred', 'held')", name="slots_state"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        _text("key", key=True),
        sa.Column("identity", sa.Text, sa.ForeignKey("messages.identity"), index=True),
        sa.Column("connector", sa.Text),
        *(_text(name) for name in ("target", "mailbox", "folder")),
        sa.Column("uidvalidity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        *(_text(name) for name in ("route", "trace", "state")),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at_s", sa.Double),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text),
        *(sa.Column(name, sa.Double) for name in ("lease_until_s", "intent_at_s", "earlier_intent_s")),
        *(_text(name) for name in ("case_id", "case_number", "case_url", "why")),
        sa.Column("first_seen_s", sa.Double, nullable=False),
        sa.Column("changed_at_s", sa.Double, nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'delivering', 'deferred', 'held', 'delivered', 'discarded')",
            name="deliveries_state",
        ),
    )
    wanted = sa.text("state NOT IN ('delivered', 'discarded')")
    op.create_index("deliveries_unfinished", "deliveries", ["state"], sqlite_where=wanted, postgresql_where=wanted)
    op.create_index("deliveries_case_number", "deliveries", ["case_number"])


def _conversations() -> None:
    op.create_table(
        "links",
        *(_text(name, key=True) for name in ("connector", "message_id_hash", "case_id")),
        *(_text(name) for name in ("case_number", "case_url")),
        sa.Column("linked_at_s", sa.Double, nullable=False),
    )
    op.create_table("participants", *(_text(name, key=True) for name in ("connector", "case_id", "address_hash")))
    op.create_table(
        "pauses",
        *(_text(name, key=True) for name in ("connector", "bucket")),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.Column("until_s", sa.Double),
        _text("why"),
    )
