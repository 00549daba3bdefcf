"""What was believed of one record, and the callers that count, are found at once among millions"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    closed, callers = sa.text("recorded_to IS NOT NULL"), sa.text("band = 'accept' AND role = 'caller'")
    of_record = ["source", "source_id"]
    op.create_index("complaint_versions", "complaint", of_record, sqlite_where=closed, postgresql_where=closed)
    op.create_index(
        "mention_callers", "mention", [*of_record, "member"], sqlite_where=callers, postgresql_where=callers
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("mention_callers", "mention")
    op.drop_index("complaint_versions", "complaint")
