"""A night with 10,000 mails in the tip inbox: from the files to counted tips, then the same night again.

The mails are the 160 invented tips, each many times over with another sender, day and number in it, and one in ten an
automatic answer. ``--mails N`` for another number.
"""

import argparse
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from sqlalchemy import func, select

from bench.tip_set import FOLDER, HALVES, load_members, load_tips
from flows.night import run_ingest
from flows.workplace import Workplace, open_workplace
from models.storage.store import upgrade
from models.storage.tables import Complaint

_CONFIG = """
[association]
name = "Mätning"
[database]
url = "sqlite:///koll.db"
[register]
path = "{register}"
[mail]
from = "koll@forbund.example"
[sources.tips]
kind = "tips"
maildir = "inbox"
rows = [0, 1000000]
"""


def write_mails(folder: Path, count: int) -> None:
    """Write so many mails as .eml files."""
    known = load_members(b"key")
    tips = [tip for half in HALVES for tip in load_tips(half, known)]
    for number in range(count):
        tip = tips[number % len(tips)]
        mail = EmailMessage()
        mail["From"] = f"Myra Hittepå <myra{number}@brevlada.example>"
        mail["Date"] = format_datetime(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * number))
        mail["Message-ID"] = f"<{number}@brevlada.example>"
        mail["Subject"] = tip.subject
        if number % 10 == 9:
            mail["Auto-Submitted"] = "auto-replied"
        mail.set_content(f"{tip.text}\n\nMitt kundnummer är {7_000_000 + number}.")
        (folder / f"{number:06}.eml").write_bytes(bytes(mail))


def run(place: Workplace) -> float:
    """Run the source once; return the seconds it took."""
    started = time.perf_counter()
    night = run_ingest(place, "tips", datetime(2027, 6, 1, tzinfo=UTC).date(), lambda _line: None)
    (fared,) = night.nights
    print(f"  {fared.verdict}: {fared.new} new, {fared.set_aside} set aside, {fared.quarantined} quarantined", end="")
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=2_000)
    count = parser.parse_args().mails
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        (folder / "inbox").mkdir()
        (folder / "koll.toml").write_text(_CONFIG.format(register=FOLDER / "register"), "utf-8")
        write_mails(folder / "inbox", count)
        place = open_workplace(folder / "koll.toml", check=False)
        upgrade(place.engine)
        for name in ("first", "again"):
            seconds = run(place)
            print(f"; {name} {seconds:.1f} s, {count / seconds:,.0f} mails a second")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table = Complaint.__table__  # type: ignore[attr-defined]
        with place.engine.connect() as connection:
            rows = connection.execute(select(func.count()).select_from(table).where(table.c.recorded_to.is_(None)))
            print(f"  {rows.scalar_one():,} tips stored, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
