"""Alembic's entry: runs migrations on the connection that ``models.storage.store.upgrade`` opened."""

from typing import Literal

from alembic import context
from sqlmodel import AutoString, SQLModel, UTCDateTime

import models.storage.tables  # noqa: F401 - fills the metadata


def render_type(kind: str, value: object, _context: object) -> str | Literal[False]:
    """Write SQLModel's own types into a migration the way it imports them."""
    if kind == "type" and isinstance(value, AutoString):
        length = getattr(value.impl, "length", None)
        return f"sa.String(length={length})" if length else "sa.String()"
    if kind == "type" and isinstance(value, UTCDateTime):
        return "UTCDateTime()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render_type,
)
with context.begin_transaction():
    context.run_migrations()
