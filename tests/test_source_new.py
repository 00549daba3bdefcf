"""`koll source new`: a page of a publisher never seen before becomes working code and a failing golden test."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner

from flows.koll import app

ROOT = Path(__file__).parent.parent
LIST = """<!doctype html><html><head><title>Svarta listan | Prov</title></head><body><nav><a href="/">Hem</a></nav>
<h1>Svarta listan</h1><table><tr><th>Företag</th><th>Bransch</th><th>Datum</th></tr>
<tr><td>Påhittade Prylar AB</td><td>Handel</td><td>2026-03-01</td></tr>
<tr><td>Exempla Nordic Ltd</td><td>Resor</td><td>14.12.2025</td></tr></table></body></html>"""
RECORD = """<!doctype html><html><head><title>Päätös</title></head><body><h1>Päätös</h1>
<p><b>Päivämäärä:</b> 14.12.2020</p><p><b>Diaarinumero:</b> KKV/72/14</p><p><b>Osapuolet:</b> Keksitty Oy</p>
<p>Muuta tekstiä.</p></body></html>"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what the golden tests need."""
    for room in ("sources", "models", "expectations", "flows"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").mkdir()
    for name in ("test_list_sources.py", "test_source_policies.py"):
        shutil.copy2(ROOT / "tests" / name, tmp_path / "tests" / name)
    shutil.copy2(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def koll(*words: str | Path):
    return CliRunner().invoke(app, ["source", *map(str, words)])


def begin(server: HTTPServer, checkout: Path, page: str, name: str = "prov_lista", path: str = "/listor/svarta/"):
    server.expect_request("/robots.txt").respond_with_data("", status=404)
    server.expect_request(path).respond_with_data(page, content_type="text/html; charset=utf-8")
    more = ("--contact", "mailto:prov@forening.example", "--project", checkout, "--country", "finland", "--delay", "0")
    return koll("new", name, "--url", server.url_for(path), *more)


def run_tests(checkout: Path, file: str, name: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{file}", "-k", name]
    environ = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=checkout, env=environ, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("page", "due"),
    [
        (
            LIST,
            [
                ("påhittade prylar ab", "2026-03-01", "Påhittade Prylar AB"),
                ("exempla nordic ltd", "2025-12-14", "Exempla Nordic Ltd"),
            ],
        ),
        (RECORD, [("KKV/72/14", "2020-12-14", "Keksitty Oy")]),
    ],
    ids=["rows", "labels"],
)
def test_a_page_becomes_working_code_and_a_golden_test_that_fails_once(httpserver, checkout, page, due):
    done = begin(httpserver, checkout, page)
    assert done.exit_code == 0, done.output
    module = checkout / "sources" / "finland" / "prov_lista.py"
    assert (checkout / "tests" / "pages" / "prov_lista" / "first.html").read_text("utf-8") == page
    assert len(module.read_text("utf-8").splitlines()) <= 80
    first = run_tests(checkout, "test_list_sources.py", "prov_lista and golden_page")
    assert first.returncode == 1 and "did not exist and was written" in first.stdout, first.stdout + first.stderr
    drafts = json.loads((checkout / "tests" / "pages" / "prov_lista" / "first.json").read_text("utf-8"))
    assert [(d["source_id"], d["received_on"], d["company"]) for d in drafts] == due
    again = run_tests(checkout, "test_list_sources.py", "prov_lista and golden_page")
    assert again.returncode == 0, again.stdout
    golden = {
        path.stem: path.read_text("utf-8") for path in (checkout / "tests" / "pages" / "prov_lista").glob("*.json")
    }
    assert set(golden) == {"first", "cut", "log-in"}
    assert all("broken" in golden[stem] or '"faults"' in golden[stem] for stem in ("cut", "log-in")), golden
    policies = run_tests(checkout, "test_source_policies.py", "prov_lista and states")
    assert policies.returncode == 1 and "on what terms may it be read?" in policies.stdout


@pytest.mark.parametrize("page", [LIST, RECORD], ids=["rows", "labels"])
def test_what_is_written_keeps_the_house_style(httpserver, checkout, page):
    begin(httpserver, checkout, page)
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *command, "--no-cache", "sources/finland"], cwd=checkout, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_the_page_is_fetched_politely_under_an_honest_name(httpserver, checkout):
    begin(httpserver, checkout, LIST)
    assert [request.path for request, _ in httpserver.log] == ["/robots.txt", "/listor/svarta/"]
    assert all("+mailto:prov@forening.example" in request.headers["User-Agent"] for request, _ in httpserver.log)


def test_robots_are_heeded_and_nothing_is_written(httpserver, checkout):
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /\n")
    done = koll(
        "new",
        "prov",
        "--url",
        httpserver.url_for("/x"),
        "--contact",
        "a@b.example",
        "--delay",
        0,
        "--project",
        checkout,
    )
    assert done.exit_code == 1 and "robots" in done.output
    assert not (checkout / "tests" / "pages").exists()


@pytest.mark.parametrize(
    "page", ["<html><body><p>Välkommen till oss.</p></body></html>", "", "<html><h1>Logga in</h1></html>"]
)
def test_a_page_with_nothing_like_a_record_is_refused_and_nothing_is_written(httpserver, checkout, page):
    done = begin(httpserver, checkout, page)
    assert done.exit_code == 1 and "neither a table" in done.output
    assert not (checkout / "sources" / "finland").exists() and not (checkout / "tests" / "pages").exists()


def test_an_existing_source_is_never_written_over(httpserver, checkout):
    done = begin(httpserver, checkout, LIST, name="ko_domar")
    assert done.exit_code == 1 and "is there already" in done.output
    assert httpserver.log == []


@pytest.mark.parametrize(
    ("name", "url"), [("Prov", "https://a.example/"), ("../x", "https://a.example/"), ("prov", "x")]
)
def test_wrong_use_is_told_with_exit_code_two(checkout, name, url):
    assert koll("new", name, "--url", url, "--contact", "a@b.example", "--project", checkout).exit_code == 2


def test_without_a_contact_nobody_is_asked(httpserver, checkout, tmp_path):
    done = koll(
        "new", "prov", "--url", httpserver.url_for("/"), "--config", tmp_path / "no.toml", "--project", checkout
    )
    assert done.exit_code == 1 and "--contact" in done.output and httpserver.log == []


def test_the_kinds_there_are_can_be_listed_for_people_and_programs():
    rows = json.loads(koll("list", "--json").output)
    kinds = {row["kind"] for row in rows}
    assert {"extract", "tips", "dm_namnden", "ko_domar", "forbrukertilsynet"} <= kinds
    assert "reklamombudsmannen\t" in koll("list").output
