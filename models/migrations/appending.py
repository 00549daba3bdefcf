"""Tables that only grow: triggers that make the database itself refuse to change or remove a row, on both engines."""

from alembic import op

_SQLITE = (
    "CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append only'); END"
)
_FUNCTION = (
    "CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION '{table} is append only'; END $$"
)
_POSTGRES = "CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
_VERBS = ("update", "delete")


def only_append(table: str) -> None:
    """Let ``table`` take new rows and nothing else. A migration that rebuilds the table must say it again."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in _VERBS:
            op.execute(_SQLITE.format(table=table, verb=verb))
        return
    op.execute(_FUNCTION.format(table=table))
    for verb in _VERBS:
        op.execute(_POSTGRES.format(table=table, verb=verb))


def allow_changes(table: str) -> None:
    """Take the triggers away again."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for verb in _VERBS:
        op.execute(f"DROP TRIGGER {table}_{verb}" + ("" if sqlite else f" ON {table}"))
    if not sqlite:
        op.execute(f"DROP FUNCTION {table}_append_only()")
