"""What every kind of source must say of itself, held by tests; and that all kinds are found by being there."""

import inspect
import re
from pathlib import Path

import pytest

from expectations.checks import ROW_CHECKS, declare_checks
from models.configuration.settings import load_settings
from sources.pages.listing import ListSource
from sources.registry import INFOS, WEB_SOURCES, build_source

ROOT = Path(__file__).parent.parent
LIST_SOURCES = {kind: one for kind, one in WEB_SOURCES.items() if issubclass(one, ListSource)}


@pytest.mark.parametrize("kind", sorted(INFOS))
def test_a_source_states_its_publisher_its_terms_and_its_bounds(kind):
    info = INFOS[kind]
    assert info.kind == kind
    assert info.title.strip() and info.publisher.strip()
    assert len(info.licence.strip()) >= 5, "on what terms may it be read?"
    assert 0 <= info.bounds.rows[0] < info.bounds.rows[1]
    assert info.bounds.quiet_days >= 1 and info.bounds.max_age_days >= 1
    assert info.bounds.delay >= 1
    assert info.parser_version >= 1


@pytest.mark.parametrize("kind", sorted(INFOS))
def test_a_source_declares_its_checks_once_each_with_a_sentence(kind):
    checks = INFOS[kind].checks
    codes = [check.code for check in checks]
    assert checks and len(codes) == len(set(codes))
    assert all(check.sentence.endswith(".") and " " in check.sentence for check in checks)
    assert set(declare_checks(checks, {})) >= {check.code for check in ROW_CHECKS} | set(codes)


@pytest.mark.parametrize("kind", sorted(WEB_SOURCES))
def test_a_web_source_has_a_floor_and_golden_pages_with_their_expectations(kind):
    assert INFOS[kind].bounds.rows[0] >= 1
    pages = [path for path in (ROOT / "tests" / "pages" / kind).glob("*") if path.suffix != ".json"]
    assert pages, f"save a page of it: koll source new, or tests/pages/{kind}/"


@pytest.mark.parametrize("kind", sorted(LIST_SOURCES))
def test_a_list_source_has_four_golden_pages_or_more_with_a_log_in_and_a_cut_one(kind):
    stems = {path.stem for path in (ROOT / "tests" / "pages" / kind).glob("*.html")}
    assert {"log-in", "cut"} <= stems, f"tests/pages/{kind}: half a page (cut.html) and a log-in page are due"
    assert len(stems) >= 4, f"tests/pages/{kind}: save a fourth page, one that is odd"


@pytest.mark.parametrize("kind", sorted(LIST_SOURCES))
def test_a_list_source_costs_at_most_eighty_lines_and_says_what_its_pages_look_like(kind):
    path = Path(inspect.getfile(LIST_SOURCES[kind]))
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 80, path.name
    assert 3 <= len(inspect.getmodule(LIST_SOURCES[kind]).__doc__.strip().splitlines()) <= 8
    assert not re.search(r"\b(?:open|datetime\.now|date\.today|environ|requests|urlopen)\b\(?", text), "parse is pure"


def test_every_web_source_is_found_by_being_there_and_no_module_is_named_in_the_registry():
    named = (ROOT / "sources" / "registry.py").read_text("utf-8")
    assert {"ko_domar", "varningslistan", "reklamombudsmannen", "forbrukertilsynet", "dm_namnden"} <= set(WEB_SOURCES)
    assert [kind for kind in WEB_SOURCES if kind in named] == []


CONFIG = """
[association]
name = "Provföreningen"
[database]
[archive]
[register]
path = "register"
[mail]
from = "koll@prov.example"
[alerts]
[sources.prov]
kind = "{kind}"
{where}
"""


@pytest.mark.parametrize("kind", sorted(WEB_SOURCES))
@pytest.mark.parametrize(
    ("where", "addresses"),
    [
        ('sites = ["https://prov.example/"]', ["https://prov.example"]),
        ('url = "https://prov.example/lista/"', ["https://prov.example/lista/"]),
    ],
)
def test_every_web_source_is_built_from_its_table_alone(tmp_path, kind, where, addresses):
    (tmp_path / "koll.toml").write_text(CONFIG.format(kind=kind, where=f"{where}\nrows = [2, 9]"), "utf-8")
    source = build_source("prov", load_settings(tmp_path / "koll.toml", {}, web_kinds=WEB_SOURCES), b"key")
    assert (source.name, source.info.kind, source.sites) == ("prov", kind, addresses)
    assert source.bounds.rows == (2, 9) and source.bounds.quiet_days == INFOS[kind].bounds.quiet_days


def test_a_kind_nobody_has_is_refused_with_the_kinds_there_are(tmp_path):
    from models.configuration.settings import SettingsInvalid

    (tmp_path / "koll.toml").write_text(CONFIG.format(kind="ko_domer", where='url = "https://prov.example/"'), "utf-8")
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(tmp_path / "koll.toml", {}, web_kinds=WEB_SOURCES)
    assert "sources.prov.kind = 'ko_domer'" in str(refused.value) and "ko_domar" in str(refused.value)


@pytest.mark.parametrize("where", ["", 'url = "https://a.example"\nsites = ["https://b.example"]', 'url = "a.example"'])
def test_a_web_source_without_one_address_is_refused(tmp_path, where):
    from models.configuration.settings import SettingsInvalid

    (tmp_path / "koll.toml").write_text(CONFIG.format(kind="ko_domar", where=where), "utf-8")
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(tmp_path / "koll.toml", {}, web_kinds=WEB_SOURCES)
    assert "sources.prov" in str(refused.value) and "https://" in str(refused.value)
