"""Writes docs/licences.md: every pinned package with the licence that its own metadata states."""

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = """# Licences of what we depend on

Written by `make licences` from the packages' own metadata; a test holds that it names exactly what
`requirements.lock` pins. Medlemskoll itself is under the MIT licence.

| package | licence |
|---|---|
"""
ELSEWHERE = "not installed where this list was written (another system's)"


def list_pinned(lock: Path) -> list[str]:
    """Return the names that a lock file pins."""
    return sorted(set(re.findall(r"^([A-Za-z0-9][\w.-]*)==", lock.read_text("utf-8"), re.MULTILINE)))


def find_licence(name: str) -> str:
    """Return what a package says of its licence, in a few words."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return ELSEWHERE
    classes = told.get_all("Classifier") or ()
    classified = [c.rpartition(" :: ")[2] for c in classes if c.startswith("License ::") and c.count(" :: ") > 1]
    stated = (told.get("License") or "").strip()
    short = stated.splitlines()[0] if stated and len(stated) < 80 else ""
    return told.get("License-Expression") or ", ".join(classified) or short or "see the package"


def main() -> None:
    """Write the list."""
    lines = [f"| {name} | {find_licence(name).replace('|', '/')} |" for name in list_pinned(ROOT / "requirements.lock")]
    (ROOT / "docs" / "licences.md").write_text(HEAD + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
