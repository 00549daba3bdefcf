"""A reading cut into parts that are parsed, judged, linked and staged apart, on other processes or other machines.

What a part comes to does not depend on the others: repeats and contradictions are looked for within one file, and the
same file is never in two parts. The parts are taken over in the order of their items, so that the result is the same
to the byte whatever their number and whichever is ready first. Rows go from the worker to PostgreSQL by COPY and from
there into the one merge; only what is odd travels back.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, text

from expectations.judge import Judge, JudgedShare
from flows.intake.keeping import Keeper
from flows.intake.linking import Linker
from flows.intake.quarantine import load_repairs
from flows.intake.reading import Order, load_open_ids
from flows.intake.rows import ItemBroken, take_rows
from flows.workplace import Workplace
from models.storage.stage import Stage
from sources.contract import RawItem, SourceBroken
from sources.registry import build_source

_LEFT = "koll_part_"  # how the tables begin in which parts are handed over


@dataclass(frozen=True)
class Part:
    """Some objects of a reading, with their numbers among all that are read."""

    source: str
    order: Order
    now: datetime
    items: tuple[RawItem, ...]
    numbers: tuple[int, ...]
    place: int  # among the parts, from 1
    of: int

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.source}, part {self.place} of {self.of}"


@dataclass(frozen=True)
class PartRead:
    """What came of a part: its rows lie in ``table``; ``broken`` is the object that could not be parsed, and why."""

    table: str
    judged: JudgedShare
    keeper: Keeper
    reasons: dict[str, dict[str, object]] = field(default_factory=dict)
    broken: tuple[RawItem, str, str] | None = None


@dataclass(frozen=True)
class Spread:
    """How a reading is spread: over at most so many parts, and what reads them, giving them in their order."""

    most: int
    read: Callable[[Sequence[Part]], Generator[PartRead, None, None]]


def cut(order: Order, source: str, now: datetime, fresh: Sequence[RawItem], most: int) -> list[Part]:
    """Cut what is to be read into at most so many parts of neighbours; a file that is there twice stays together."""
    places: dict[str, list[int]] = {}
    for at, item in enumerate(fresh):
        places.setdefault(item.sha256, []).append(at)
    files = list(places.values())
    count = min(most, len(files))
    parts = []
    for place in range(count):
        some = files[place * len(files) // count : (place + 1) * len(files) // count]
        at_all = [at for those in some for at in those]
        items, numbers = tuple(fresh[at] for at in at_all), tuple(at + 1 for at in at_all)
        parts.append(Part(source, replace(order, spread=None), now, items, numbers, place + 1, count))
    return parts


def read_part(place: Workplace, part: Part, linker: Linker) -> PartRead:
    """Parse, judge, link and stage one part, and leave its rows in a table. Done twice, it leaves two tables."""
    source = build_source(part.source, place.settings, place.hash_key, public=linker.public)
    table = f"{_LEFT}{uuid4().hex}"
    with place.engine.connect() as connection, connection.begin():
        stage = Stage(connection, part.source, part.order.run_id, part.now)
        repairs = load_repairs(connection, part.source)
        keeper = Keeper(
            part.source,
            part.order.run_id,
            part.now,
            part.items,
            by_period=source.info.kind == "extract",
            repairs=repairs,
            open_ids=load_open_ids(connection, part.source),
            numbers=part.numbers,
        )
        info, day = source.info, part.order.business_date
        judge = Judge(part.source, info.kind, checks=info.checks, rows=source.bounds.rows, business_date=day)
        try:
            take_rows(place, source, part.items, judge, linker, keeper, stage, repairs)
        except ItemBroken as broken:
            told = (broken.item, broken.fault.code, str(broken.fault))
            return PartRead("", judge.share(), keeper, broken=told)
        stage.hand_over(table)
    return PartRead(table, judge.share(), keeper, linker.reasons)


def take_parts(
    spread: Spread, parts: Sequence[Part], judge: Judge, linker: Linker, keeper: Keeper, stage: Stage
) -> None:
    """Let the parts be read, and take each over. Raises ItemBroken at the first object that could not be parsed."""
    with closing(spread.read(parts)) as reads:
        for read in reads:
            if read.broken:
                item, code, message = read.broken
                raise ItemBroken(item, SourceBroken(code, message.removesuffix(f" [{code}]")))
            judge.take_over(read.judged)
            linker.reasons.update(read.reasons)
            keeper.take_over(read.keeper)
            stage.take_over(read.table)


def drop_left_parts(connection: Connection) -> None:
    """Drop what a run that ended early has left behind; the lock must be held."""
    if connection.dialect.name == "postgresql":
        asked = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND starts_with(tablename, :begin)"
        for name in connection.execute(text(asked), {"begin": _LEFT}).scalars().all():
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
