"""`koll doctor`: every finding says what it means and what to do, whatever is broken."""

import ast
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.koll import app
from flows.looking.doctor import examine
from flows.starting.edit import set_key
from tests.test_inbox_imap import find_port

ROOT = Path(__file__).parent.parent


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KOLL_SMTP_PASSWORD", "KOLL_IMAP_PASSWORD", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "koll.toml"
    text = (ROOT / "flows" / "koll.example.toml").read_text("utf-8")
    path.write_text(set_key(text, "sources.dm_namnden", "sites", [f"http://127.0.0.1:{find_port()}"]), "utf-8")
    return path


def change(config: Path, table: str, key: str, value: str | bool | None) -> None:
    config.write_text(set_key(config.read_text("utf-8"), table, key, value), "utf-8")


def test_on_an_empty_installation_every_finding_has_its_meaning_and_its_cure(config: Path) -> None:
    change(config, "mail", "smtp", f"smtp+starttls://koll@127.0.0.1:{find_port()}")
    change(config, "sources.tips", "maildir", None)
    change(config, "sources.tips", "imap", f"imap://tips@127.0.0.1:{find_port()}/INBOX")
    bad = [finding for finding in examine(config) if not finding["ok"]]
    assert {"database", "register", "mail server", "konsumentverket", "dm_namnden", "tips"} <= {f["what"] for f in bad}
    assert [f for f in bad if not (len(f["found"]) > 9 and len(f["means"]) > 9 and len(f["do"]) > 3)] == []
    told = CliRunner().invoke(app, ["doctor", "--config", str(config)])
    assert told.exit_code == 1 and "Traceback" not in told.output
    assert told.output.count("it means: ") == told.output.count("do: ") == len(bad)


def test_no_finding_is_written_without_a_meaning_and_a_cure() -> None:
    for name in ("flows/looking/doctor.py", "flows/upkeep/safety.py"):
        calls = [
            node for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "bad"
        ]  # fmt: skip
        assert len(calls) > 4 and all(len(call.args) == 4 for call in calls), name
        assert [c.lineno for c in calls if any(isinstance(a, ast.Constant) and not a.value for a in c.args)] == []


def test_a_source_of_any_kind_is_looked_at(config: Path) -> None:
    gone, port = config.parent / "gone", find_port()
    more = f"""
[sources.lista]
kind = "varningslistan"
url = "http://127.0.0.1:{port}/lista/"
[sources.us]
kind = "cfpb"
folder = "{gone}"
[sources.svar]
kind = "declarations"
folder = "{gone}"
"""
    config.write_text(config.read_text("utf-8") + more, "utf-8")
    found = {finding["what"]: finding for finding in examine(config) if not finding["ok"]}
    assert {"lista", "us", "source svar"} <= set(found)
    assert str(gone) in found["us"]["found"] and f":{port}" in found["lista"]["found"]


def test_json_carries_the_meaning_too(config: Path) -> None:
    told = CliRunner().invoke(app, ["doctor", "--json", "--config", str(config)])
    assert {"what", "ok", "found", "means", "do"} == set(json.loads(told.stdout)[0])
