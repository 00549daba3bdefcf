"""Extracts by mail: only a proven, configured sender is believed; all else waits for a person and is not lost."""

from collections.abc import Iterator
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.intake.matching import make_linkers
from flows.intake.quarantine import reject_item, repair_item
from flows.looking.quarantine import RowNotWorked, list_items, show_item
from models.configuration.source_settings import ExtractMail
from sources.files.extract_mail import proves_sender
from tests.demo_world import FIRST, SECOND, World, demo_world

HEADER = "Diarienummer;Inkom;Händelsedatum;Företag;Organisationsnummer;Försäljningssätt;Ärendetyp;Beskrivning\n"
TABLE = HEADER + "".join(f"2026/{n};2026-05-{n:02};;Glasklart Elavtal AB;;Internet;Avtal;\n" for n in range(1, 21))
GOOD = "mx.kontakta.example; dmarc=pass header.from=konsumentverket.example; spf=fail"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with demo_world(tmp_path / "world") as laid_out:
        config = laid_out.config.read_text("utf-8").replace("rows = [50, 5000]", "rows = [1, 5000]")
        for folder in ("new", "cur", "tmp"):
            (laid_out.root / "utdrag" / folder).mkdir(parents=True)
        told = """
[sources.konsumentverket.mail]
maildir = "utdrag"
senders = ["registrator@konsumentverket.example"]
authserv = "mx.kontakta.example"
lag_days = 10

[sources.konsumentverket.columns]"""
        config = config.replace("\n[sources.konsumentverket.columns]", told, 1)
        laid_out.config.write_text(config, "utf-8")
        yield laid_out


def send(
    world: World,
    auth: str | None = GOOD,
    sender: str = "registrator@konsumentverket.example",
    file_name: str | None = "klagomal 2026-05-01 2026-05-31.csv",
    table: bytes = TABLE.encode(),
    forged: str | None = None,
) -> None:
    mail = EmailMessage()
    if auth:
        mail["Authentication-Results"] = auth
    mail["Received"] = "from a.example by mx.kontakta.example; Thu, 11 Jun 2026 08:00:00 +0200"
    if forged:
        mail["Authentication-Results"] = forged
    mail["From"], mail["To"], mail["Subject"] = sender, "utdrag@kontakta.example", "Begärt utdrag"
    mail["Date"] = "Thu, 11 Jun 2026 08:00:00 +0200"
    mail.set_content("Här kommer utdraget. Ring 070-174 06 05 om något är oklart.")
    if file_name:
        mail.add_attachment(table, maintype="application", subtype="octet-stream", filename=file_name)
    number = len(list((world.root / "utdrag" / "new").iterdir()))
    (world.root / "utdrag" / "new" / f"1{number}.mail").write_bytes(mail.as_bytes())


def night(world: World, day: date = FIRST) -> object:
    return world.night(day, "konsumentverket").nights[0]


def test_a_proven_senders_attachment_is_taken_in_for_the_period_in_its_name(world: World) -> None:
    send(world)
    fared = night(world)
    assert (fared.verdict, fared.new, fared.complete_through) == ("ok", 20, date(2026, 5, 31))
    again = night(world, SECOND)
    assert (again.verdict, again.new, again.withdrawn) == ("ok", 0, 0)
    assert night_replayed(world) == (0, 0, 0)


def night_replayed(world: World) -> tuple[int, int, int]:
    fared = world.ingest("konsumentverket", SECOND, replay=True).nights[0]
    return fared.new, fared.changed, fared.withdrawn


def test_without_a_period_in_its_name_the_senders_date_less_the_lag_counts(world: World) -> None:
    send(world, file_name="utdrag.csv")
    assert night(world).complete_through == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"auth": None}, "sender-unproven"),
        ({"auth": "mx.kontakta.example; dmarc=fail header.from=konsumentverket.example"}, "sender-unproven"),
        ({"auth": "mx.evil.example; dmarc=pass header.from=konsumentverket.example"}, "sender-unproven"),
        ({"auth": "mx.kontakta.example; dmarc=none", "forged": GOOD}, "sender-unproven"),
        ({"auth": "mx.kontakta.example; dmarc=pass header.from=evil.example"}, "sender-unproven"),
        ({"auth": "mx.kontakta.example; spf=pass smtp.mailfrom=konsumentverket.example"}, "sender-unproven"),
        ({"sender": "nagon@konsumentverket.example"}, "sender-unknown"),
        ({"sender": '"registrator@konsumentverket.example" <x@evil.example>'}, "sender-unclear"),
        ({"file_name": None}, "attachment-missing"),
        ({"file_name": "utdrag.csv", "table": b"Nr;Dag\n1;2026-05-01\n"}, "columns-missing"),
        ({"file_name": "utdrag.csv", "table": b"<!doctype html><title>Logga in"}, "html-for-table"),
        ({"file_name": "utdrag.xlsx", "table": b"PK\x03\x04 not a workbook"}, "xlsx-broken"),
    ],
)
def test_what_is_not_proven_or_no_table_waits_for_a_person_and_stops_nothing(
    world: World, sent: dict[str, object], code: str
) -> None:
    (world.root / "extracts" / "2026-05-01_2026-05-31.csv").write_text(TABLE.replace("Avtal", "Pris"), "utf-8")
    send(world, **sent)
    fared = night(world)
    assert (fared.verdict, fared.new) == ("odd", 20)
    (item,) = list_items(world.open())
    assert (item["code"], item["source"]) == (code, "konsumentverket")
    shown = show_item(world.open(), item["key"])
    assert "Begärt utdrag" in "\n".join(shown["raw"]) and "070-174" not in str(shown["raw"])
    place = world.open()
    with pytest.raises(RowNotWorked, match="put its file into"):
        repair_item(place, item["key"], [], make_linkers(place)("konsumentverket"), who="Asta")


def test_a_waiting_mail_is_told_once_and_closed_when_its_file_is_put_into_the_folder(world: World) -> None:
    send(world, auth=None)
    send(world, auth=None, file_name="annat.csv", table=b"Nr\n1\n")
    assert "[sender-unproven]" in night(world).message
    assert night(world, SECOND).verdict == "ok"
    assert len(list_items(world.open())) == 2
    (world.root / "extracts" / "klagomal 2026-05-01 2026-05-31.csv").write_bytes(TABLE.encode())
    fared = night(world, SECOND)
    assert (fared.new, fared.mended) == (20, 1)
    (left,) = list_items(world.open())
    reject_item(world.open(), left["key"], who="Asta", why="spam")
    night(world, SECOND)
    assert list_items(world.open()) == []


@pytest.mark.parametrize(
    ("header", "proven"),
    [
        ("mx.k.example; dmarc=pass (p=reject dis=none) header.from=kv.example", True),
        ("mx.k.example 1; spf=pass smtp.mailfrom=post.kv.example; dkim=pass header.d=kv.example", True),
        ("MX.K.EXAMPLE; dkim=pass header.i=@kv.example; spf=pass smtp.mailfrom=bounce@kv.example", True),
        ("mx.k.example; spf=pass smtp.mailfrom=kv.example; dkim=pass header.d=list.example", False),
        ("mx.k.example; (dmarc=pass header.from=kv.example) dmarc=fail", False),
        ('mx.k.example; x="; dmarc=pass header.from=kv.example"', False),
        ("mx.k.example; dmarc=passed", False),
        ("mx.k.example.evil.example; dmarc=pass header.from=kv.example", False),
        ("mx.k.example; none", False),
        ("mx.k.example; dmarc=pass header.from=kv.example.evil.example", False),
        ("(" * 5000 + "mx.k.example; dmarc=pass header.from=kv.example", False),
        ("", False),
    ],
)
def test_only_the_configured_servers_own_words_prove_a_sender(header: str, proven: bool) -> None:
    assert proves_sender(header, "mx.k.example", "kv.example") is proven


def test_settings_refuse_a_mailbox_twice_and_a_sender_that_is_no_address() -> None:
    right = {"maildir": "m", "senders": ["@kv.example", "Reg@kv.example"], "authserv": "mx.k.example"}
    assert ExtractMail(**right).senders == ["@kv.example", "reg@kv.example"]
    for wrong in (
        {"imap": "imaps://u@h/INBOX"},
        {"maildir": None},
        {"senders": []},
        {"senders": ["kv"]},
        {"authserv": ""},
    ):
        with pytest.raises(ValidationError):
            ExtractMail(**{**right, **wrong})
