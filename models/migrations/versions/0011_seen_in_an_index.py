"""What a night counts, and what is asked of a source's days, stands in an index whole; questions are found at once"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_COUNTED = "recorded_to IS NULL AND status = 'accepted' AND band = 'accept' AND member IS NOT NULL"
_DOUBTFUL = "recorded_to IS NULL AND band = 'review'"
_CLOSED = "recorded_to IS NOT NULL"
_SOME = (
    ("complaint_figures", "complaint", ["member", "source", "channel", "received_on", "event_on"], _COUNTED),
    ("complaint_doubts", "complaint", ["source", "source_id"], _DOUBTFUL),
    ("mention_doubts", "mention", ["source", "source_id"], _DOUBTFUL),
    ("mention_closed", "mention", ["recorded_to"], _CLOSED),
)
_DAY = ["source", "received_on"]


def upgrade() -> None:
    """Apply."""
    for name, table, columns, condition in _SOME:
        some = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=some, postgresql_where=some)
    op.create_index("event_link_opened", "event_link", ["recorded_from"])
    op.drop_index("complaint_period", "complaint")
    op.create_index("complaint_period", "complaint", [*_DAY, "status", "recorded_to"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("complaint_period", "complaint")
    op.create_index("complaint_period", "complaint", _DAY)
    op.drop_index("event_link_opened", "event_link")
    for name, table, _, _ in reversed(_SOME):
        op.drop_index(name, table)
