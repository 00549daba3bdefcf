"""The data docs: counts and rules for people, no values, no paths, nothing from the network."""

import json
import re
from datetime import date
from html.parser import HTMLParser

import pytest

from expectations.data_docs import write_data_docs
from expectations.judge import Judge
from expectations.judgement import SourceResults
from models.drafts import Draft, Fault, RawRef
from models.words import Channel, Kind, Verdict

SECRETS = ("Hemliga Bolaget", "SECRET-ID", "5590216297", "Anna Andersson", "anna@example.se")


def judge_secrets(source: str = "konsumentverket") -> SourceResults:
    judge = Judge(source, "extract", checks=(), rows=(1, 9), business_date=date(2026, 8, 26))
    secret = Draft(
        source_id="SECRET-ID\x00",
        kind=Kind.COMPLAINT,
        raw=RawRef(sha256="a" * 64, locator="Anna Andersson"),
        received_on=date(2031, 1, 1),
        company="Hemliga Bolaget\x01",
        org_number="5590216297",
        channel=Channel.PHONE,
        text="Anna Andersson, anna@example.se",
        faults=(Fault(code="channel-unmapped", field="channel", value="Anna Andersson"),),
    )
    judge.judge_chunk([secret])
    return judge.results


class Pages(HTMLParser):
    """Every link and every address a page would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src", "srcset", "action", "data"}]


def test_the_pages_stand_alone_and_hold_no_value_of_any_row(tmp_path):
    index = write_data_docs([judge_secrets()], tmp_path / "docs")
    assert index == tmp_path / "docs" / "index.html"
    written = {path.name: path.read_text(encoding="utf-8") for path in index.parent.iterdir()}
    assert sorted(written) == ["index.html", "konsumentverket.html", "konsumentverket.json"]
    for text in written.values():
        assert not [secret for secret in (*SECRETS, str(tmp_path), "://", "@import", "url(") if secret in text]
    links = [link for name, text in written.items() if name.endswith("html") for link in Pages(text).links]
    assert sorted(links) == ["index.html", "konsumentverket.html"]
    assert not {"script", "img", "iframe", "link"} & {t for text in written.values() for t in Pages(text).tags}


def test_a_page_shows_every_rule_with_what_broke_it(tmp_path):
    results = judge_secrets()
    write_data_docs([results], tmp_path)
    page = (tmp_path / "konsumentverket.html").read_text(encoding="utf-8")
    for rule in results.rules:
        assert f"<code>{rule.code}</code>" in page
    broken = {rule.code for rule in results.rules if rule.broken}
    assert broken == {
        "channel-unmapped",
        "company-odd",
        "date-in-future",
        "key-odd",
        "most-rows-refused",
        "org-number-odd",
    }
    assert broken == {finding.code for finding in results.findings}
    assert '<span class="broken">broken</span>' in page
    assert "up to 2026-08-27" in page


def test_one_source_again_leaves_the_others_in_the_index(tmp_path):
    write_data_docs([judge_secrets("board"), judge_secrets("tips")], tmp_path)
    board = (tmp_path / "board.html").read_bytes()
    quiet = Judge("tips", "tips", checks=(), rows=(0, 9), business_date=date(2026, 8, 27), expect_rows=False)
    index = write_data_docs([quiet.results], tmp_path).read_text(encoding="utf-8")
    assert quiet.results.verdict == Verdict.OK
    assert (tmp_path / "board.html").read_bytes() == board
    assert re.findall(r'href="([^"]+)"', index) == ["board.html", "tips.html"]
    assert "2026-08-27" in index


def test_the_same_results_give_the_same_bytes(tmp_path):
    results = judge_secrets()
    for folder in ("one", "two"):
        write_data_docs([results], tmp_path / folder)
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / f).iterdir()} for f in ("one", "two"))
    assert first == second


@pytest.mark.parametrize("name", ["../../outside", "<script>alert(1)</script>", "index", "Å/Ö", "", "a" * 300])
def test_any_source_name_stays_inside_the_folder_and_is_escaped(tmp_path, name):
    folder = tmp_path / "docs"
    index = write_data_docs([judge_secrets(name), judge_secrets(name.upper() + "x")], folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs"]
    text = index.read_text(encoding="utf-8")
    assert "<script" not in text.lower()
    assert text.count("<a href=") == 2
    assert all((folder / link).is_file() for link in Pages(text).links)


def test_an_empty_site_says_so(tmp_path):
    assert "No source has been judged yet" in write_data_docs([], tmp_path / "new").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", ["", '{"source": "bo', json.dumps([1]), "{}", '{"source": "board"}'])
def test_damaged_figures_stand_in_nobodys_way_and_come_back_with_their_source(tmp_path, content):
    write_data_docs([judge_secrets("board")], tmp_path)
    (tmp_path / "board.json").write_text(content, encoding="utf-8")
    assert "board.html" not in write_data_docs([judge_secrets()], tmp_path).read_text(encoding="utf-8")
    index = write_data_docs([judge_secrets("board")], tmp_path).read_text(encoding="utf-8")
    assert "board.html" in index and "konsumentverket.html" in index
