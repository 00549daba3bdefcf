"""What people say of mails in the tip inbox"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "tip_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("tip_decision", schema=None) as batch_op:
        batch_op.create_index("tip_decision_of", ["source", "source_id"], unique=False)


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("tip_decision", schema=None) as batch_op:
        batch_op.drop_index("tip_decision_of")
    op.drop_table("tip_decision")
