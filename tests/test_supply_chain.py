"""What is installed is what is pinned, by hash; what is known of it is told; its licences are written down."""

import importlib.util
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = (ROOT / "requirements.lock", ROOT / "bench" / "requirements.lock")
NOBODY = "http://127.0.0.1:9"


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.parent.name)
def test_every_pin_has_a_version_and_hashes_and_no_place_of_its_own(lock: Path) -> None:
    text = re.sub(r"\\\n", " ", lock.read_text("utf-8"))
    pins = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(pins) > 10
    for pin in pins:
        assert re.match(r"[A-Za-z0-9][\w.-]*==\S+ ", pin) and re.search(r"--hash=sha256:[0-9a-f]{64}", pin), pin[:80]
        assert "://" not in pin, "a package comes from the index that is configured, not from an address"


def test_nothing_is_installed_without_its_hash_being_looked_at() -> None:
    """Wherever a lock is installed, hashes are required; what is installed without is our own checkout."""
    for path in (ROOT / "Makefile", ROOT / "deploy" / "Containerfile", ROOT / ".ci" / "run"):
        for line in path.read_text("utf-8").splitlines():
            if "pip install" in line and "uv pip" not in line:
                assert ("--require-hashes" in line and "requirements.lock" in line) or line.rstrip().endswith("-e ."), (
                    line
                )


def test_what_runs_here_is_what_is_pinned() -> None:
    pinned: dict[str, set[str]] = {}  # several of one, where Pythons differ
    for name, wanted in re.findall(r"^([\w.-]+)==(\S+)", LOCKS[0].read_text("utf-8"), re.MULTILINE):
        pinned.setdefault(name, set()).add(wanted)
    wrong = {}
    for name, wanted in pinned.items():
        try:
            if version(name) not in wanted:
                wrong[name] = (version(name), wanted)
        except PackageNotFoundError:
            continue  # another system's
    assert wrong == {}


def test_without_the_database_of_vulnerabilities_that_is_said_and_nothing_fails_but_the_strict() -> None:
    away = {**os.environ, **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "https_proxy", "http_proxy"), NOBODY)}
    away.pop("NO_PROXY", None)
    for words, code in (((), 0), (("--strict",), 2)):
        done = subprocess.run(
            [sys.executable, ROOT / ".ci" / "audit.py", *words], env=away, capture_output=True, text=True
        )
        assert done.returncode == code and "cannot be reached from here; nothing was checked" in done.stdout


def test_a_vulnerability_is_told_by_name_version_and_id(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = load_script("audit")
    bad = [{"name": "stenåldern", "version": "1.0", "vulns": [{"id": "PYSEC-1"}, {"id": "CVE-2"}]}]
    monkeypatch.setattr(audit, "ask", lambda _lock: bad)
    monkeypatch.setattr(sys, "argv", ["audit.py", "--strict"])
    assert audit.main() == 1
    assert "stenåldern 1.0 has known vulnerabilities: PYSEC-1, CVE-2" in capsys.readouterr().out


def test_the_licences_are_those_of_what_is_pinned() -> None:
    licences = load_script("licences")
    text = (ROOT / "docs" / "licences.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| ([\w.-]+) \| (.+) \|$", text, re.MULTILINE))
    listed.pop("package")
    assert sorted(listed) == licences.list_pinned(LOCKS[0]), "run `make licences`"
    found = {name: licences.find_licence(name).replace("|", "/") for name in listed}
    there = {name for name in listed if licences.ELSEWHERE not in (listed[name], found[name])}
    assert {name: listed[name] for name in there} == {name: found[name] for name in there}, "run `make licences`"
    # Ours is MIT: nothing that it is made with may ask for our own source under its terms, unless it offers others too.
    strict = {name: told for name, told in listed.items() if re.search(r"\bA?GPL|General Public", told)}
    other = re.compile("Lesser|LGPL|Artistic|MIT|BSD|Apache")
    assert {name for name, told in strict.items() if not other.search(told)} == set()
