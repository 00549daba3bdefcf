"""The archive in object storage by URL: the same promises as in a folder, for nights, backups and what is forgotten.

In memory by default; TEST_ARCHIVE_URL=s3://BUCKET/PREFIX runs the same against a real store.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from flows.looking.doctor import examine
from flows.upkeep.backup import make_backup
from flows.upkeep.keys import rotate_keys
from flows.upkeep.restore import BackupRefused, restore_backup
from flows.upkeep.verify import verify_place
from flows.workplace import SecretMissing, open_workplace
from models.configuration.settings import SettingsInvalid, load_settings
from models.storage.store import upgrade
from sources.archive.archive import Archive
from sources.archive.faults import ArchiveDamaged, ArchiveForgotten, ArchiveMissing, ArchiveUnreachable
from sources.archive.places import write_file
from sources.archive.sealing import MAGIC, Vault, make_key
from sources.contract import RawItem, Reading
from tests.small_world import ANNA, Small, total

STORE = os.environ.get("TEST_ARCHIVE_URL", "memory://koll-test")
NIGHT = datetime(2026, 3, 4, 3, 15, tzinfo=UTC)
KEY = make_key()


@pytest.fixture
def url() -> str:
    return f"{STORE}/{uuid4().hex}"


@pytest.fixture(params=["folder", "store"])
def archive(request: pytest.FixtureRequest, tmp_path: Path, url: str) -> Archive:
    return Archive(tmp_path / "archive" if request.param == "folder" else url, lambda: Vault([KEY], b"marks"))


def reading_of(archive: Archive, *contents: bytes, at: datetime = NIGHT) -> Reading:
    items = tuple(RawItem(f"https://board.example/{n}", archive.put(one)) for n, one in enumerate(contents))
    return Reading("board", items, at, at.date())


def test_bytes_files_and_sealed_mail_come_back_and_nothing_is_written_twice(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(os.urandom(3_000_000))
    large = archive.put_file(tmp_path / "large")
    mail = archive.put(b"Tora ringde", private=True)
    assert archive.put(b"Tora ringde") == mail and archive.is_sealed(mail) and not archive.is_sealed(large)
    assert archive.get(large) == (tmp_path / "large").read_bytes() and archive.get(mail) == b"Tora ringde"
    assert sorted(archive.list_objects()) == sorted([large, mail])
    with archive.place.open(f"objects/{mail[:2]}/{mail}") as packed:
        assert packed.read(len(MAGIC)) == MAGIC


def test_readings_keep_their_order_and_are_seen_by_whoever_opens_the_archive_next(archive: Archive) -> None:
    first = reading_of(archive, b"one")
    archive.save_reading(first)
    other = Archive(archive.root, lambda: Vault([KEY], b"marks"))
    assert other.last_reading("board") == first
    second = reading_of(archive, b"one", b"two", at=NIGHT + timedelta(days=1))
    other.save_reading(second)
    assert list(archive.readings("board")) == [first, second] and archive.list_sources() == ["board"]
    with pytest.raises(ArchiveMissing, match="koll ingest"):
        archive.save_reading(Reading("board", (RawItem("x", "0" * 64),), NIGHT, NIGHT.date()))


def test_what_is_forgotten_is_gone_on_purpose_and_what_is_erased_never_comes_back(archive: Archive) -> None:
    aged, erased = archive.put(b"aged"), archive.put(b"erased")
    assert archive.forget(aged, for_good=False) and archive.forget(erased, for_good=True)
    assert not archive.forget(aged, for_good=False)
    with pytest.raises(ArchiveForgotten):
        archive.get(aged)
    archive.put(b"erased")
    assert not archive.holds(erased) and archive.is_forgotten(erased) and archive.is_erased(erased)
    assert archive.put(b"aged") == aged and archive.get(aged) == b"aged"


def test_damage_and_loss_are_found_and_named_by_their_place(archive: Archive) -> None:
    reading = reading_of(archive, b"kept", b"lost")
    archive.save_reading(reading)
    kept, lost = (item.sha256 for item in reading.items)
    write_file(archive.place, f"objects/{kept[:2]}/{kept}", b"no gzip")
    archive.place.remove(f"objects/{lost[:2]}/{lost}")
    with pytest.raises(ArchiveDamaged, match=archive.place.show("objects")):
        archive.get(kept)
    faults = [checked.fault for checked in archive.verify()]
    assert len(faults) == 2 and all(str(archive.root) in fault for fault in faults)


class Halting(MemoryFileSystem):
    """A store whose connection is cut in the middle of an upload, with an error of its own client's."""

    protocol = "gs"

    def put_file(self, lpath: str, rpath: str, *more: Any, **others: Any) -> None:
        raise ConnectionAbortedByPeer("504 Gateway Timeout")

    def info(self, path: str, **more: Any) -> dict[str, Any]:
        if "unreachable" in path:
            raise ConnectionAbortedByPeer("503 Slow Down")
        return super().info(path, **more)


class ConnectionAbortedByPeer(Exception):
    """As clients have them: no OSError."""


@pytest.fixture
def halting() -> Iterator[None]:
    fsspec.register_implementation("gs", Halting, clobber=True)
    yield
    fsspec.register_implementation("gs", "gcsfs.GCSFileSystem", clobber=True)


@pytest.mark.usefixtures("halting")
def test_a_store_that_does_not_answer_is_a_fault_and_never_an_empty_archive() -> None:
    archive = Archive("gs://bucket/archive")
    with pytest.raises(ArchiveUnreachable, match=r"gs://bucket/archive .*504 Gateway Timeout.*run the source again"):
        archive.put(b"x")
    assert not list(archive.list_objects())
    with pytest.raises(ArchiveUnreachable, match="503 Slow Down"):
        Archive("gs://unreachable/archive").holds("0" * 64)


@pytest.mark.skipif(find_spec("s3fs") is not None, reason="the client is installed here")
def test_a_store_whose_client_is_not_installed_names_the_package() -> None:
    with pytest.raises(ArchiveUnreachable, match="s3fs"):
        Archive("s3://bucket/archive").put(b"x")


# ---- an installation on it


@pytest.fixture
def world(tmp_path: Path) -> Small:
    world = Small(tmp_path / "world", total(), day=NIGHT.date(), quiet=True)
    world.complain(ANNA, 12)
    world.complain(ANNA, 12, source="council")
    for source in world.rows:
        world.deliver(source)
    return world


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLL_HASH_KEY", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("KOLL_ARCHIVE_KEY", KEY)


def complaints(world: Small) -> list[tuple[Any, ...]]:
    with world.open().engine.connect() as connection:
        told = "SELECT source, source_id, member, raw_sha256 FROM complaint WHERE recorded_to IS NULL ORDER BY 1, 2"
        return [tuple(row) for row in connection.exec_driver_sql(told)]


@pytest.mark.usefixtures("keys")
def test_nights_backup_restore_verify_and_keys_work_on_a_store_as_in_a_folder(
    world: Small, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOLL_ARCHIVE_PATH", url)
    night = world.run()
    assert not night.failed, night.sum_up()
    before = complaints(world)
    assert len(before) == 24 and not (world.root / "archive").exists()
    assert next(one for one in examine(world.root / "koll.toml") if one["what"] == "archive")["ok"]

    about = make_backup(world.open(), tmp_path / "koll.tar")
    assert about.objects == 3 and not about.holds_keys
    for place in (f"{url}-again", str(tmp_path / "folder")):
        monkeypatch.setenv("KOLL_ARCHIVE_PATH", place)
        monkeypatch.setenv("KOLL_DATABASE_URL", f"sqlite:///{tmp_path}/{uuid4().hex}.db")
        restore_backup(tmp_path / "koll.tar", world.root / "koll.toml")
        assert complaints(world) == before
        found = verify_place(world.open())
        assert (found.complaints, found.faults) == (24, [])
        with pytest.raises(BackupRefused, match=r"is not empty|has rows"):
            restore_backup(tmp_path / "koll.tar", world.root / "koll.toml")

    new = make_key()
    monkeypatch.setenv("KOLL_ARCHIVE_PATH", url)
    monkeypatch.setenv("KOLL_ARCHIVE_KEY", f"{new},{KEY}")
    assert rotate_keys(world.open()) == (2, False)
    monkeypatch.setenv("KOLL_ARCHIVE_KEY", new)
    assert verify_place(world.open()).faults == []


def test_no_key_is_ever_laid_into_a_shared_store(world: Small, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLL_ARCHIVE_PATH", url)
    place = open_workplace(world.root / "koll.toml", check=False)
    upgrade(place.engine)
    with pytest.raises(SecretMissing, match=r"set KOLL_HASH_KEY .*koll archive new-key"):
        _ = place.hash_key
    assert place.archive.place.list("") == []


@pytest.mark.parametrize("path", ["ftp://host/archive", "s3://", "https://host/archive"])
def test_a_store_that_cannot_keep_the_promise_is_refused_at_the_start(
    world: Small, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOLL_ARCHIVE_PATH", path)
    with pytest.raises(SettingsInvalid, match=r"archive\.path.*s3://BUCKET/PREFIX.*KOLL_ARCHIVE_PATH"):
        load_settings(world.root / "koll.toml")


def test_options_reach_the_stores_client(world: Small) -> None:
    text = (world.root / "koll.toml").read_text("utf-8")
    options = json.dumps("https://minio.example:9000")
    kept = f'path = "s3://koll/archive"\noptions = {{ endpoint_url = {options} }}'
    (world.root / "koll.toml").write_text(text.replace(f'path = "{world.root}/archive"', kept), "utf-8")
    settings = load_settings(world.root / "koll.toml")
    assert (settings.archive.path, settings.archive.options) == (
        "s3://koll/archive",
        {"endpoint_url": "https://minio.example:9000"},
    )
