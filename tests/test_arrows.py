"""Policies of the house, held by tests."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "models": set(),
    "sources": {"models"},
    "expectations": {"models"},
    "flows": {"models", "sources", "expectations"},
}
ONLY_IN = {"prefect": "flows", "great_expectations": "expectations", "requests": "sources"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_its_arrows_allow(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for name in imports(path)
        if (name in MAY_IMPORT and name != room and name not in MAY_IMPORT[room])
        or (name in ONLY_IN and ONLY_IN[name] != room)
    ]
    assert wrong == []


def test_great_expectations_is_never_imported_at_the_top_of_a_module() -> None:
    heavy = [
        path.name
        for path in (ROOT / "expectations").rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if "great_expectations" in ast.unparse(node) and isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert heavy == []


def test_no_file_names_a_download_host_or_a_path_of_one_machine() -> None:
    hosts = ["pypi" + ".org", "python" + "hosted", "registry.npm" + "js", "/ro" + "ot/", "/wo" + "rk/"]
    kinds = {".py", ".toml", ".lock", ".yaml", ".md", ".j2", ".txt", ""}
    skipped = {".git", ".venv", "demo-world", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
    named = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in ROOT.rglob("*")
        if path.is_file() and path.suffix in kinds and not skipped & set(path.relative_to(ROOT).parts)
        for host in hosts
        if host in path.read_text("utf-8", errors="replace")
    ]
    assert named == []
