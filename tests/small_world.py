"""A small installation to run real nights on: one authority's extract, another's, a tip box, and a clock to set."""

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from sqlmodel import Session

from flows.alerts.settling import send_mail
from flows.looking.exports import EXPORTS, Asked
from flows.night import Night, run_ingest, run_night
from flows.workplace import Workplace, open_workplace
from models.alerting.ledger.ledger import AlertEvent
from models.alerting.tables import read_ledger
from models.storage.store import upgrade

ANNA, BO, CIA = "5590000013", "5590000021", "5590000039"
NAMES = {ANNA: "Anemon Telefoni AB", BO: "Blåklint Värme AB", CIA: "Cikoria Resor AB"}
STRANGER = ("Ingenstans Handel AB", "")
FIRST_DAY = date(2025, 1, 1)

BASE = """
[association]
name = "Kontakta"
language = "{language}"
[database]
url = "sqlite:///{root}/koll.db"
[archive]
path = "{root}/archive"
[register]
path = "{root}/register"
[mail]
charts = false
{smtp}
maildir = "{root}/mail"
from = "koll@example.org"
[mail.groups]
ethics = {people}
operators = ["drift@example.org"]
[alerts]
{alerts}
"""
SOURCE = """
[sources.{name}]
kind = "extract"
folder = "{root}/{name}"
rows = [1, 100000]
max_age_days = 10
[sources.{name}.columns]
source_id = "Nr"
received_on = "Inkom"
company = "Företag"
org_number = "Orgnr"
channel = "Kanal"
[sources.{name}.channels]
"Telefon" = "phone"
"Annat" = "other"
"""
TIPS = """
[sources.tips]
kind = "tips"
maildir = "{root}/inbox"
rows = [0, 500]
max_age_days = 1
"""
TOTAL = """
[[rule]]
id = "total"
type = "limit"
sources = ["agency", "council"]
window = {{ rolling_days = 365 }}
levels = {levels}
to = ["ethics"]
next_step = "notice"
"""


def total(levels: Sequence[int] = (10, 25, 50, 100)) -> str:
    return TOTAL.format(levels=list(levels))


@dataclass(frozen=True)
class Row:
    number: str
    day: date
    company: str
    org_number: str
    channel: str = "Annat"


class Small:
    """One installation. ``rows`` by source are what its next file will hold; a night delivers and runs."""

    def __init__(self, root: Path, rules: str, *, day: date, quiet: bool = False, **more: str) -> None:
        self.root, self.day, self.more = root, day, more
        self.lines: list[str] = []
        self.written = 0
        self.rows: dict[str, dict[str, Row]] = {"agency": {}, "council": {}}
        self.first_day = min(FIRST_DAY, day - timedelta(days=420))
        for folder in ("agency", "council", "inbox", "register"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.name_members(NAMES)
        self.configure(rules)
        for number in range(0 if quiet else 400):
            for source in self.rows:
                self._put(source, day - timedelta(days=400 - number), *STRANGER)
        self.background = not quiet

    def name_members(self, names: dict[str, str]) -> None:
        self.list_members([(number, name, "") for number, name in names.items()])

    def list_members(
        self, members: Sequence[tuple[str, str, str]], names: Sequence[tuple[str, str, str, str, str]] = ()
    ) -> None:
        """Write the register: (number, legal name, left on) of members, and what else they are known by."""
        tables = {
            "members.csv": [("org_number", "legal_name", "left_on"), *members],
            "names.csv": [("org_number", "kind", "value", "valid_from", "valid_to"), *names],
        }
        for name, rows in tables.items():
            with (self.root / "register" / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(rows)

    def configure(self, rules: str, **more: str) -> None:
        self.more |= more
        values = {"root": self.root, "language": "sv", "smtp": "", "people": '["etik@example.org"]', "alerts": ""}
        text = BASE + SOURCE.replace("{name}", "agency") + SOURCE.replace("{name}", "council") + TIPS
        (self.root / "koll.toml").write_text(text.format(**values | self.more) + rules, "utf-8")

    def _put(self, source: str, day: date, company: str, org_number: str, channel: str = "Annat") -> str:
        self.written += 1
        number = f"{source[0]}-{self.written:05}"
        self.rows[source][number] = Row(number, day, company, org_number, channel)
        return number

    def complain(
        self, member: str, count: int = 1, *, day: date | None = None, channel: str = "Annat", source: str = "agency"
    ) -> list[str]:
        """Let so many complaints about a member be in the next file, dated yesterday unless ``day`` says otherwise."""
        when = day or self.day - timedelta(days=1)
        return [self._put(source, when, NAMES[member], member, channel) for _ in range(count)]

    def move(self, numbers: Sequence[str], member: str, source: str = "agency") -> None:
        self.rename(numbers, NAMES[member], member, source)

    def rename(self, numbers: Sequence[str], company: str, org_number: str, source: str = "agency") -> None:
        for number in numbers:
            self.rows[source][number] = replace(self.rows[source][number], company=company, org_number=org_number)

    def drop(self, numbers: Sequence[str], source: str = "agency") -> None:
        for number in numbers:
            del self.rows[source][number]

    def deliver(self, source: str, *, only: int | None = None) -> None:
        """Write the source's whole file up to yesterday; ``only`` so many of its rows."""
        through = self.day - timedelta(days=1)
        shutil.rmtree(self.root / source)
        (self.root / source).mkdir()
        rows = [row for row in self.rows[source].values() if row.day <= through]
        path = self.root / source / f"utdrag_{min([self.first_day, *(r.day for r in rows)])}_{through}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(("Nr", "Inkom", "Företag", "Orgnr", "Kanal"))
            for row in sorted(rows, key=lambda row: row.day)[:only]:
                writer.writerow((row.number, row.day, row.company, row.org_number, row.channel))

    def night(self, days: int = 0, *, late: Sequence[str] = ()) -> Night:
        """Go on by ``days``, deliver from every source that is not late, and run the night."""
        for _ in range(days):
            self.day += timedelta(days=1)
            if self.background:
                for source in self.rows:
                    self._put(source, self.day - timedelta(days=1), *STRANGER)
        for source in self.rows:
            if source not in late:
                self.deliver(source)
        return self.run()

    def run(self, hour: int = 3) -> Night:
        return run_night(self.open(hour), (), self.day, self.lines.append)

    def ingest(self, source: str, **more: object) -> Night:
        return run_ingest(self.open(), source, self.day, self.lines.append, **more)

    def open(self, hour: int = 3) -> Workplace:
        place = open_workplace(self.root / "koll.toml", check=False)
        upgrade(place.engine)
        place.clock = lambda: datetime.combine(self.day, time(hour, 15), UTC)
        return place

    def send(self, hour: int) -> object:
        return send_mail(self.open(hour), self.lines.append)

    def tip(self, name: str, message: EmailMessage | bytes) -> None:
        content = message if isinstance(message, bytes) else bytes(message)
        (self.root / "inbox" / f"{name}.eml").write_bytes(content)

    def export(self, what: str) -> list[dict]:
        return list(EXPORTS[what](self.open(), Asked()))

    def ledger(self) -> list[AlertEvent]:
        with Session(self.open().engine) as session:
            return read_ledger(session.connection())

    def told(self, since: int = 0) -> list[str]:
        """Return why mail went out, rule by rule, for the events after the first ``since``."""
        return [f"{e.rule_id} {e.reason}" for e in self.ledger()[since:] if e.tells]

    def mails(self) -> list[EmailMessage]:
        """Return the mails that are out, oldest first."""
        paths = sorted((self.root / "mail" / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=default) for path in paths]  # type: ignore[misc]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return " ".join(body.get_content().split())
