"""The demo's world is what it says it is. Standard library only: nothing of the product takes part."""

import csv
import email
import io
import json
import re
import tomllib
import zipfile
from datetime import date, timedelta
from email import policy
from pathlib import Path
from xml.etree import ElementTree

import pytest

from samples.build import FOLDERS, build, write_world

SAMPLES = Path(__file__).parent.parent / "samples"
CENTRE = "4491024172"
PHONE = "Telefonförsäljning"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
MAILS = json.loads((SAMPLES / "inbox" / "expected.json").read_text(encoding="utf-8"))


def read_register(name):
    with (SAMPLES / "register" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_night(night):
    """Return the rows of one night's file as dicts of text, dates in ISO."""
    path = SAMPLES / "extracts" / EXPECTED["nights"][night]["file"]
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_bytes().decode("cp1252"), newline=""), delimiter=";"))
    with zipfile.ZipFile(path) as book:
        strings = [item.find(f"{SHEET}t").text for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    header, *rows = [[read_cell(row, column, strings) for column in "ABCDEFGH"] for row in sheet.iter(f"{SHEET}row")]
    return [dict(zip(header, row, strict=True)) for row in rows]


def read_cell(row, column, strings):
    cell = row.find(f"{SHEET}c[@r='{column}{row.get('r')}']")
    if cell is None:
        return ""
    value = cell.find(f"{SHEET}v").text
    if cell.get("t") == "s":
        return strings[int(value)]
    return (date(1899, 12, 30) + timedelta(days=int(value))).isoformat() if cell.get("s") == "1" else value


def passes_luhn(digits):
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(digits)]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def name_centre(row):
    """Tell whether a row of night 3 is about the member at the centre, by what stands in it."""
    company = row["Företag"].strip().casefold()
    names = {"telefonhuset norrsken ab", "polarprat", "polarprat.example", "nordanvind telefoni ab"}
    return row["Organisationsnummer"].replace("-", "") == CENTRE or company in names


def test_building_again_gives_the_same_bytes(tmp_path):
    build(tmp_path)
    written = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for path, content in written.items():
        assert (SAMPLES / path).read_bytes() == content, f"{path} differs: run python -m samples.build"
    kept = {
        str(path.relative_to(SAMPLES)) for name in FOLDERS for path in (SAMPLES / name).rglob("*") if path.is_file()
    }
    assert kept <= set(written), "files that the build no longer writes"


def test_the_workbook_carries_no_clock_and_no_compression():
    with zipfile.ZipFile(SAMPLES / "extracts" / EXPECTED["nights"]["2"]["file"]) as book:
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in book.infolist()} == {zipfile.ZIP_STORED}


def test_every_organisation_number_is_valid_and_nobodys():
    members = read_register("members.csv")
    numbers = {row["org_number"].replace("-", "") for row in members}
    numbers |= {row["Organisationsnummer"].replace("-", "") for night in "123" for row in read_night(night)} - {""}
    assert all(len(number) == 10 and passes_luhn(number) for number in numbers)
    persons = {number for number in numbers if number[2] < "2"}
    assert persons == {member["org_number"] for member in EXPECTED["members"] if member["sole_trader"]}
    assert len(persons) == 1
    assert all(number.startswith("4") for number in numbers - persons)
    with pytest.raises(ValueError, match="day"):
        date(1953, int(next(iter(persons))[2:4]), int(next(iter(persons))[4:6]))


def test_the_register_has_callers_and_clients_one_who_left_and_lookalikes():
    members = {row["legal_name"]: row for row in read_register("members.csv")}
    assert len(members) >= 14
    assert {"Nordkontakt Sverige AB", "Nordkontakt Energi AB"} <= set(members)
    assert [name for name, row in members.items() if row["left_on"]] == ["Teledrake Sälj AB"]
    assert len({row["org_number"] for row in members.values()}) == len(members)
    names = read_register("names.csv")
    assert {row["org_number"] for row in names} <= {row["org_number"] for row in members.values()}
    assert {row["kind"] for row in names} == {"trade", "brand", "former", "domain", "phone", "email"}


def test_a_brand_has_one_owner_at_a_time():
    spans = sorted(
        (row["valid_from"], row["valid_to"], row["org_number"])
        for row in read_register("names.csv")
        if row["value"] == "Lövkraft"
    )
    assert [span[:2] for span in spans] == [("2020-01-01", "2026-04-30"), ("2026-05-01", "")]
    assert spans[0][2] != spans[1][2]


def test_the_last_extract_has_113_complaints_of_which_37_by_telephone():
    own = [row for row in read_night("3") if name_centre(row)]
    assert len(own) == 113
    assert sum(row["Försäljningssätt"] == PHONE for row in own) == 37
    assert all("2026-01-01" <= row["Inkom"] <= "2026-08-25" for row in own)
    assert all(row["Inkom"] <= "2026-02-28" for row in own if row["Företag"].startswith("Nordanvind"))


def test_the_member_at_the_centre_leads_by_telephone_and_comes_second_in_total():
    centre = next(member for member in EXPECTED["members"] if member["org_number"] == CENTRE)
    assert (centre["total"], centre["phone_at_least"]) == (113, 37)
    assert (centre["rank_total"], centre["rank_phone"], centre["possible_more"]) == (2, 1, 0)
    everybody = [*EXPECTED["members"], *EXPECTED["others"]]
    assert [c["legal_name"] for c in everybody if c["total"] > 113] == ["Paketbudet Express Sverige AB"]
    assert max(c["phone_at_least"] for c in everybody if c is not centre) < 37


def test_the_highest_limits_are_reached_on_the_third_night_and_not_before():
    centre = next(member for member in EXPECTED["members"] if member["org_number"] == CENTRE)
    decisions = sum(case["member"] == CENTRE and (case["date"] or "") > "2025-08-01" for case in EXPECTED["decisions"])
    tips = sum(mail["member"] == CENTRE for mail in MAILS.values())
    for night in "12":
        assert centre["by_night"][night]["total"] + decisions + tips < 100
        assert centre["by_night"][night]["phone_at_least"] + decisions + tips < 35
    assert centre["by_night"]["3"]["total"] >= 100
    assert centre["by_night"]["3"]["phone_at_least"] >= 35


def test_files_hold_only_their_own_period_and_unique_numbers():
    for night, facts in EXPECTED["nights"].items():
        rows = read_night(night)
        assert len(rows) == facts["rows"] == len({row["Diarienummer"] for row in rows})
        first, last = re.findall(r"\d{4}-\d{2}-\d{2}", facts["file"])
        assert facts["covers"] == [first, last]
        assert last < facts["business_date"]
        readable = [row["Inkom"] for row in rows if is_day(row["Inkom"])]
        assert first <= min(readable) <= max(readable) <= last


def is_day(text):
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def test_quarantined_withdrawn_changed_and_returned_rows_are_as_many_as_stated():
    channels = set(tomllib.loads((SAMPLES / "koll.toml").read_text("utf-8"))["sources"]["konsumentverket"]["channels"])
    known, gone = {}, set()
    for night, facts in EXPECTED["nights"].items():
        rows = {row.pop("Diarienummer"): row for row in read_night(night)}
        for row in rows.values():  # the workbook and the CSV write the same number in two ways
            row["Organisationsnummer"] = row["Organisationsnummer"].replace("-", "")
        good = {n: r for n, r in rows.items() if is_day(r["Inkom"]) and r["Försäljningssätt"] in channels | {""}}
        missing = {n for n, r in known.items() if facts["covers"][0] <= r["Inkom"] <= facts["covers"][1]} - set(rows)
        assert facts["accepted"] == len(good)
        assert facts["quarantined"] == len(rows) - len(good)
        assert facts["new"] == len(set(good) - set(known))
        assert facts["returned"] == len(set(good) & gone)
        assert facts["changed"] == sum(n in known and n not in gone and known[n] != r for n, r in good.items())
        assert facts["withdrawn"] == len(missing - gone)
        gone = (gone | missing) - set(good)
        known |= good


def test_the_csv_files_are_cp1252_and_nothing_else():
    for night in "13":
        content = (SAMPLES / "extracts" / EXPECTED["nights"][night]["file"]).read_bytes()
        with pytest.raises(UnicodeDecodeError):
            content.decode("utf-8")
        assert {"–", "€", "…"} <= set(content.decode("cp1252"))  # would be control characters in latin-1
        assert b"\r\n" in content


def test_every_phone_is_from_a_range_kept_for_fiction_and_every_address_ends_in_example():
    phone = re.compile(r"(?<![\d-])0\d{1,2}-\d[\d ]{5,9}\d")
    for path, content in write_world().items():
        text = decode(path, content)
        for found in phone.findall(text):
            assert re.fullmatch(r"08-465 004 \d\d|031-390 06 \d\d|070-174 06 \d\d", found), (path, found)
        for domain in re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text):
            assert domain.endswith(".example"), (path, domain)


def decode(path, content):
    if path.endswith(".xlsx") and not zipfile.is_zipfile(io.BytesIO(content)):
        return content.decode("latin-1")  # the declaration that is broken off: stored, so its text stands in it
    if path.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return book.read("xl/sharedStrings.xml").decode("utf-8")
    if path.endswith(".eml"):
        mail = email.message_from_bytes(content, policy=policy.default)
        return "\n".join([str(mail["From"]), *(read_text(part) for part in mail.walk())])
    return content.decode("cp1252" if path.endswith(".csv") and path.startswith("extracts") else "utf-8")


def read_text(part):
    return part.get_content() if part.get_content_maintype() == "text" else ""


def test_every_case_stands_on_its_pages_with_its_number():
    assert len(EXPECTED["decisions"]) >= 24
    assert {case["outcome"] for case in EXPECTED["decisions"]} == {
        "breach",
        "no_breach",
        "partly",
        "undecided",
        "unknown",
    }
    assert {case["layout"] for case in EXPECTED["decisions"]} == {"nix-v1", "nix-v2", "dm-wp", "dm-2019"}
    assert [case["case"] for case in EXPECTED["decisions"] if len(case["pages"]) == 2] == ["20-934", "25-909"]
    assert [case["case"] for case in EXPECTED["decisions"] if case["date"] is None] == ["25-910"]
    assert [case["case"] for case in EXPECTED["decisions"] if case["sure"] is False] == ["26-908"]
    for case in EXPECTED["decisions"]:
        folder = "site" if case["night"] == 1 else "site-night-3"
        for page in case["pages"]:
            text = (SAMPLES / folder / page.rstrip("/") / "index.html").read_text(encoding="utf-8")
            assert case["case"] in text, page
            assert "Motpart" in text, page


def test_every_case_names_a_member_of_the_register_or_nobody():
    numbers = {row["org_number"].replace("-", "") for row in read_register("members.csv")}
    named = [case["member"] for case in EXPECTED["decisions"]]
    named += [other["member"] for case in EXPECTED["decisions"] for other in case["named_in_body"]]
    named += [mail["member"] for mail in MAILS.values()]
    assert set(named) - {None} <= numbers
    assert None in named


@pytest.mark.parametrize("night", [1, 3])
def test_the_sitemap_leads_to_every_decision_of_the_new_site(night):
    folders = ["site"] if night == 1 else ["site-night-3", "site"]

    def find(path):
        return next(file for folder in folders if (file := SAMPLES / folder / "nixnamnden" / path).exists())

    listed = {path for part in read_locations(find("wp-sitemap.xml")) for path in read_locations(find(part))}
    due = {
        page.removeprefix("nixnamnden/")
        for case in EXPECTED["decisions"]
        if case["night"] <= night
        for page in case["pages"]
        if page.startswith("nixnamnden")
    }
    assert due == {path for path in listed if re.search(r"\d", path)} != set()
    assert all(find(f"{path}/index.html".lstrip("/")) for path in listed)


def read_locations(path):
    tree = ElementTree.parse(path)
    assert all(entry.find(f"{SITEMAP}lastmod") is not None for entry in tree.getroot())
    return [entry.find(f"{SITEMAP}loc").text.removeprefix("{base}").strip("/") for entry in tree.getroot()]


def test_the_old_sites_lists_lead_to_every_decision_and_it_has_no_sitemap():
    root = SAMPLES / "site" / "dm-namnden"
    assert not list(root.rglob("*sitemap*"))
    found, page = set(), "/"
    while page:
        text = (root / page.strip("/") / "index.html").read_text(encoding="utf-8")
        found |= set(re.findall(r'href="(/\d{4}/\d{2}/[^"]+)"', text))
        following = re.search(r'rel="next" href="([^"]+)"', text)
        page = following.group(1) if following else None
    due = {page for case in EXPECTED["decisions"] for page in case["pages"] if page.startswith("dm-namnden")}
    assert {f"dm-namnden{path}" for path in found} == due != set()
    links = re.findall(r"<link>\{base\}([^<]+)</link>", (root / "feed" / "index.xml").read_text(encoding="utf-8"))
    assert {link for link in links if link != "/"} < found


def test_the_broken_site_answers_with_a_log_in_form():
    text = (SAMPLES / "site" / "broken" / "index.html").read_text(encoding="utf-8")
    assert 'type="password"' in text
    assert "Motpart" not in text


def test_the_inbox_has_22_tips_and_8_mails_that_are_none():
    files = {path.name for path in (SAMPLES / "inbox").glob("*.eml")}
    assert files == set(MAILS)
    aside = [mail["reason"] for mail in MAILS.values() if mail["kind"] == "set_aside"]
    assert (len(files), len(aside), len(set(aside))) == (30, 8, 8)
    assert {mail["same_event_as"] for mail in MAILS.values()} - {None} <= files


def test_every_mail_parses_without_defects_and_says_what_it_should():
    charsets, codings, ids = set(), set(), set()
    for name in MAILS:
        content = (SAMPLES / "inbox" / name).read_bytes()
        mail = email.message_from_bytes(content, policy=policy.default)
        for part in mail.walk():
            assert not part.defects, (name, part.defects)
            charsets.add(part.get_content_charset())
            codings.add(part["Content-Transfer-Encoding"])
        ids.add(mail["Message-ID"])
        assert b"\n" not in content.replace(b"\r\n", b""), name
        assert mail["Date"].datetime.year == 2026
        assert mail["Date"].datetime.date().isoformat() < EXPECTED["nights"][str(MAILS[name]["night"])]["business_date"]
    assert len(ids) == 30
    assert {"utf-8", "iso-8859-1", "windows-1252", "us-ascii"} <= charsets
    assert {"8bit", "7bit", "base64", "quoted-printable"} <= codings


def test_the_mail_sent_again_has_the_same_content_under_another_id():
    first, again = (
        email.message_from_bytes((SAMPLES / "inbox" / name).read_bytes(), policy=policy.default)
        for name in ("02-varumarke.eml", "06-skickat-igen.eml")
    )
    assert (first["From"], first["Date"], first.get_content()) == (again["From"], again["Date"], again.get_content())
    assert first["Message-ID"] != again["Message-ID"]


def test_the_configuration_maps_the_extracts_own_columns_and_channels():
    config = tomllib.loads((SAMPLES / "koll.toml").read_text(encoding="utf-8"))
    source = config["sources"]["konsumentverket"]
    rows = [row for night in "123" for row in read_night(night)]
    assert set(source["columns"].values()) == set(rows[0])
    unmapped = {row["Försäljningssätt"] for row in rows} - set(source["channels"]) - {""}
    assert unmapped == {"Torgförsäljning"}
    assert [rule["id"] for rule in config["rule"]] == [
        "total-12m",
        "phone-12m",
        "board-upheld",
        "follow-up",
        "declaration",
        "source-late",
    ]
    assert config["association"]["name"] == "Kontakta"
    assert config["sources"]["dm_gamla_arkivet"]["sites"] == ["{broken}"]


def test_the_readme_has_the_figures_of_expected_json():
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for member in EXPECTED["members"]:
        assert f"| {member['legal_name']} | {member['total']} | {member['phone_at_least']} |" in text
    assert max(len(line) for line in text.splitlines() if not line.startswith("|")) <= 120
