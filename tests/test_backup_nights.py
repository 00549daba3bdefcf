"""Backups taken in the middle of things: of a night that writes, of an archive whose key is being exchanged."""

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import BinaryIO

import pytest

from flows.looking.exports import EXPORTS, Asked
from flows.night import run_night
from flows.upkeep.backup import make_backup
from flows.upkeep.keys import rotate_keys
from flows.upkeep.restore import restore_backup
from flows.upkeep.verify import verify_place
from flows.workplace import Workplace, open_workplace
from tests.small_world import ANNA, BO, NAMES, Small, total
from tests.test_outages import at_statement
from tests.torture.killing import without_moments

DAY = date(2026, 8, 26)
MOMENTS = ("INSERT INTO complaint (", "INSERT INTO outbox", "INSERT INTO source_night")
SOURCES = ("agency", "council", "tips")
COMPARED = ("complaints", "counts", "alerts", "mails", "quarantine")


def lay_out(root: Path) -> Small:
    """An installation after one night, with news for the next from everywhere."""
    world = Small(root, total((3, 10)), day=DAY - timedelta(days=1), quiet=True)
    world.complain(BO, 3)
    for source in world.rows:
        world.deliver(source)
    world.run()
    world.day = DAY
    world.complain(ANNA, 7), world.complain(BO, 4, source="council")
    for source in world.rows:
        world.deliver(source)
    mail = EmailMessage()
    mail["From"], mail["Date"], mail["Message-ID"] = "tora@brev.example", "Mon, 24 Aug 2026 10:00:00 +0200", "<1@b>"
    mail.set_content(f"{NAMES[ANNA]} ringde mig och gav sig inte.")
    world.tip("one", mail)
    return world


def read_state(config: Path) -> dict[str, list]:
    place = open_workplace(config)
    found = {what: list(EXPORTS[what](place, Asked(as_of=DAY))) for what in COMPARED}
    place.engine.dispose()
    return found


def tell(state: dict[str, list], source: str) -> list[tuple[str, ...]]:
    """What a source's complaints say, without the moments at which they were written."""
    told = ("source_id", "company", "member", "received_on", "channel", "status")
    return sorted(tuple(str(row[name]) for name in told) for row in state["complaints"] if row["source"] == source)


def restore(backup: Path, world: Small, root: Path) -> Path:
    """Bring a backup back into an empty place that reads from the same folders."""
    root.mkdir()
    written = (world.root / "koll.toml").read_text("utf-8")
    for own in ("koll.db", "archive", "mail"):
        written = written.replace(f"{world.root}/{own}", f"{root}/{own}")
    (root / "koll.toml").write_text(written, "utf-8")
    restore_backup(backup, root / "koll.toml")
    return root / "koll.toml"


def plain(row: dict) -> dict:
    return {name: value for name, value in without_moments(row).items() if name != "last_reply"}  # names the folder


def open_at_night(config: Path) -> Workplace:
    place = open_workplace(config)
    place.clock = lambda: datetime(2026, 8, 26, 3, 15, tzinfo=UTC)
    return place


def run(place: Workplace) -> None:
    assert not run_night(place, (), DAY, lambda _line: None).failed


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_backup_taken_in_the_middle_of_a_night_is_of_one_moment_and_goes_on_from_there(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setenv("KOLL_DATABASE_URL", database_url)
    world = lay_out(tmp_path / "world")
    config, backup = world.root / "koll.toml", tmp_path / "one.tar"
    before = read_state(config)
    place = open_at_night(config)
    at_statement(place.engine, moment, lambda: make_backup(open_workplace(config), backup))
    run(place)
    after = read_state(config)
    assert backup.exists(), f"no statement of the night begins with {moment!r}"
    monkeypatch.delenv("KOLL_DATABASE_URL")
    restored = restore(backup, world, tmp_path / "restored")
    assert verify_place(open_workplace(restored)).faults == []
    found = read_state(restored)
    for source in SOURCES:
        assert tell(found, source) in (tell(before, source), tell(after, source))
    assert found["mails"] in (before["mails"], after["mails"])
    run(open_at_night(restored))
    ended = read_state(restored)
    for source in SOURCES:
        assert tell(ended, source) == tell(after, source)
    for what in ("alerts", "mails"):
        assert list(map(plain, ended[what])) == list(map(plain, after[what]))


def test_a_backup_taken_while_the_key_is_exchanged_holds_what_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KOLL_DATABASE_URL", raising=False)
    world = lay_out(tmp_path / "world")
    run(open_at_night(world.root / "koll.toml"))
    place = open_at_night(world.root / "koll.toml")
    sealed = sum(place.archive.is_sealed(sha256) for sha256 in place.archive.list_objects())
    read = list(place.archive.place.list("objects"))
    for at in (0, len(read) // 2, len(read) - 1):
        place = open_at_night(world.root / "koll.toml")
        rotated: list[int] = []
        exchange_at(place, read[at], rotated)
        make_backup(place, tmp_path / f"{at}.tar")
        assert rotated == [sealed]
        restored = restore(tmp_path / f"{at}.tar", world, tmp_path / f"restored-{at}")
        assert verify_place(open_workplace(restored)).faults == []


def exchange_at(place: Workplace, key: str, rotated: list[int]) -> None:
    """Let somebody exchange the archive's key at the moment when the backup opens one object."""
    folder = place.archive.place
    opened = folder.open

    def open_it(asked: str) -> BinaryIO:
        if asked == key and not rotated:
            rotated.append(rotate_keys(open_at_night(place.settings.file))[0])
        return opened(asked)

    folder.open = open_it  # type: ignore[method-assign]
