"""The automatic answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row for each message that was, or would have been, answered by a machine."""
    op.create_table(
        "replies",
        sa.Column("key", sa.Text, primary_key=True, nullable=False),
        *(_text(name) for name in ("identity", "template", "connector", "case_id", "recipient_hash", "domain_hash")),
        *(_text(name) for name in ("state", "call", "owner", "why")),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.Column("changed_at_s", sa.Double, nullable=False),
        sa.CheckConstraint("state IN ('sending', 'sent', 'failed', 'unsure', 'suppressed')", name="replies_state"),
    )
    for columns in (["recipient_hash", "at_s"], ["domain_hash", "at_s"], ["connector", "case_id"], ["at_s"]):
        op.create_index(f"replies_{columns[0]}", "replies", columns)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
