"""The demo's world for tests: laid out in a folder, its sites served on loopback, nights run without Prefect."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from flows.demo.nights import NIGHTS, deliver_day, lay_out, serve_sites, write_config
from flows.looking.exports import EXPORTS, Asked
from flows.night import Night, run_ingest, run_night
from flows.workplace import Workplace, open_workplace
from models.storage.store import upgrade

FIRST, SECOND, THIRD = NIGHTS.values()


class World:
    """One installation on the demo's world."""

    def __init__(self, root: Path, config: Path) -> None:
        self.root = root
        self.config = config
        self.lines: list[str] = []

    def open(self) -> Workplace:
        place = open_workplace(self.config, check=False)
        upgrade(place.engine)
        return place

    def night(self, day: date, *only: str) -> Night:
        return run_night(self.open(), only, day, self.lines.append)

    def ingest(self, source: str, day: date = THIRD, **more: object) -> Night:
        return run_ingest(self.open(), source, day, self.lines.append, **more)

    def export(self, what: str, **asked: object) -> list[dict]:
        return list(EXPORTS[what](self.open(), Asked(**asked)))

    def mails(self) -> list[Path]:
        return sorted((self.root / "mail" / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns)

    def three_nights(self) -> None:
        for number, day in NIGHTS.items():
            deliver_day(self.root, number)
            self.night(day)


@contextmanager
def demo_world(root: Path, database_url: str | None = None, *, page: bool = False) -> Iterator[World]:
    """``page``: with the staff page, whose charts take longer than a night."""
    lay_out(root)
    before = os.environ.get("KOLL_DATABASE_URL")
    if database_url:
        os.environ["KOLL_DATABASE_URL"] = database_url
    try:
        with serve_sites(root) as addresses:
            config = write_config(root, addresses)
            if not page:
                text = config.read_text("utf-8").replace("[page]\nfolder", "[page]\n# folder")
                config.write_text(text.replace("[mail]\n", "[mail]\ncharts = false\n"), "utf-8")
            yield World(root, config)
    finally:
        if before is None:
            os.environ.pop("KOLL_DATABASE_URL", None)
        else:
            os.environ["KOLL_DATABASE_URL"] = before


def expected() -> dict:
    return json.loads((Path(__file__).parent.parent / "samples" / "expected.json").read_text("utf-8"))
