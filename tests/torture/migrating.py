"""Databases at an earlier revision, to be brought up to date under fire."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config

import models
from models.storage.store import open_engine, writing

_MIGRATIONS = Path(models.__file__).parent / "migrations"


def list_revisions() -> list[str]:
    """Return the numbers of all migrations, oldest first."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def make_at(root: Path, revision: str | None) -> None:
    """Make a folder with a SQLite database as it was at a revision; without one when that is None."""
    root.mkdir(parents=True)
    if revision is None:
        return
    engine = open_engine(f"sqlite:///{root / 'koll.db'}")
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def read_schema(root: Path) -> list[tuple[object, ...]]:
    """Return everything that the database of a folder is made of."""
    with sqlite3.connect(root / "koll.db") as connection:
        made = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        return [*made, *connection.execute("SELECT version_num FROM alembic_version").fetchall()]
