"""Forgetting by period, each kind by its own; what an open case needs is held; figures stay."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from flows.demo.nights import deliver_day
from flows.koll import app
from flows.privacy.retention import find_due, run_retention
from flows.workplace import Workplace
from models.cases.chain import append_step
from models.cases.steps import Step, StepKind
from models.storage.store import writing
from models.storage.tables import Complaint, ComplaintText, EventLink, OutboxRow, QuarantineItem
from tests.demo_world import FIRST, THIRD, World, demo_world

COMPLAINT, TEXT, QUARANTINE = Complaint.__table__, ComplaintText.__table__, QuarantineItem.__table__
NORRSKEN = "4491024172"


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with demo_world(tmp_path_factory.mktemp("retention") / "world") as laid_out:
        deliver_day(laid_out.root, 1)
        laid_out.night(FIRST)
        yield laid_out


@pytest.fixture
def world(first_night: World, tmp_path: Path) -> World:
    """A copy of a world after its first night; its sites go on being served."""
    shutil.copytree(first_night.root, tmp_path / "world")
    config = tmp_path / "world" / "koll.toml"
    config.write_text(config.read_text("utf-8").replace(str(first_night.root), str(tmp_path / "world")), "utf-8")
    return World(tmp_path / "world", config)


def opened(world: World, days: int) -> Workplace:
    """The installation so many days after its first night."""
    place = world.open()
    place.clock = lambda: datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(days=days, hours=2)
    return place


def count(place: Workplace, table: Any) -> int:
    with place.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def mails_held(place: Workplace) -> list[str]:
    items = {i.sha256 for r in place.archive.readings("tips") for i in r.items if i.media_type == "message/rfc822"}
    return [sha256 for sha256 in items if place.archive.holds(sha256)]


def test_everything_is_kept_through_its_period_and_forgotten_after_it(database_url: str, tmp_path: Path) -> None:
    with demo_world(tmp_path / "world", database_url) as world:
        deliver_day(world.root, 1)
        world.night(FIRST)
        check_periods(world)


def check_periods(world: World) -> None:
    figures = world.export("counts")
    early = run_retention(opened(world, 20), who="test")
    assert early.pop("texts") and not any(early.values()), "only decisions that are years old"
    late = opened(world, 5_000)
    before = {"texts": count(late, TEXT), "mails": len(mails_held(late))}
    assert before["texts"] and before["mails"]
    promised = run_retention(late, who="test", dry_run=True)
    assert count(late, TEXT) == before["texts"], "a dry run does nothing"
    done = run_retention(late, who="test")
    assert done == promised and {name: done[name] for name in before} == before
    assert done["quarantine"] and done["hashes"] and done["sent"]
    assert count(late, TEXT) == 0 and not mails_held(late)
    with late.engine.connect() as connection:
        assert not any(item.draft for item in connection.execute(select(QUARANTINE)))
        tips = connection.execute(select(COMPLAINT.c.facts).where(COMPLAINT.c.kind == "tip")).scalars()
        assert all(set(facts) <= {"domains"} for facts in tips)
        sent = connection.execute(select(OutboxRow.__table__)).all()
        assert sent and not any(row.recipient or row.message for row in sent)
    assert not any(run_retention(late, who="test").values()), "the second time there is nothing left"
    assert [checked.fault for checked in late.archive.verify() if checked.fault] == []
    assert world.export("counts") == figures
    assert [row["what"] for row in world.export("audit")].count("retention.run") == 2


def test_a_later_night_and_a_replay_work_on_and_bring_nothing_back(world: World) -> None:
    run_retention(opened(world, 5_000), who="test")
    complaints = world.export("complaints")
    for source in ("tips", "dm_namnden", "konsumentverket"):
        again = world.ingest(source, FIRST, replay=True)
        assert not again.broken, again.sum_up()
    assert world.export("complaints") == complaints
    night = world.night(FIRST)
    assert [broken.source for broken in night.broken] == ["dm_gamla_arkivet"]
    assert world.export("complaints") == complaints
    assert not mails_held(world.open())


def test_what_is_still_published_is_not_forgotten(world: World) -> None:
    place = opened(world, 5_000)
    with place.engine.connect() as connection:
        due = find_due(place, connection)
    listed = {item.sha256 for item in place.archive.last_reading("dm_namnden").items}  # type: ignore[union-attr]
    assert listed and not listed & due.objects["pages"]


def test_a_page_that_was_taken_down_is_forgotten_after_its_period(world: World) -> None:
    gone = next(i for i in world.open().archive.last_reading("dm_namnden").items if i.role == "record")  # type: ignore[union-attr]
    pages = [page for page in (world.root / "site" / "nixnamnden").rglob("*") if page.is_file()]
    assert pages
    place = opened(world, 5_000)
    place.settings.sources.pop("dm_namnden")  # no longer read, so what it listed once is old now
    with place.engine.connect() as connection:
        assert gone.sha256 in find_due(place, connection).objects["pages"]


def test_an_open_case_holds_its_members_words_until_it_is_closed(world: World) -> None:
    place = opened(world, 5_000)
    with place.engine.connect() as connection:
        mine = select(func.count()).select_from(
            TEXT.join(COMPLAINT, (TEXT.c.source == COMPLAINT.c.source) & (TEXT.c.source_id == COMPLAINT.c.source_id))
        ).where(COMPLAINT.c.recorded_to.is_(None) & (COMPLAINT.c.member == NORRSKEN))  # fmt: skip
        held = connection.execute(mine).scalar_one()
        raws = set(connection.execute(select(COMPLAINT.c.raw_sha256).where(COMPLAINT.c.member == NORRSKEN)).scalars())
    assert held
    notice = Step(StepKind.NOTICE, FIRST, who="anna", why="test", at=place.clock())
    with writing(place.engine) as connection:
        append_step(connection, NORRSKEN, 1, notice, None)
    run_retention(place, who="test")
    assert count(place, TEXT) == held
    assert all(place.archive.holds(sha256) for sha256 in raws)


def test_what_was_one_event_stays_one_when_its_words_are_forgotten(tmp_path: Path) -> None:
    with demo_world(tmp_path / "world") as world:
        world.three_nights()
        links = EventLink.__table__
        place = world.open()
        with place.engine.connect() as connection:
            before = connection.execute(select(links.c.id).where(links.c.recorded_to.is_(None))).scalars().all()
        assert before
        figures = world.export("counts", as_of=THIRD)
        run_retention(opened(world, 5_000), who="test")
        world.night(THIRD)
        with place.engine.connect() as connection:
            after = connection.execute(select(links.c.id).where(links.c.recorded_to.is_(None))).scalars().all()
        assert after == before
        assert world.export("counts", as_of=THIRD) == figures


def test_the_command_says_what_it_would_do_and_then_does_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLL_RETENTION_TEXTS_DAYS", "1")
    monkeypatch.setenv("KOLL_RETENTION_MAILS_DAYS", "1")
    words = ("retention", "run", "--config", str(world.config))
    told = CliRunner().invoke(app, [*words, "--dry-run"])
    assert told.exit_code == 0 and "would forget: " in told.output and "mails" in told.output
    assert count(world.open(), TEXT)
    assert CliRunner().invoke(app, [*words]).output == told.output.replace("would forget", "forgotten")
    assert CliRunner().invoke(app, [*words]).output == "forgotten: nothing\n"
    assert count(world.open(), TEXT) <= 1, "only what tells no day of its own, and so was received today"
