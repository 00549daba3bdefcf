"""What names the rows of a file, so that the same in another file are known"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
    op.add_column("parsed", sa.Column("contents", sa.String(32)))


def downgrade() -> None:
    """Take back."""
    op.drop_column("parsed", "contents")
