"""The database opened, brought up to date, refused when it is newer, and written to without touching what is equal."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel

from bench.migrations import fill, list_columns, print_rows
from flows.one_writer import NightUnderWay
from flows.workplace import SecretMissing
from models.storage.store import StoreUnusable, list_revisions, open_engine, require_current, upgrade, upsert, writing
from models.storage.tables import QuarantineItem, Watermark
from tests.demo_world import demo_world


def test_an_empty_database_is_refused_with_the_command_that_makes_it(database_url: str) -> None:
    engine = open_engine(database_url)
    with pytest.raises(StoreUnusable, match="koll init"):
        require_current(engine)
    upgrade(engine)
    require_current(engine)
    upgrade(engine)  # again is harmless
    engine.dispose()


def test_a_newer_database_refuses_to_run_and_is_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (require_current, upgrade):
        with pytest.raises(StoreUnusable, match="newer Medlemskoll"):
            attempt(engine)


def test_the_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    found = inspect(engine)
    for name, table in SQLModel.metadata.tables.items():
        assert {column["name"] for column in found.get_columns(name)} == set(table.columns.keys()), name
        made = {index["name"]: index["column_names"] for index in found.get_indexes(name)}
        ours = {index.name: [column.name for column in index.columns] for index in table.indexes}
        assert ours == {key: made.get(key) for key in ours}, name


@pytest.mark.parametrize("place", [0, -2])
def test_rows_of_an_earlier_schema_are_what_they_were_when_it_is_brought_up_to_date(
    database_url: str, place: int
) -> None:
    made = open_engine(database_url)
    upgrade(made, list_revisions()[place])
    fill(made, 300)
    columns = list_columns(made)
    before = print_rows(made, columns)
    upgrade(made)
    assert print_rows(made, columns) == before
    made.dispose()


def test_a_database_that_does_not_answer_is_told_with_its_address_but_not_its_password(tmp_path: Path) -> None:
    engine = open_engine("postgresql+psycopg://koll@127.0.0.1:1/koll", password="hemligt")
    with pytest.raises(StoreUnusable) as told:
        require_current(engine)
    assert "127.0.0.1:1" in str(told.value) and "hemligt" not in str(told.value)


def quarantined(key: str, reason: str = "odd", draft: dict | None = None) -> dict:
    now = datetime(2026, 8, 26, tzinfo=UTC)
    row = QuarantineItem(
        key=key, source="kv", name="f.csv", code="c", reason=reason, raw_sha256="0" * 64, draft=draft or {},
        first_seen=now, last_seen=now, run_id="r",
    )  # fmt: skip
    return row.model_dump()


def test_an_upsert_writes_what_differs_and_touches_nothing_else(engine: Engine) -> None:
    table = QuarantineItem.__table__
    rows = [quarantined("a"), quarantined("b", draft={"x": [1, "å"]})]
    with writing(engine) as connection:
        assert upsert(connection, table, rows) == 2
    with writing(engine) as connection:
        assert upsert(connection, table, rows) == 0
        assert upsert(connection, table, [quarantined("a", "worse"), rows[1]]) == 1
        assert upsert(connection, table, [quarantined("b", "odd", {"x": [1, "ä"]})]) == 1
        assert connection.execute(text("SELECT reason FROM quarantine WHERE key = 'a'")).scalar() == "worse"


def test_columns_to_keep_are_set_once(engine: Engine) -> None:
    table = QuarantineItem.__table__
    later = {**quarantined("a"), "first_seen": datetime(2026, 9, 1, tzinfo=UTC), "reason": "other"}
    with writing(engine) as connection:
        upsert(connection, table, [quarantined("a")])
        upsert(connection, table, [later], keep=("first_seen",))
        kept = connection.execute(table.select()).one()
    assert (kept.first_seen, kept.reason) == (datetime(2026, 8, 26, tzinfo=UTC), "other")


def test_ten_thousand_rows_go_in_and_only_a_changed_one_is_written_again(engine: Engine) -> None:
    rows = [quarantined(f"{number:08x}") for number in range(10_000)]
    with writing(engine) as connection:
        assert upsert(connection, QuarantineItem.__table__, rows) == 10_000
        rows[7_000]["reason"] = "changed"
        assert upsert(connection, QuarantineItem.__table__, rows) == 1


def test_times_come_back_as_they_went_in(engine: Engine) -> None:
    at = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    row = {"source": "kv", "complete_through": date(2026, 3, 29), "recorded_at": at, "run_id": "r"}
    with writing(engine) as connection:
        connection.execute(Watermark.__table__.insert(), row)
        found = connection.execute(Watermark.__table__.select()).one()
    assert (found.recorded_at, found.complete_through) == (at, date(2026, 3, 29))


def test_two_runs_never_write_at_once_and_the_lock_is_free_again_afterwards(tmp_path: Path, database_url: str) -> None:
    with demo_world(tmp_path / "world", database_url) as world:
        first, second = world.open(), world.open()
        with first.exclusively(), pytest.raises(NightUnderWay, match="another run"), second.exclusively():
            raise AssertionError("both hold it")
        with second.exclusively(), pytest.raises(NightUnderWay), first.exclusively():
            raise AssertionError("both hold it")


def test_the_hash_key_is_made_once_private_and_kept(tmp_path: Path) -> None:
    with demo_world(tmp_path / "world") as world:
        place = world.open()
        assert place.hash_key == world.open().hash_key and len(place.hash_key) == 64
        assert (place.settings.archive.path / "hash.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("left", [b"", b"\0" * 64, b"3f9a"])
def test_a_hash_key_that_a_power_cut_left_empty_is_refused_and_never_replaced(tmp_path: Path, left: bytes) -> None:
    with demo_world(tmp_path / "world") as world:
        path = world.open().settings.archive.path / "hash.key"
        path.parent.mkdir(parents=True)
        path.write_bytes(left)
        with pytest.raises(SecretMissing, match=r"hash\.key holds no key .* put it back from a backup"):
            _ = world.open().hash_key
        assert path.read_bytes() == left


def test_a_hash_key_that_is_gone_from_an_archive_in_use_is_not_made_anew(tmp_path: Path) -> None:
    with demo_world(tmp_path / "world") as world:
        place = world.open()
        place.archive.put(b"a mail", private=True)
        (place.settings.archive.path / "hash.key").unlink()
        with pytest.raises(SecretMissing, match=r"hash\.key is gone"):
            _ = world.open().hash_key


@pytest.mark.parametrize("content", [b"", b" \n", b"\0\0\0\0", b"\xff\xfe"])
def test_a_file_that_is_to_hold_a_secret_and_does_not_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (tmp_path / "key").write_bytes(content)
    monkeypatch.setenv("KOLL_HASH_KEY_FILE", str(tmp_path / "key"))
    with demo_world(tmp_path / "world") as world, pytest.raises(SecretMissing, match="KOLL_HASH_KEY_FILE names"):
        _ = world.open().hash_key
    assert not (tmp_path / "world" / "archive" / "hash.key").exists()
