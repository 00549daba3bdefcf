"""Tips are found among millions of other rows at once; rows of no member take no place in the index by member"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_COUNTED = ["member", "source", "received_on"]


def upgrade() -> None:
    """Apply."""
    tips, members = sa.text("kind = 'tip' AND recorded_to IS NULL"), sa.text("member IS NOT NULL")
    op.create_index("complaint_tips", "complaint", ["kind", "member"], sqlite_where=tips, postgresql_where=tips)
    op.drop_index("complaint_counted", "complaint")
    op.create_index("complaint_counted", "complaint", _COUNTED, sqlite_where=members, postgresql_where=members)


def downgrade() -> None:
    """Take back."""
    op.drop_index("complaint_counted", "complaint")
    op.create_index("complaint_counted", "complaint", _COUNTED)
    op.drop_index("complaint_tips", "complaint")
