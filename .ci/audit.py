"""Are there known vulnerabilities in what we pin? Asked where the database can be reached, said plainly where not.

Part of ``make lint``, where it never fails the build: a finding is somebody's work, not the build's. ``--strict``
(``make audit``) ends with 1 when there is one, and with 2 when nothing could be asked.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60  # for all of it; a network that swallows questions is no reason to wait


def ask(lock: Path) -> list[dict[str, object]] | None:
    """Return the packages that have vulnerabilities, or None when the database could not be asked."""
    words = ["-r", str(lock), "--require-hashes", "--disable-pip", "--format", "json", "--timeout", "5"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", *words],
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        told = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError, OSError):
        return None
    return [one for one in told["dependencies"] if one.get("vulns")]


def main() -> int:
    """Ask and tell."""
    found = ask(ROOT / "requirements.lock")
    if found is None:
        print("audit: the vulnerability database cannot be reached from here; nothing was checked")
    for one in found or []:
        ids = ", ".join(vulnerability["id"] for vulnerability in one["vulns"])  # type: ignore[attr-defined]
        print(f"audit: {one['name']} {one['version']} has known vulnerabilities: {ids}")
    if found == []:
        print("audit: no known vulnerability in what is pinned")
    strict = "--strict" in sys.argv[1:]
    return (2 if found is None else int(bool(found))) if strict else 0


if __name__ == "__main__":
    sys.exit(main())
