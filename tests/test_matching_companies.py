"""The national file, whichever layout it comes in."""

import zipfile
from datetime import date
from pathlib import Path

import pytest
from stdnum import luhn

from models.matching.companies import Companies, CompaniesUnreadable, read_companies
from models.matching.forms import form_of

BULK_HEADER = (
    "organisationsidentitet;namnskyddslopnummer;registreringsland;organisationsnamn;organisationsform;"
    "avregistreringsdatum;avregistreringsorsak;pagandeAvvecklingsEllerOmstruktureringsforfarande;registreringsdatum;"
    "verksamhetsbeskrivning;postadress\n"
)
NUMBER = "556999123" + luhn.calc_check_digit("556999123")
ROWS = [
    [
        f"{NUMBER}$ORGNR-IDORG", "", "SE-LAND",
        "Havsbro Media AB$FORETAGSNAMN-ORGNAM$2020-01-02|Sjöbolaget$SARS_FORNAMN-ORGNAM$2021-01-01",
        "AB-ORGFO", "", "", "", "2020-01-02", 'Ska "sälja"; med mera', "Gatan 1$$ÅMÅL$66200$SE-LAND",
    ],
    [
        "5560001112$ORGNR-IDORG", "", "SE-LAND", "Nedlagda Kvarnen AB$FORETAGSNAMN-ORGNAM$1990-01-02",
        "AB-ORGFO", "2015-06-30", "", "", "", "", "",
    ],
]  # fmt: skip
BULK = BULK_HEADER + "".join(";".join(f'"{cell}"' for cell in row) + "\n" for row in ROWS)


def read(path: Path) -> Companies:
    return Companies.read(path, date(2026, 8, 1))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_registrars_bulk_file_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "bulk.txt"
    path.write_text(BULK, encoding=encoding)
    companies = read(path)
    assert companies.names == ["Havsbro Media AB", "Sjöbolaget", "Nedlagda Kvarnen AB"]
    assert companies.with_org_number(NUMBER) == "Havsbro Media AB"
    assert companies.words["havsbro"] == 1
    assert not companies.competes(2, None)
    assert companies.competes(2, date(2015, 1, 1))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_stray_quotes_and_line_breaks_in_values_shift_no_name(tmp_path: Path, encoding: str) -> None:
    names = ['Åkes "Glada" Räkor AB', '"Björnö" AB', 'Ödlan "Nord AB', "Sista AB"]
    told = ['Vi säljer "allt"', "Vi säljer\noch; köper", 'x"y', ""]
    lines = (
        f'"{NUMBER}$ORGNR-IDORG";"";"SE-LAND";"{name}$FORETAGSNAMN-ORGNAM$2020-01-02";"AB-ORGFO";"";"";"";"";"{what}";""'
        for name, what in zip(names, told, strict=True)
    )
    path = tmp_path / "bulk.txt"
    path.write_bytes((BULK_HEADER + "\r\n".join(lines) + "\r\n\r\n").encode(encoding))
    companies = read(path)
    assert companies.names == ['Åkes "Glada" Räkor AB', '"Björnö" AB', 'Ödlan "Nord AB', "Sista AB"]
    assert companies.of_org_number(NUMBER) == [0, 1, 2, 3]


def test_a_zipped_file_is_read_without_unpacking_it(tmp_path: Path) -> None:
    path = tmp_path / "bulk.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bolagsverket_bulkfil.txt", BULK)
    assert len(read(path)) == 3


def test_the_statistical_offices_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scb.txt"
    path.write_text(
        f"Foretagsnamn\tFtgStat\tJurForm\tPeOrgNr\nHavsbro Media AB\t1\t49\t16{NUMBER}\n", encoding="cp1252"
    )
    companies = read(path)
    assert companies.with_org_number(NUMBER) == "Havsbro Media AB"


LISTS = [
    '{"name": "Havsbro Media AB"}\n{"name": "Kvarn AB"}\n',
    "Havsbro Media AB\nKvarn AB\n",
    "name\nHavsbro Media AB\nKvarn AB\n",
]


@pytest.mark.parametrize("text", LISTS, ids=["json lines", "one a line", "with a header"])
def test_plain_lists_of_names_are_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "names"
    path.write_text(text, encoding="utf-8")
    assert read(path).names == ["Havsbro Media AB", "Kvarn AB"]


def test_a_file_without_names_says_what_was_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("a;b;c\n1;2;3\n", encoding="utf-8")
    with pytest.raises(CompaniesUnreadable, match="organisationsnamn"):
        list(read_companies(path))


def test_a_name_is_found_by_its_words_and_by_its_letters(tmp_path: Path) -> None:
    path = tmp_path / "names"
    path.write_text("Havsbro Media Sverige AB\n", encoding="utf-8")
    companies = read(path)
    assert companies.named(form_of("HAVSBRO MEDIA")) == [0]
    assert companies.named(form_of("Havsbro Mediat")) == []
    assert companies.grams.nearest("havsbromedja") == [0]


def test_no_number_of_a_company_is_kept_in_the_clear(tmp_path: Path) -> None:
    path = tmp_path / "bulk.txt"
    path.write_text(BULK, encoding="utf-8")
    assert int(NUMBER) not in {read(path).org_hash(at) for at in range(3)}
