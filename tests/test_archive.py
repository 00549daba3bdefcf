"""The archive: what is in it is whole, what is not whole is not in it, and every fault names place and cure."""

import gzip
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.archive.archive import Archive, ArchiveDamaged, ArchiveMissing, ArchiveUnwritable
from sources.contract import Problem, RawItem, Reading, SourceBroken

ROOT = Path(__file__).resolve().parents[1]
NIGHT = datetime(2026, 3, 4, 3, 15, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def files_of(archive: Archive) -> list[Path]:
    return sorted(path for path in archive.root.rglob("*") if path.is_file())


def reading_of(*items: RawItem, source: str = "board", read_at: datetime = NIGHT) -> Reading:
    return Reading(source, items, read_at, read_at.date())


def run_script(script: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script, *paths], cwd=ROOT, capture_output=True, text=True, check=True)


@settings(max_examples=25)
@given(content=st.binary(max_size=5_000))
def test_what_is_put_in_comes_out_again(content: bytes, tmp_path_factory: pytest.TempPathFactory):
    archive = Archive(tmp_path_factory.mktemp("archive"))
    assert archive.get(archive.put(content)) == content


def test_the_name_is_the_sha256_of_the_bytes_and_the_file_is_compressed_and_private(archive: Archive):
    content = b"en rad till\n" * 1_000
    sha256 = archive.put(content)
    assert sha256 == hashlib.sha256(content).hexdigest()
    (path,) = files_of(archive)
    assert path == archive.root / "objects" / sha256[:2] / sha256
    assert path.stat().st_size < len(content) / 20
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(archive.root.stat().st_mode) == 0o700
    assert gzip.decompress(path.read_bytes()) == content


def test_a_second_put_of_the_same_bytes_does_nothing(archive: Archive, tmp_path: Path):
    sha256 = archive.put(b"same")
    before = [(path, path.stat().st_mtime_ns, path.stat().st_ino) for path in files_of(archive)]
    (tmp_path / "file").write_bytes(b"same")
    assert archive.put(b"same") == archive.put_file(tmp_path / "file") == sha256
    assert [(path, path.stat().st_mtime_ns, path.stat().st_ino) for path in files_of(archive)] == before


def test_a_file_and_its_bytes_are_stored_alike(archive: Archive, tmp_path: Path):
    content = os.urandom(3_000_000)
    (tmp_path / "extract.csv").write_bytes(content)
    sha256 = archive.put_file(tmp_path / "extract.csv")
    assert archive.get(sha256) == content
    with archive.open(sha256) as stream:
        assert b"".join(iter(lambda: stream.read(70_000), b"")) == content


def test_a_large_file_goes_in_and_out_in_constant_memory(tmp_path: Path):
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        for number in range(60):
            file.write(b"%07d;Exempel AB;2026-01-02;telefon\n" % number * 30_000)
    assert large.stat().st_size > 60_000_000
    script = """
import resource, sys
from pathlib import Path
from sources.archive.archive import Archive
archive = Archive(Path(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sha256 = archive.put_file(Path(sys.argv[2]))
with archive.open(sha256) as stream:
    while stream.read(1 << 20):
        pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    run = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "archive", large],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(run.stdout) < 30  # megabytes


def test_a_missing_object_is_named_with_its_cure(archive: Archive):
    for ask in (archive.get, archive.open):
        with pytest.raises(ArchiveMissing, match=r"objects/00/0{64} .*koll ingest .*\[archive-missing\]"):
            ask("0" * 64)
    assert not archive.holds("0" * 64)
    assert archive.holds(archive.put(b"x"))


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_name_that_is_no_hash_leads_nowhere(archive: Archive, sha256: str):
    with pytest.raises(ArchiveMissing):
        archive.get(sha256)


def damage_cut(packed: bytes) -> bytes:
    return packed[: len(packed) // 2]


def damage_bit(packed: bytes) -> bytes:
    return packed[:30] + bytes([packed[30] ^ 1]) + packed[31:]


def damage_other(_packed: bytes) -> bytes:
    return gzip.compress(b"something else")


@pytest.mark.parametrize("damage", [damage_cut, damage_bit, damage_other, lambda _: b"", lambda _: b"no gzip"])
def test_a_damaged_object_is_never_handed_out(archive: Archive, damage):
    sha256 = archive.put(os.urandom(4_000))
    sound = archive.put(b"sound")
    path = archive.root / "objects" / sha256[:2] / sha256
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ArchiveDamaged, match=f"{sha256}.*koll ingest"):
        archive.get(sha256)
    with pytest.raises(ArchiveDamaged), archive.open(sha256) as stream:
        while stream.read(1_000):
            pass
    found = {checked.path.name: checked.fault for checked in archive.verify()}
    assert "archive-damaged" in found[sha256]
    assert found[sound] == ""


def test_a_fault_of_the_archive_breaks_the_source_and_not_the_night():
    assert issubclass(ArchiveUnwritable, SourceBroken)
    assert issubclass(ArchiveDamaged, SourceBroken)


def test_verify_names_strangers_and_objects_that_a_reading_misses(archive: Archive):
    item = RawItem("https://example.se/1", archive.put(b"one"))
    archive.save_reading(reading_of(item))
    (archive.root / "objects" / item.sha256[:2] / "notes.txt").write_text("x")
    (archive.root / "objects" / item.sha256[:2] / item.sha256).unlink()
    faults = {checked.path.name: checked.fault for checked in archive.verify()}
    assert "not an object" in faults["notes.txt"]
    assert "archive-missing" in faults["20260304T031500.000000Z-0000.json.gz"]


# -- readings


def test_a_reading_comes_back_as_it_was_saved(archive: Archive):
    item = RawItem(
        "https://exempel.se/ärenden/21-072",
        archive.put(b"page"),
        media_type="text/html",
        charset="utf-8",
        fetched_at=NIGHT,
        unchanged=True,
        etag='W/"1"',
        last_modified="Wed, 04 Mar 2026 03:00:00 GMT",
        role="listing",
        covers=(date(2026, 1, 1), date(2026, 2, 28)),
        note={"layout": "nix-v2"},
    )
    problem = Problem("not-found", "https://exempel.se/2", "no such page")
    saved = Reading(
        "board", (item, replace(item, note={})), NIGHT, date(2026, 3, 3), True, date(2026, 3, 2), (problem,)
    )
    archive.save_reading(saved)
    assert list(Archive(archive.root).readings("board")) == [saved]
    assert archive.last_reading("board") == saved
    assert archive.last_reading("another") is None


def test_readings_come_oldest_first_whatever_the_zone_and_also_within_one_second(archive: Archive):
    east = timezone(timedelta(hours=2))
    times = [
        NIGHT,
        NIGHT + timedelta(microseconds=1),
        (NIGHT + timedelta(minutes=1)).astimezone(east),
        NIGHT + timedelta(days=9),
    ]
    for moment in times:
        archive.save_reading(reading_of(read_at=moment))
    assert [reading.read_at for reading in archive.readings("board")] == times
    assert archive.last_reading("board").read_at == times[-1]


def test_no_reading_is_lost_and_the_order_holds_when_the_clock_is_set_back(archive: Archive):
    times = [NIGHT, NIGHT, NIGHT - timedelta(hours=1), NIGHT - timedelta(days=1)]
    for moment in times:
        archive.save_reading(reading_of(read_at=moment))
    assert [reading.read_at for reading in archive.readings("board")] == times


def test_sources_are_kept_apart_and_no_name_leads_outside(archive: Archive):
    for name in ("a/b", "../outside", "nix nämnden", "a"):
        archive.save_reading(reading_of(source=name))
        assert [reading.source for reading in archive.readings(name)] == [name]
    assert {path.relative_to(archive.root).parts[0] for path in files_of(archive)} == {"readings"}
    with pytest.raises(ValueError, match="cannot be a folder"):
        archive.save_reading(reading_of(source=".."))


def test_a_reading_is_refused_when_an_object_of_it_is_not_stored(archive: Archive):
    with pytest.raises(ArchiveMissing):
        archive.save_reading(reading_of(RawItem("x", "0" * 64)))
    assert archive.last_reading("board") is None


@pytest.mark.parametrize("content", [b"", b"{}", gzip.compress(b"{}"), gzip.compress(b"[1"), gzip.compress(b"\xff")])
def test_a_damaged_manifest_stops_with_its_path(archive: Archive, content: bytes):
    archive.save_reading(reading_of())
    (path,) = files_of(archive)
    path.write_bytes(content)
    for ask in (archive.last_reading, lambda source: list(archive.readings(source))):
        with pytest.raises(ArchiveDamaged, match=path.name):
            ask("board")
    assert [bool(checked.fault) for checked in archive.verify()] == [True]


def test_a_manifest_of_2500_pages_stays_small(archive: Archive):
    hashes = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(2_500)]
    for sha256 in hashes:
        path = archive.root / "objects" / sha256[:2] / sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()  # only the manifest is looked at here
    items = [
        RawItem(
            f"https://nixnamnden.se/arenden/21-{number:03}",
            hashes[number],
            media_type="text/html",
            charset="utf-8",
            fetched_at=NIGHT + timedelta(seconds=2 * number),
            unchanged=True,
            etag=f'"{number * 7919:x}"',
            note={"case": f"21-{number:03}"},
        )
        for number in range(2_500)
    ]
    archive.save_reading(reading_of(*items))
    (path,) = (archive.root / "readings" / "board").iterdir()
    assert path.stat().st_size < 160_000
    assert len(json.loads(gzip.decompress(path.read_bytes()))["items"]) == 2_500


# -- faults from outside


KILLED = """
import sys
from pathlib import Path
from sources.archive.archive import Archive
archive = Archive(Path(sys.argv[1]))
print("ready", flush=True)
number = 0
while True:
    archive.put(b"%d " % number * 60_000)
    (Path(sys.argv[1]).parent / "file").write_bytes(b"%d." % number * 90_000)
    archive.put_file(Path(sys.argv[1]).parent / "file")
    number += 1
"""


def test_killed_at_any_point_the_archive_holds_whole_objects_only(tmp_path: Path):
    archive = Archive(tmp_path / "archive")
    for pause in (0.0, 0.004, 0.011, 0.017, 0.029, 0.053):
        run = subprocess.Popen([sys.executable, "-c", KILLED, archive.root], cwd=ROOT, stdout=subprocess.PIPE)
        assert run.stdout.readline() == b"ready\n"
        time.sleep(pause)
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
    checked = list(archive.verify())
    assert checked, "nothing was written before any of the kills"
    assert [one.fault for one in checked if one.fault] == []


def test_what_a_killed_run_left_is_swept_after_a_day_and_not_before(archive: Archive):
    archive.put(b"first")
    old, young = archive.root / "tmp" / "old", archive.root / "tmp" / "young"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)
    Archive(archive.root).put(b"second")
    assert (old.exists(), young.exists()) == (False, True)


def test_a_full_disk_is_named_and_leaves_nothing_half(tmp_path: Path):
    (tmp_path / "file").write_bytes(os.urandom(900_000))
    script = """
import resource, sys
from pathlib import Path
from sources.archive.archive import Archive, ArchiveUnwritable
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
archive = Archive(Path(sys.argv[1]))
small = archive.put(b"small")
file = Path(sys.argv[2])
for put, what in ((archive.put, file.read_bytes()), (archive.put_file, file)):
    try:
        put(what)
    except ArchiveUnwritable as fault:
        print(fault)
assert archive.get(small) == b"small"
"""
    run = run_script(script, tmp_path / "archive", tmp_path / "file")
    lines = run.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert f"{tmp_path}/archive" in line
        assert "make room" in line
        assert "[archive-unwritable]" in line
    assert run.stderr == ""
    assert len(files_of(Archive(tmp_path / "archive"))) == 1


def test_a_read_only_archive_is_still_read_and_refuses_to_be_written():
    script = """
import os, sys
from pathlib import Path
from sources.archive.archive import Archive, ArchiveUnwritable
root = Path(sys.argv[1])
archive = Archive(root)
sha256 = archive.put(b"old")
for folder in [root, *root.rglob("*")]:
    folder.chmod(0o555 if folder.is_dir() else 0o444)
if os.geteuid() == 0:  # root may write anywhere
    os.setuid(65534)
assert archive.get(archive.put(b"old")) == b"old"
try:
    archive.put(b"new")
except ArchiveUnwritable as fault:
    print(fault)
"""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        run = run_script(script, Path(folder) / "archive")
        for path in Path(folder).rglob("*"):
            path.chmod(0o700)
    assert "Permission denied" in run.stdout
    assert "[archive-unwritable]" in run.stdout


def test_an_archive_whose_place_is_a_file_says_so(tmp_path: Path):
    (tmp_path / "archive").write_text("not a folder")
    with pytest.raises(ArchiveUnwritable, match="archive"):
        Archive(tmp_path / "archive").put(b"x")
