"""A cold install plus the demo, as on a fresh machine: clone, `make demo`, seconds.

python -m bench.cold
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)  # noqa: S607
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("KOLL_", "PREFECT_"))}
        environ["PREFECT_HOME"] = str(Path(folder) / "prefect")
        for what in ("install", "demo"):
            started = time.perf_counter()
            subprocess.run(["make", what], cwd=clone, env=environ, check=True, stdout=subprocess.DEVNULL)  # noqa: S607
            print(f"make {what}: {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
