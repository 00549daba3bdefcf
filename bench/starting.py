"""How long commands that only look take from a cold start, and whether they import what takes long.

Beside each the same for a bare ``import sqlalchemy``, which none can do without. As `make install` leaves it: with
bytecode at hand.

python -m bench.starting [--times 3]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.quiet_night import lay_out

COMMANDS = (
    "--help", "status", "export complaints", "export counts", "export alerts", "export reviews", "members list",
    "quarantine list", "review list", "tips list", "alerts list", "case list", "declarations status", "source list",
    "match Norrsken", "verify", "doctor",
)  # fmt: skip
HEAVY = ("prefect", "great_expectations", "pandas", "numpy", "bs4", "openpyxl", "requests", "cryptography", "alembic")
BARE = "import sqlalchemy"
_SCRIPT = (
    "import sys; from flows.koll import main\n"
    "try: main()\n"
    "except SystemExit: pass\n"
    f"sys.stderr.write(' '.join(sorted(set({HEAVY!r}) & set(sys.modules))))"
)


def time_python(script: str, words: list[str], compiled: Path) -> tuple[float, float, str]:
    """Return seconds by the clock and of processor time, and what the script says last on standard error.

    Bytecode lies in ``compiled`` from the first run on, whatever the environment says of writing any.
    """
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept = {**given, "PYTHONPYCACHEPREFIX": str(compiled)}
    before, started = os.times(), time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True, env=kept)
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - started, cpu, done.stderr.splitlines()[-1] if done.stderr else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="of which the fastest counts; the first compiles")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lay_out(root, "http://127.0.0.1:1", 1000)
        from flows.workplace import open_workplace
        from models.storage.store import upgrade

        upgrade(open_workplace(root / "koll.toml", check=False).engine)
        bare = min(time_python(BARE, [], root / "compiled")[1] for _ in range(times))
        print(f"{'koll ...':<20}{'seconds':>9}{'of CPU':>9}{'x bare':>9}  imported of {', '.join(HEAVY)}")
        for command in COMMANDS:
            config = [] if command in ("--help", "source list") else ["--config", str(root / "koll.toml")]
            runs = [time_python(_SCRIPT, [*command.split(), *config], root / "compiled") for _ in range(times)]
            cpu = min(run[1] for run in runs)
            took = f"{min(run[0] for run in runs):>9.2f}{cpu:>9.2f}{cpu / bare:>9.1f}"
            print(f"{command:<20}{took}  {runs[0][2] or 'none'}")
        print(f"{BARE:<29}{bare:>9.2f}{1:>9.1f}")


if __name__ == "__main__":
    main()
