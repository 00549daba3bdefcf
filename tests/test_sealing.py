"""Sealed objects and forgotten ones: what people wrote lies encrypted, and what is gone on purpose stays gone."""

import io
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.archive.archive import Archive
from sources.archive.faults import ArchiveDamaged, ArchiveForgotten, ArchiveSealed
from sources.archive.sealing import MAGIC, KeyUnusable, SealedReader, SealingWriter, Vault, make_key
from sources.contract import RawItem, Reading

NIGHT = datetime(2026, 3, 4, 3, 15, tzinfo=UTC)
OLD, NEW = make_key(), make_key()
LETTER = b"From: Tora <tora@brev.example>\r\n\r\nTora ringde. " * 40


def vault(*keys: str) -> Vault:
    return Vault(keys or (OLD,), b"mark key")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive", vault)


def path_of(archive: Archive, sha256: str) -> Path:
    return archive.root / "objects" / sha256[:2] / sha256


@settings(max_examples=25)
@given(writes=st.lists(st.binary(max_size=3_000), max_size=6), reads=st.integers(1, 5_000))
def test_whatever_is_sealed_in_whatever_pieces_comes_out_again(writes: list[bytes], reads: int) -> None:
    file = io.BytesIO()
    writer = SealingWriter(file, vault())
    for piece in writes:
        writer.write(piece)
    writer.close()
    assert file.getvalue().startswith(MAGIC)
    file.seek(len(MAGIC))
    reader, found = SealedReader(file, vault()), b""
    while block := reader.read(reads):
        found += block
    assert found == b"".join(writes)


def test_a_letter_lies_sealed_under_its_own_hash_and_private(archive: Archive, tmp_path: Path) -> None:
    sha256 = archive.put(LETTER, private=True)
    content = path_of(archive, sha256).read_bytes()
    assert content.startswith(MAGIC) and b"Tora" not in content and archive.is_sealed(sha256)
    assert stat.S_IMODE(path_of(archive, sha256).stat().st_mode) == 0o600
    assert archive.get(sha256) == LETTER
    (tmp_path / "letter").write_bytes(LETTER)
    assert archive.put_file(tmp_path / "letter", private=True) == archive.put(LETTER) == sha256
    assert archive.is_sealed(sha256), "a second put leaves what is there"
    assert not archive.is_sealed(archive.put(b"a page"))
    assert [checked.fault for checked in archive.verify()] == ["", ""]


def test_a_large_private_file_goes_through_in_pieces(archive: Archive, tmp_path: Path) -> None:
    content = os.urandom(5_000_000)
    (tmp_path / "extract.csv").write_bytes(content)
    sha256 = archive.put_file(tmp_path / "extract.csv", private=True)
    with archive.open(sha256) as stream:
        assert b"".join(iter(lambda: stream.read(70_000), b"")) == content
    assert path_of(archive, sha256).stat().st_size < len(content) * 1.01, "no base64 on the disk"


def test_without_its_key_it_cannot_be_read_and_the_cure_is_told(archive: Archive) -> None:
    sha256 = archive.put(LETTER, private=True)
    for other in (Archive(archive.root, lambda: vault(NEW)), Archive(archive.root)):
        with pytest.raises(ArchiveSealed, match=r"KOLL_ARCHIVE_KEY.*\[archive-sealed\]"):
            other.get(sha256)
        assert "archive-sealed" in next(other.verify()).fault


@pytest.mark.parametrize("cut", [len(MAGIC) + 2, len(MAGIC) + 60, -1])
def test_a_cut_or_changed_seal_is_never_handed_out(archive: Archive, cut: int) -> None:
    sha256 = archive.put(os.urandom(3_000), private=True)
    path = path_of(archive, sha256)
    sound = path.read_bytes()
    path.write_bytes(sound[:cut])
    with pytest.raises((ArchiveDamaged, ArchiveSealed)):
        archive.get(sha256)
    path.write_bytes(sound[:40] + bytes([sound[40] ^ 1]) + sound[41:])
    with pytest.raises(ArchiveSealed):
        archive.get(sha256)


def test_a_new_key_takes_over_and_the_old_one_can_go(archive: Archive) -> None:
    sealed, public = archive.put(LETTER, private=True), archive.put(b"a page")
    both = Archive(archive.root, lambda: vault(NEW, OLD))
    assert both.get(sealed) == LETTER
    assert both.reseal(sealed) and not both.reseal(sealed)
    assert both.reseal(public), "what lay open is sealed too when asked"
    alone = Archive(archive.root, lambda: vault(NEW))
    assert (alone.get(sealed), alone.get(public)) == (LETTER, b"a page")


@pytest.mark.parametrize("keys", [(), ("kort",), (OLD, "å" * 44)])
def test_what_is_no_key_is_refused_with_how_to_make_one(keys: tuple[str, ...]) -> None:
    with pytest.raises(KeyUnusable, match="koll archive new-key"):
        Vault(keys, b"")


def test_an_erased_object_is_gone_and_never_comes_back(archive: Archive, tmp_path: Path) -> None:
    sha256 = archive.put(LETTER, private=True)
    archive.save_reading(Reading("tips", (RawItem("1", sha256),), NIGHT, NIGHT.date()))
    assert archive.forget(sha256, for_good=True)
    assert not archive.forget(sha256, for_good=True)
    (tmp_path / "letter").write_bytes(LETTER)
    assert archive.put(LETTER, private=True) == archive.put_file(tmp_path / "letter", private=True) == sha256
    assert not archive.holds(sha256) and archive.is_erased(sha256) and archive.is_forgotten(sha256)
    with pytest.raises(ArchiveForgotten, match="archive-forgotten"):
        archive.get(sha256)
    archive.save_reading(Reading("tips", (RawItem("1", sha256),), NIGHT, NIGHT.date()))  # read once more
    assert [checked.fault for checked in archive.verify()] == ["", ""]


def test_what_only_grew_old_may_be_stored_again(archive: Archive) -> None:
    sha256 = archive.put(b"a page")
    archive.forget(sha256, for_good=False)
    assert archive.is_forgotten(sha256) and not archive.is_erased(sha256)
    assert archive.put(b"a page") == sha256 and archive.get(sha256) == b"a page"
    assert not archive.is_forgotten(sha256)
    archive.forget(sha256, for_good=True)
    archive.forget(sha256, for_good=False)
    assert archive.is_erased(sha256), "growing old does not take an erasure back"


def test_the_mark_of_what_is_gone_tells_nothing_without_the_key(archive: Archive) -> None:
    sha256 = archive.put(LETTER, private=True)
    archive.forget(sha256, for_good=True)
    (mark,) = (path for path in archive.root.rglob("forgotten/*/*"))
    assert sha256 not in str(mark) and mark.name == vault().mark(sha256) != Vault((OLD,), b"other").mark(sha256)


def test_forgetting_that_was_killed_half_way_is_finished_by_asking_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = archive.put(LETTER, private=True)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "unlink", killed)
        archive.forget(sha256, for_good=True)
    assert archive.forget(sha256, for_good=True) and not archive.holds(sha256)
