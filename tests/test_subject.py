"""What is held of one person: found by address or number, given out, erased for good; the figures stay."""

import json
import stat
import zipfile
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from flows.koll import app
from flows.privacy.subject import find_subject, name_subject
from models.storage.tables import Complaint, ComplaintText, QuarantineItem
from tests.small_world import ANNA, NAMES, Small, total

DAY = date(2026, 6, 12)
TORA, PHONE = "Tora.Myt@brev.example", "070-174 06 33"


def letter(sender: str, words: str, *, number: str = "1", name: str = "Tora Myt", **more: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"{name} <{sender}>"
    mail["To"] = "tips@kontakta.example"
    mail["Date"] = "Thu, 11 Jun 2026 08:12:00 +0200"
    mail["Message-ID"] = f"<{number}@brev.example>"
    mail["Subject"] = "Samtal"
    for header, value in more.items():
        mail[header.replace("_", "-")] = value
    mail.set_content(words)
    return mail


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return tell_tips(Small(tmp_path, total(), day=DAY, quiet=True))


@pytest.fixture
def anywhere(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    """The same on each engine."""
    monkeypatch.setenv("KOLL_DATABASE_URL", database_url)
    return tell_tips(Small(tmp_path, total(), day=DAY, quiet=True))


def tell_tips(world: Small) -> Small:
    world.complain(ANNA, 1)
    company = NAMES[ANNA]
    world.tip("a", letter(TORA, f"{company} ringde mig fast jag sagt nej.\n\nTora Myt\n{PHONE}"))
    world.tip(
        "b", letter("bo@brev.example", f"{company} ringer min granne på {PHONE} hela tiden.", number="2", name="")
    )
    world.tip("c", letter("cia@brev.example", f"{company} ringde även mig igen i går.", number="3", Cc=TORA, name=""))
    world.tip("d", letter(TORA, "Jag är på semester till den 1 juli.", number="4", Auto_Submitted="auto-replied"))
    odd = letter(TORA, f"{company} ringde.", number="5")
    del odd["Date"]
    world.tip("e", odd)
    world.night()
    return world


def koll(small: Small, *words: str, ok: int = 0, given: str | None = None) -> Result:
    done = CliRunner().invoke(app, [*words, "--config", str(small.root / "koll.toml")], input=given)
    assert done.exit_code == ok, done.output
    return done


def complaints(small: Small) -> list[dict]:
    return [json.loads(line) for line in koll(small, "export", "complaints").stdout.splitlines()]


def counted(small: Small) -> dict:
    return {row["member"]: row["total"] for row in map(json.loads, koll(small, "export", "counts").stdout.splitlines())}


def held(small: Small, who: str) -> dict:
    return json.loads(koll(small, "subject", "find", who, "--json").stdout)


def raw_mails(small: Small) -> str:
    archive = small.open().archive
    return "".join(archive.get(sha256).decode("latin-1") for sha256 in archive.list_objects())


def test_a_person_is_found_by_address_in_any_spelling_and_by_number(anywhere: Small) -> None:
    found = held(anywhere, TORA)
    assert found["tips_sent"] >= 1 and found["complaints_naming"] == 1
    assert found["mails"] == 4, "sent three, one of them set aside, and in copy of one"
    assert held(anywhere, "  <tora.MYT@brev.example> ") == found
    by_number = held(anywhere, "+46 70 174 06 33")
    assert (by_number["tips_sent"], by_number["complaints_naming"], by_number["mails"]) == (0, 2, 2)
    assert held(anywhere, "nobody@brev.example")["held"] == []
    assert "Tora" not in json.dumps(found) and "@" not in json.dumps(found)


def test_the_address_can_be_given_where_no_process_list_shows_it(small: Small) -> None:
    told = koll(small, "subject", "find", "--json", given=f"{TORA}\n").stdout
    assert json.loads(told[told.index("{") :]) == held(small, TORA)


@pytest.mark.parametrize("given", ["", "Tora Myt", "tora@", "12"])
def test_what_is_neither_address_nor_number_is_wrong_use(tmp_path: Path, given: str) -> None:
    small = Small(tmp_path, total(), day=DAY, quiet=True)
    small.open()
    assert "e-mail address or a telephone number" in koll(small, "subject", "find", given, ok=2).output


def test_a_person_gets_their_own_mails_and_not_those_of_others(small: Small) -> None:
    target = small.root / "tora.zip"
    koll(small, "subject", "export", TORA, "-o", str(target))
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(target) as pack:
        mails = [pack.read(name).decode() for name in pack.namelist() if name.endswith(".eml")]
        data = json.loads(pack.read("data.json"))
    assert len(mails) == 3 and all("From: Tora Myt" in mail for mail in mails)
    assert {one["sent_by_you"] for one in data["complaints"]} == {True, False}
    assert any("ringde mig fast jag sagt nej" in (one["text"] or "") for one in data["complaints"])


def test_erasing_takes_words_hashes_and_mails_and_leaves_the_counts(anywhere: Small) -> None:
    before, figures = complaints(anywhere), counted(anywhere)
    kept = [anywhere.open().archive.get(s) for s in anywhere.open().archive.list_objects()]
    assert any(b"cia@" in content for content in kept)
    assert "would erase" in koll(anywhere, "subject", "erase", TORA, "--dry-run").output
    assert held(anywhere, TORA)["mails"] == 4
    koll(anywhere, "subject", "erase", TORA, "--why", "asked on 12 June")
    place = anywhere.open()
    hashed = name_subject(place, TORA).hashed
    with place.engine.connect() as connection:
        facts = json.dumps([dict(f) for f in connection.execute(select(Complaint.__table__.c.facts)).scalars()])
        texts = list(connection.execute(select(ComplaintText.__table__.c.text)).scalars())
        items = connection.execute(select(QuarantineItem.__table__)).all()
    assert hashed not in facts and len(texts) == 1 and "granne" in texts[0]
    assert all(not item.draft and item.state == "erased" for item in items if item.code == "mail-date-missing")
    assert "Tora" not in raw_mails(anywhere) and "bo@brev.example" in raw_mails(anywhere)
    assert complaints(anywhere) == before and counted(anywhere) == figures
    assert held(anywhere, TORA) == {**dict.fromkeys(held(anywhere, TORA), 0), "held": []}
    acts = [json.loads(line) for line in koll(anywhere, "export", "audit").stdout.splitlines()]
    (act,) = [act for act in acts if act["what"] == "subject.erase"]
    assert act["why"] == "asked on 12 June" and act["details"]["mails"] == 4
    assert hashed not in json.dumps(act) and hashed[:16] not in json.dumps(act)
    assert koll(anywhere, "subject", "erase", TORA).output == "nothing is held\n"
    assert koll(anywhere, "export", "audit").stdout.count("subject.erase") == 1


def test_no_later_night_replay_or_copy_brings_it_back(small: Small) -> None:
    koll(small, "subject", "erase", TORA)
    before = complaints(small)
    small.ingest("tips", since=date(2020, 1, 1))
    small.ingest("tips", replay=True)
    copied = letter(TORA, f"{NAMES[ANNA]} ringde mig fast jag sagt nej.\n\nTora Myt\n{PHONE}")
    copied["X-Copied"] = "by somebody, with other bytes"
    small.tip("copy", copied)
    small.night(1)
    assert [row for row in complaints(small) if row["source"] == "tips"] == [
        row for row in before if row["source"] == "tips"
    ]
    found = held(small, TORA)
    assert found["held"] == [], found
    assert "Tora" not in raw_mails(small)


def test_erasing_that_was_killed_half_way_is_finished_by_the_next(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sources.archive.archive import Archive

    def killed(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Archive, "forget", killed)
        CliRunner().invoke(
            app, ["subject", "erase", TORA, "--config", str(small.root / "koll.toml")], standalone_mode=False
        )
    assert held(small, TORA)["mails"] == 4
    koll(small, "subject", "erase", TORA)
    assert held(small, TORA)["held"] == [] and "Tora" not in raw_mails(small)


def test_a_members_number_or_one_that_many_name_is_not_erased_by_mistake(small: Small) -> None:
    names = "org_number,kind,value\n" + f"{ANNA},phone,08-123 456 78\n"
    (small.root / "register" / "names.csv").write_text(names, "utf-8")
    for number in range(3):
        mail = letter(f"p{number}@brev.example", f"Numret 0771-123 456 ringde mig {number}", number=f"n{number}")
        small.tip(f"many-{number}", mail)
    small.night(1)
    assert "a member's" in koll(small, "subject", "erase", "08-123 456 78", ok=1).output
    assert "different people" in koll(small, "subject", "erase", "0771-123 456", ok=1).output
    place = small.open()
    assert len(find_subject(place, name_subject(place, "0771-123456")).mails) == 3
    koll(small, "subject", "erase", "0771-123 456", "--anyway")
    assert held(small, "0771-123 456")["held"] == []
