"""Escalations, what they are decided by, and a way to a case's links for when they are forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATES = "'applying', 'applied', 'deferred', 'doubtful', 'rejected', 'gone', 'moot'"


def upgrade() -> None:
    """Three tables, and an index on links."""
    op.create_index("links_case", "links", ["connector", "case_id"])
    op.create_table(
        "cursors",
        sa.Column("connector", sa.Text, primary_key=True, nullable=False),
        sa.Column("read_until_s", sa.Double),
        sa.Column("next_at_s", sa.Double, nullable=False),
    )
    op.create_table(
        "waiting_cases",
        sa.Column("connector", sa.Text, primary_key=True, nullable=False),
        sa.Column("case_id", sa.Text, primary_key=True, nullable=False),
        *(_text(name) for name in ("case_number", "case_url", "key")),
        sa.Column("opened_at_s", sa.Double, nullable=False),
        *(sa.Column(name, sa.Double) for name in ("first_answer_s", "last_answer_s", "last_customer_s")),
        *(_text(name) for name in ("status", "priority", "queue", "owner_hash")),
    )
    _escalations()


def _escalations() -> None:
    op.create_table(
        "escalations",
        sa.Column("key", sa.Text, primary_key=True, nullable=False),
        *(_text(name) for name in ("connector", "case_id", "case_number")),
        sa.Column("identity", sa.Text),
        *(_text(name) for name in ("rule", "state", "call", "owner")),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("provable", sa.Integer, nullable=False),
        sa.Column("due_at_s", sa.Double),
        _text("why"),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.Column("changed_at_s", sa.Double, nullable=False),
        sa.CheckConstraint(f"state IN ({_STATES})", name="escalations_state"),
    )
    op.create_index("escalations_connector", "escalations", ["connector", "case_id"])
    op.create_index("escalations_at_s", "escalations", ["at_s"])


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
