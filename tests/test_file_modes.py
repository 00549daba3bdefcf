"""Every file that a night or a command leaves is its owner's alone; the doctor tells what is not.

Started under umask 000, which any other can only narrow: what is private here is so under 022 too.
"""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.upkeep.safety import examine_safety
from tests.demo_world import World
from tests.leak_places import MEMBER

ROOT = Path(__file__).parent.parent
READ_BY_OTHERS = {"metrics/koll.prom"}  # the node exporter runs as another user; what it says names nobody
DOCUMENTED = (0o600, 0o640, 0o700, 0o750)
# What a person can ask for, each as the command itself starts.
COMMANDS = (
    "export complaints -o out/complaints.jsonl", "export mails --format csv -o out/mails.csv",
    "export quarantine --format xlsx -o out/quarantine.xlsx", "backup out/backup.tar",
    "review export -o out/review.xlsx", f"case dossier {MEMBER} -o out/dossier",
    f"declarations form {MEMBER} -o out/form.xlsx", "subject export saga@fabel.example -o out/hers.zip",
    "page", "archive rotate", "status", "doctor",
)  # fmt: skip
SCRIPT = """
import os, shlex, sys
from pathlib import Path
os.umask(0)
from flows import koll
from flows.demo.case import move_case
from flows.demo.nights import NIGHTS, deliver_day, lay_out, serve_sites, write_config
from flows.night import run_night
from flows.workplace import open_workplace
from models.storage.store import upgrade
root, lines = Path(sys.argv[1]), sys.argv[2:]
lay_out(root)
with serve_sites(root) as addresses:
    config = write_config(root, addresses)
    place = open_workplace(config, check=False)
    upgrade(place.engine)
    deliver_day(root, 1)
    run_night(place, (), NIGHTS[1], lambda _line: None)
    move_case(place, 1, lambda _line: None)
place.engine.dispose()
os.chdir(root)
(root / "out").mkdir(mode=0o700)
for line in lines:
    os.umask(0)  # each begins as a shell would start it
    sys.argv = ["koll", *shlex.split(line), "--config", "koll.toml"]
    try:
        koll.main()
    except SystemExit as ended:
        if ended.code and shlex.split(line)[0] != "doctor":
            sys.exit(f"{line} ended with {ended.code}")
"""


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The demo's world after a night and all the commands."""
    root = tmp_path_factory.mktemp("modes") / "world"
    environ = {
        **os.environ, "PYTHONPATH": str(ROOT), "KOLL_OPERATIONS_LOG": "koll.log",
        "KOLL_OPERATIONS_METRICS": "metrics/koll.prom", "KOLL_MAIL_CHARTS": "false",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", SCRIPT, root, *COMMANDS], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    yield root


def list_open(root: Path) -> list[str]:
    found = [path for path in root.rglob("*") if stat.S_IMODE(path.lstat().st_mode) not in DOCUMENTED]
    return sorted(f"{stat.S_IMODE(path.lstat().st_mode):o} {path.relative_to(root)}" for path in found)


def test_nothing_that_was_written_can_be_read_by_others(left: Path) -> None:
    made = {path.name for path in left.rglob("*")}
    assert {"koll.db", "hash.key", "archive.key", "koll.log", "backup.tar", "hers.zip", "review.xlsx"} <= made
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    assert [line for line in list_open(left) if line.partition(" ")[2] not in READ_BY_OTHERS] == []


def test_the_doctor_has_nothing_to_say_of_files_and_tells_each_that_is_opened(left: Path) -> None:
    place = World(left, left / "koll.toml").open()
    bad = [one for one in examine_safety(place, {}) if not one["ok"]]
    assert bad == []
    for name in ("koll.db", "koll.toml", "archive/hash.key", "archive/archive.key", "register", "mail", "inbox",
                 "extracts", "declarations", "page", "data-docs"):  # fmt: skip
        path = left / name
        before = path.stat().st_mode
        path.chmod(before | 0o004)
        bad = [one for one in examine_safety(place, {}) if not one["ok"]]
        path.chmod(before)
        assert len(bad) == 1 and str(path) in bad[0]["found"] and str(path) in bad[0]["do"], name
