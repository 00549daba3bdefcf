"""Names made to harm whatever shows them, through a whole night and out again by every way that a name can leave."""

import json
import re
from collections.abc import Iterator
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook
from sqlalchemy import text
from typer.testing import CliRunner

from flows.koll import app
from flows.nightly import _show as show_artifact
from flows.page.write import write_pages
from models.members.register import RegisterRefused, read_register
from models.storage.store import writing
from sources.register_file import read_register_file
from tests.small_world import ANNA, BO, CIA, Row, Small, total

DAY = date(2026, 6, 12)
# What ends a line, moves the cursor, turns the direction of writing, or is half a character.
HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
HTML = "<img src=x onerror=alert(1)></td><script>alert(2)</script>"
MONSTERS = {
    ANNA: f'=HYPERLINK("http://e.example";"x") {HTML} \x1b[2J\x1b]0;t\x07 \u202eBA\u2066 A\r\nBcc: x@e.example AB',
    BO: f"+\t{HTML}\x00\u2028\u0085 👨\u200d👩\u200d👧 \u200f& AB",
    CIA: "@" + "Lång " * 2_000 + "AB",
}
# What an extract may name a company and still be let in: everything here can be printed.
PRINTABLE = [
    "=1+1 AB",
    "-2+3 AB",
    "@SUM(A1) AB",
    f"{HTML} AB",
    "[bold]Rik[/bold] AB",
    "{{7*7}} ${7*7} %s %n AB",
    "👨\u200d👩 AB",
]
OUTPUTS = {
    "status": ["status"], "members": ["members", "list"], "one member": ["members", "show", ANNA],
    "alerts": ["alerts", "list"], "reviews": ["review", "list"], "quarantine": ["quarantine", "list"],
    "rules": ["rules", "check"], "match": ["match", MONSTERS[BO].replace("\0", "")], "mails": ["mails", "list"],
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """A night on which the members, as an earlier version took them in, are called what nobody is called."""
    small = Small(tmp_path_factory.mktemp("hostile"), total(), day=DAY, quiet=True)
    logged = 'log = "koll.log"\nlog_format = "json"\nmetrics = "koll.prom"'
    page = f'\n[page]\nfolder = "{small.root}/page"\n[operations]\n{logged}\n'
    config = small.root / "koll.toml"
    small.complain(ANNA, 1)
    small.complain(BO, 1, source="council")
    small.night()
    config.write_text(config.read_text("utf-8").replace("\n[alerts]", f"{page}[alerts]"), "utf-8")
    with writing(small.open().engine) as connection:
        for member, name in MONSTERS.items():
            connection.execute(
                text("UPDATE member SET legal_name = :name WHERE member = :member"), {"name": name, "member": member}
            )
    (small.root / "register" / "members.csv").unlink()
    for number, member in enumerate(MONSTERS):
        small.complain(member, 12 + 13 * number)
    for number, name in enumerate([*PRINTABLE, *(m.replace("\r\n", " ") for m in MONSTERS.values())]):
        day = date(2026, 6, 1)
        small.rows["council"][f"c-{number}"] = Row(f"c-{number}", day, name.replace("\0", ""), "")
        small.rows["council"][f"d-{number}"] = Row(f"d-{number}", day, f"{name[:30]} Anemon".replace("\0", ""), "")
    small.night(1)
    yield small


def koll(world: Small, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--config", str(world.root / "koll.toml")])
    assert not done.exception or isinstance(done.exception, SystemExit), done.exception
    return done.output


def test_nothing_of_a_name_becomes_a_header_a_tag_or_a_control_character_in_mail(world: Small) -> None:
    raw = [path.read_bytes() for path in (world.root / "mail" / "new").iterdir()]
    assert any(b"X" in one for one in raw) and len(raw) >= 2
    for content in raw:
        mail = message_from_bytes(content, policy=default)
        assert "Bcc" not in mail and not mail.defects
        assert not HARMFUL.search(str(mail["Subject"])) and len(str(mail["Subject"])) < 400
        for part in mail.walk():
            if part.get_content_maintype() == "text":
                assert not HARMFUL.search(part.get_content().replace("\r\n", "\n")), part.get_content_type()
            if part.get_content_type() == "text/html":
                soup = BeautifulSoup(part.get_content(), "lxml")
                assert not soup.find_all(["script"]) and not soup.find_all(onerror=True)
        assert max(map(len, content.split(b"\r\n" if b"\r\n" in content else b"\n"))) <= 998


def test_the_staff_page_shows_the_names_as_text(world: Small) -> None:
    write_pages(world.open())
    pages = list((world.root / "page").rglob("*.html"))
    assert pages
    for path in pages:
        content = path.read_text("utf-8")
        assert not HARMFUL.search(content), path.name
        assert not BeautifulSoup(content, "lxml").find_all(onerror=True)
        assert "alert(2)</script" not in content


@pytest.mark.parametrize("words", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_the_terminal_is_not_moved(world: Small, words: list[str]) -> None:
    assert not HARMFUL.search(koll(world, *words))


@pytest.mark.parametrize("what", ["complaints", "counts", "alerts", "mails", "quarantine", "reviews", "runs"])
def test_exports_are_text_and_not_formulas(world: Small, what: str) -> None:
    path = world.root / f"out-{what}.xlsx"
    koll(world, "export", what, "--format", "xlsx", "-o", str(path))
    for row in load_workbook(path).active.iter_rows():
        for cell in row:
            assert cell.data_type != "f" and not HARMFUL.search(str(cell.value or "").replace("\r\n", "\n")), cell.value
            assert not str(cell.value or "").startswith(("=", "+", "@")), cell.value
    koll(world, "export", what, "--format", "csv", "-o", str(path))
    assert not re.search(r"(?m)(?:^|[;,])\"?[=+@]", path.read_text("utf-8-sig"))
    for line in koll(world, "export", what, "--format", "jsonl").splitlines():
        json.loads(line)
        assert not HARMFUL.search(line)


def test_the_review_workbook_runs_nothing_and_comes_back(world: Small) -> None:
    path = world.root / "review.xlsx"
    koll(world, "review", "export", "-o", str(path))
    rows = list(load_workbook(path).worksheets[0].iter_rows())
    assert rows
    for row in rows:
        for cell in row:
            assert cell.data_type != "f" and not HARMFUL.search(str(cell.value or "")), cell.value


def test_logs_metrics_and_artifacts_are_one_line_each_without_a_name(world: Small) -> None:
    for line in [*world.lines, *(world.root / "koll.log").read_text("utf-8").splitlines()]:
        assert not HARMFUL.search(line)
        assert "alert(1)" not in line and "Bcc" not in line
    for line in (world.root / "koll.log").read_text("utf-8").splitlines():
        json.loads(line)
    metrics = (world.root / "koll.prom").read_text("utf-8")
    assert metrics and not HARMFUL.search(metrics) and "Bcc" not in metrics and "<img" not in metrics
    for fared in world.night(1).nights:
        assert not HARMFUL.search("".join(show_artifact(fared).values()))


@pytest.mark.parametrize("name", ["\u202eBA AB", "A\u2066B AB", "A\x1b[2J AB", "A\x00B AB", "\ufffd AB", "L" * 10_000])
def test_the_register_refuses_a_name_that_harms_what_shows_it(tmp_path: Path, name: str) -> None:
    book = f'org_number,legal_name\n{ANNA},"{name}"\n'
    (tmp_path / "members.csv").write_text(book, "utf-8")
    with pytest.raises(RegisterRefused) as refused:
        read_register(*read_register_file(tmp_path), b"key")
    assert "line 2: legal_name" in str(refused.value) and name not in str(refused.value)
