"""An index over versions that were closed: what was taken from a member's counts since a mail is found at once"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    closed = sa.text("recorded_to IS NOT NULL")
    op.create_index("complaint_closed", "complaint", ["recorded_to"], sqlite_where=closed, postgresql_where=closed)


def downgrade() -> None:
    """Take back."""
    op.drop_index("complaint_closed", "complaint")
