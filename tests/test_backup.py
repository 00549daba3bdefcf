"""Backup and restoration: one file, one moment, either engine; and verification of what is there."""

import json
import shutil
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text, update
from typer.testing import CliRunner, Result

from flows.demo.nights import deliver_day
from flows.koll import app
from flows.looking.exports import EXPORTS, Asked
from flows.upkeep.backup import make_backup
from flows.workplace import Workplace, open_workplace
from models.storage.store import writing
from models.storage.tables import Complaint, ComplaintText
from tests.demo_world import FIRST, World, demo_world

COMPLAINT = Complaint.__table__


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with demo_world(tmp_path_factory.mktemp("backup") / "world") as laid_out:
        deliver_day(laid_out.root, 1)
        laid_out.night(FIRST)
        yield laid_out


@pytest.fixture
def world(first_night: World, tmp_path: Path) -> World:
    """A copy of a world after its first night."""
    shutil.copytree(first_night.root, tmp_path / "world")
    config = tmp_path / "world" / "koll.toml"
    config.write_text(config.read_text("utf-8").replace(str(first_night.root), str(tmp_path / "world")), "utf-8")
    return World(tmp_path / "world", config)


def koll(*words: str | Path, ok: int = 0) -> Result:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == ok, done.output
    return done


def empty_place(world: World, root: Path, monkeypatch: pytest.MonkeyPatch, url: str = "") -> Path:
    """Write the configuration of another place, with nothing in it."""
    root.mkdir(parents=True, exist_ok=True)
    config = root / "koll.toml"
    config.write_text(world.config.read_text("utf-8").replace(str(world.root), str(root)), "utf-8")
    if url:
        monkeypatch.setenv("KOLL_DATABASE_URL", url)
    return config


def everything(config: Path) -> dict[str, list]:
    place = open_workplace(config)
    return {what: list(export(place, Asked())) for what, export in EXPORTS.items()}


def test_a_backup_comes_back_whole_on_each_engine_and_from_there_again(
    world: World, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(world.config)
    koll("backup", tmp_path / "one.tar", "--config", world.config)
    assert stat.S_IMODE((tmp_path / "one.tar").stat().st_mode) == 0o600
    other = empty_place(world, tmp_path / "other", monkeypatch, database_url)
    assert "now run `koll verify`" in koll("restore", tmp_path / "one.tar", "--config", other).output
    assert everything(other) == before
    koll("backup", tmp_path / "two.tar", "--config", other)
    monkeypatch.delenv("KOLL_DATABASE_URL")
    third = empty_place(world, tmp_path / "third", monkeypatch)
    koll("restore", tmp_path / "two.tar", "--config", third)
    assert everything(third) == before
    assert "0 fault(s)" in koll("verify", "--config", third).output


def test_a_restored_place_goes_on_where_it_was(
    world: World, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    koll("backup", tmp_path / "one.tar", "--config", world.config)
    config = empty_place(world, tmp_path / "other", monkeypatch, database_url)
    koll("restore", tmp_path / "one.tar", "--config", config)
    for folder in ("extracts", "inbox", "register"):
        shutil.copytree(world.root / folder, tmp_path / "other" / folder)
    there = World(tmp_path / "other", config)
    before = there.export("complaints")
    there.night(FIRST)
    assert there.export("complaints") == before
    assert not there.mails(), "no mail a second time"


def test_without_a_configuration_the_backup_brings_its_own(world: World, tmp_path: Path) -> None:
    config = world.config.read_text("utf-8").replace(f"{world.root}/", "")
    world.config.write_text(config, "utf-8")
    koll("backup", tmp_path / "one.tar", "--config", world.config)
    koll("restore", tmp_path / "one.tar", "--config", tmp_path / "new" / "koll.toml")
    assert everything(tmp_path / "new" / "koll.toml") == everything(world.config)


def test_a_backup_sees_one_moment_while_something_is_being_written(
    world: World, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    koll("backup", tmp_path / "one.tar", "--config", world.config)
    config = empty_place(world, tmp_path / "other", monkeypatch, database_url)
    koll("restore", tmp_path / "one.tar", "--config", config)
    place = open_workplace(config)
    before = everything(config)
    with writing(place.engine) as connection:
        connection.execute(update(COMPLAINT).values(company="half a night"))
        make_backup(place, tmp_path / "two.tar")
    assert everything(config) != before
    monkeypatch.delenv("KOLL_DATABASE_URL")
    third = empty_place(world, tmp_path / "third", monkeypatch)
    koll("restore", tmp_path / "two.tar", "--config", third)
    assert everything(third) == before


def test_nothing_is_ever_restored_over_something(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    koll("backup", tmp_path / "one.tar", "--config", world.config)
    before = everything(world.config)
    assert "is not empty" in koll("restore", tmp_path / "one.tar", "--config", world.config, ok=1).output
    other = empty_place(world, tmp_path / "other", monkeypatch)
    for path in world.root.glob("koll.db*"):  # what was written last may still lie in the write-ahead log
        shutil.copy(path, tmp_path / "other" / path.name)
    assert "has rows" in koll("restore", tmp_path / "one.tar", "--config", other, ok=1).output
    assert not (tmp_path / "other" / "archive" / "objects").exists()
    assert everything(world.config) == before


def test_an_installation_that_was_only_begun_counts_as_empty(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    koll("backup", tmp_path / "one.tar", "--config", world.config)
    other = empty_place(world, tmp_path / "other", monkeypatch)
    koll("init", "--config", other)
    koll("restore", tmp_path / "one.tar", "--config", other)
    assert everything(other) == everything(world.config)
    assert (tmp_path / "other" / "archive" / "hash.key").read_text() == (
        world.root / "archive" / "hash.key"
    ).read_text()


@pytest.mark.parametrize("step", ["_bring_database", "_clear_up"])  # before the rows went in, and after
def test_a_restoration_killed_half_way_is_finished_by_the_same_command(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    import flows.upkeep.restore as restoring

    koll("backup", tmp_path / "one.tar", "--config", world.config)
    other = empty_place(world, tmp_path / "other", monkeypatch)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(restoring, step, killed)
        restoring.restore_backup(tmp_path / "one.tar", other)
    koll("restore", tmp_path / "one.tar", "--config", other)
    assert everything(other) == everything(world.config)


def test_without_its_keys_a_backup_waits_for_them(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    koll("backup", tmp_path / "one.tar", "--without-keys", "--config", world.config)
    with tarfile.open(tmp_path / "one.tar") as pack:
        assert not [name for name in pack.getnames() if name.endswith(".key")]
    other = empty_place(world, tmp_path / "other", monkeypatch)
    assert "KOLL_HASH_KEY" in koll("restore", tmp_path / "one.tar", "--config", other, ok=1).output
    monkeypatch.setenv("KOLL_HASH_KEY", "another")
    assert "not the key" in koll("restore", tmp_path / "one.tar", "--config", other, ok=1).output
    monkeypatch.setenv("KOLL_HASH_KEY", (world.root / "archive" / "hash.key").read_text())
    assert "KOLL_ARCHIVE_KEY" in koll("restore", tmp_path / "one.tar", "--config", other, ok=1).output
    monkeypatch.setenv("KOLL_ARCHIVE_KEY_FILE", str(world.root / "archive" / "archive.key"))
    koll("restore", tmp_path / "one.tar", "--config", other)
    assert everything(other) == everything(world.config)


def rewrite(source: Path, target: Path, name: str, content: bytes) -> None:
    import io

    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for entry in old:
            if entry.name != name:
                new.addfile(entry, old.extractfile(entry))
        added = tarfile.TarInfo(name)
        added.size = len(content)
        new.addfile(added, io.BytesIO(content))


def test_a_damaged_or_forged_backup_is_refused(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, bad = tmp_path / "one.tar", tmp_path / "bad.tar"
    koll("backup", whole, "--config", world.config)
    other = empty_place(world, tmp_path / "other", monkeypatch)
    for content in (b"", b"no tar", whole.read_bytes()[:3_000]):
        bad.write_bytes(content)
        assert "no whole backup" in koll("restore", bad, "--config", other, ok=1).output
    rewrite(whole, bad, "database/member.jsonl.gz", b"\x1f\x8b nothing")
    assert "backup" in koll("restore", bad, "--config", other, ok=1).output
    rewrite(whole, bad, "archive/../../outside", b"x")
    assert "nothing that a backup holds" in koll("restore", bad, "--config", other, ok=1).output
    assert not (tmp_path / "outside").exists()
    with tarfile.open(whole) as pack:
        about = json.load(pack.extractfile("backup.json"))  # type: ignore[arg-type]
    rewrite(whole, bad, "backup.json", json.dumps(about | {"revision": "9999"}).encode())
    assert koll("restore", bad, "--config", other, ok=1).output
    koll("restore", whole, "--config", empty_place(world, tmp_path / "fresh", monkeypatch))


# -- verification


def test_all_is_well_after_a_night_and_after_a_person_has_mended_a_row(world: World) -> None:
    told = json.loads(koll("verify", "--json", "--config", world.config).output)
    assert told["faults"] == [] and told["files"] > 50 and told["unread"] == {}
    assert told["complaints"] == len(world.export("complaints"))
    item = next(i for i in world.export("quarantine") if i["state"] == "open" and i["source"] == "konsumentverket")
    words = ("--set", "source_id=2026-99999", "--set", "received_on=2026-05-04", "--set", "channel=phone")
    more = ("--set", "company=Telefonhuset Norrsken AB")
    koll("quarantine", "repair", item["key"], *words, *more, "--config", world.config)
    assert "0 fault(s)" in koll("verify", "--config", world.config).output


def change(place: Workplace, source: str, **values: object) -> str:
    with writing(place.engine) as connection:
        found = connection.execute(
            text("SELECT min(source_id) FROM complaint WHERE source = :source AND recorded_to IS NULL"),
            {"source": source},
        ).scalar_one()
        connection.execute(update(COMPLAINT).where(COMPLAINT.c.source_id == found).values(**values))
    return str(found)


def test_a_figure_changed_behind_our_back_is_found(world: World) -> None:
    place = world.open()
    number = change(place, "konsumentverket", company="Somebody Else AB")
    case = change(place, "dm_namnden", outcome="cleared")
    with writing(place.engine) as connection:
        connection.execute(update(ComplaintText.__table__).where(text("source = 'tips'")).values(text="other words"))
    told = koll("verify", "--config", world.config, ok=1).output
    assert f"konsumentverket {number}: company differ" in told
    assert f"dm_namnden {case}: outcome differ" in told
    assert "text differ" in told


def test_a_changed_or_lost_file_is_found(world: World) -> None:
    archive = world.open().archive
    item = next(i for i in archive.last_reading("dm_namnden").items if i.role == "record")  # type: ignore[union-attr]
    path = archive.root / "objects" / item.sha256[:2] / item.sha256
    path.write_bytes(b"changed")
    told = koll("verify", "--config", world.config, ok=1).output
    assert "archive-damaged" in told and "cannot be compared" in told
    path.unlink()
    assert "archive-missing" in koll("verify", "--config", world.config, ok=1).output


# -- keys


def test_the_key_beside_the_archive_is_exchanged_and_everything_still_opens(world: World, tmp_path: Path) -> None:
    key = world.root / "archive" / "archive.key"
    before = key.read_text()
    told = koll("archive", "rotate", "--config", world.config).output
    assert "the old one is gone" in told and not told.startswith("0 ")
    assert key.read_text() != before and stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text().split()) == 1
    assert "0 fault(s)" in koll("verify", "--config", world.config).output


def test_keys_from_the_environment_are_exchanged_by_naming_both(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = (world.root / "archive" / "archive.key").read_text().strip()
    new = koll("archive", "new-key").output.strip()
    monkeypatch.setenv("KOLL_ARCHIVE_KEY", f"{new},{old}")
    assert "can be taken away" in koll("archive", "rotate", "--config", world.config).output
    monkeypatch.setenv("KOLL_ARCHIVE_KEY", new)
    assert "0 fault(s)" in koll("verify", "--config", world.config).output
    monkeypatch.setenv("KOLL_ARCHIVE_KEY", "not a key")
    told = koll("verify", "--config", world.config, ok=1).output
    assert "KOLL_ARCHIVE_KEY" in told and "koll archive new-key" in told and "not a key" not in told.split(":")[1]


def test_mail_stored_open_by_an_earlier_version_is_sealed_by_rotating(world: World) -> None:
    place = world.open()
    mail = next(i for i in place.archive.last_reading("tips").items if i.media_type == "message/rfc822")  # type: ignore[union-attr]
    content = place.archive.get(mail.sha256)
    (place.archive.root / "objects" / mail.sha256[:2] / mail.sha256).unlink()
    place.archive.put(content)
    assert not place.archive.is_sealed(mail.sha256)
    koll("archive", "rotate", "--config", world.config)
    assert place.archive.is_sealed(mail.sha256)


def test_every_byte_row_and_file_that_is_not_what_it_was_is_named(world: World) -> None:
    place = world.open()
    files = sorted(path for path in (place.archive.root / "objects").rglob("*") if path.is_file())  # type: ignore[operator]
    manifest = max((place.archive.root / "readings" / "dm_namnden").iterdir())  # type: ignore[operator]
    number = change(place, "konsumentverket", channel="shop")
    whole = {path: path.read_bytes() for path in (*files[:12], manifest)}
    for at, (path, content) in enumerate(whole.items()):
        for where in {0, 3, 5, 11, at * 7 % len(content), len(content) // 2, len(content) - 5}:
            path.write_bytes(content[:where] + bytes([content[where] ^ 0x41]) + content[where + 1 :])
            assert path.name in "\n".join(one.fault for one in place.archive.verify() if one.fault), (path, where)
        path.write_bytes(content)
    files[3].write_bytes(whole[files[3]][:-40])
    lost = next(i for i in place.archive.last_reading("declarations").items).sha256  # type: ignore[union-attr]
    (place.archive.root / "objects" / lost[:2] / lost).unlink()  # type: ignore[operator]
    last = max((place.archive.root / "readings" / "tips").iterdir())  # type: ignore[operator]
    last.unlink()
    manifest.write_bytes(whole[manifest][:100])
    told = koll("verify", "--config", world.config, ok=1).output
    for named in (files[3].name, lost, manifest.name, f"konsumentverket {number}: channel differ"):
        assert named in told, named
    assert "tips: the database goes on from a reading" in told
