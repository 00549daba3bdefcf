"""The audit: every decision by a person, append only"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

from models.migrations.appending import allow_changes, only_append

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_what", "audit", ["what"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
    only_append("audit")


def downgrade() -> None:
    """Take back."""
    allow_changes("audit")
    op.drop_table("audit")
