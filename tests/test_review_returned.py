"""Filled-in workbooks that come back by mail or in a folder: taken once, from proven staff alone, and answered."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from io import BytesIO
from pathlib import Path

import pytest
from imapclient import IMAPClient
from openpyxl import load_workbook
from sqlalchemy import select

from flows.review.book import write_book
from flows.review.questions import Question, list_questions
from models.audit import AuditRow
from models.storage.tables import ReviewAnswer
from tests.small_world import ANNA, Small, text_of
from tests.test_inbox_imap import PASSWORD, USER, port

__all__ = ["port"]
DAY = date(2026, 3, 5)
STAFF = "etik@example.org"
PROVEN = "mx.example.org; dmarc=pass header.from=example.org"
XLSX = {"maintype": "application", "subtype": "vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """One tip that names a member with slips, so that its question is open."""
    made = Small(tmp_path, '[review]\nfolder = "answers"\nauthserv = "mx.example.org"\n', day=DAY, quiet=True)
    (tmp_path / "answers").mkdir()
    made.tip("1", write_tip())
    made.run()
    return made


def write_tip() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Tora Myt <tora@brev.example>", "Samtal"
    mail["Date"], mail["Message-ID"] = format_datetime(datetime(2026, 3, 4, 10, tzinfo=UTC)), "<1@brev.example>"
    mail.set_content("Hej, i går ringde Anemmon Telefoni och sålde ett abonnemang.")
    return mail


def ask(small: Small) -> list[Question]:
    with small.open().engine.connect() as connection:
        return list_questions(connection)


def fill(small: Small, answer: object = 1) -> bytes:
    path = small.root / "review.xlsx"
    write_book(ask(small), path, "sv")
    book = load_workbook(path)
    book["review"]["J2"].value = answer
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def send(content: bytes, *, sender: str = STAFF, proof: str | None = PROVEN) -> EmailMessage:
    mail = EmailMessage()
    if proof:
        mail["Authentication-Results"] = proof
    mail["From"], mail["Subject"] = f"Siv Demo <{sender}>", "SV: frågor"
    mail["Date"], mail["Message-ID"] = format_datetime(datetime(2026, 3, 5, 1, tzinfo=UTC)), f"<svar-{sender}>"
    mail.set_content("Här kommer svaren.")
    mail.add_attachment(content, filename="review.xlsx", **XLSX)
    return mail


def said(small: Small) -> list[tuple[str, str | None, str]]:
    table = ReviewAnswer.__table__
    with small.open().engine.connect() as connection:
        return [(row.said, row.member, row.who) for row in connection.execute(select(table).order_by(table.c.id))]


def taken(small: Small) -> list[dict]:
    table = AuditRow.__table__
    with small.open().engine.connect() as connection:
        asked = select(table.c.details).where(table.c.what == "review.workbook")
        return [row.details for row in connection.execute(asked)]


def test_a_mailed_workbook_of_proven_staff_is_taken_counted_the_same_night_and_answered_once(small: Small) -> None:
    [question] = ask(small)
    assert question.candidates[0]["member"] == ANNA
    small.tip("2", send(fill(small)))
    small.run(hour=4)
    small.run(hour=5)
    assert said(small) == [("member", ANNA, STAFF)] and ask(small) == []
    assert taken(small) == [{"file": "review.xlsx", "taken": 1, "refused": 0}]
    assert [row["member"] for row in small.export("complaints")] == [ANNA]
    [reply] = [mail for mail in small.mails() if mail["X-Medlemskoll"] == "workbook"]
    assert (reply["To"], reply["In-Reply-To"]) == (STAFF, f"<svar-{STAFF}>")
    assert "1 svar i review.xlsx är inlästa" in text_of(reply)
    assert all(row["code"] != "workbook-untrusted" for row in small.export("quarantine"))


@pytest.mark.parametrize(
    ("sender", "proof"),
    [
        ("stranger@other.example", "mx.example.org; dmarc=pass header.from=other.example"),
        (STAFF, None),
        (STAFF, "mx.other.example; dmarc=pass header.from=example.org"),
        (STAFF, "mx.example.org; dmarc=fail header.from=example.org; spf=pass smtp.mailfrom=other.example"),
    ],
    ids=["a stranger", "no proof", "proof by another server", "a forged sender"],
)
def test_a_workbook_from_whoever_is_not_proven_to_be_staff_waits_in_quarantine(
    small: Small, sender: str, proof: str | None
) -> None:
    small.tip("2", send(fill(small), sender=sender, proof=proof))
    small.run(hour=4)
    small.run(hour=5)
    assert said(small) == [] and taken(small) == [] and len(ask(small)) == 1
    [row] = [row for row in small.export("quarantine") if row["code"] == "workbook-untrusted"]
    assert "koll review import" in row["reason"] and row["source"] == "tips"
    assert [mail for mail in small.mails() if mail["X-Medlemskoll"] == "workbook"] == []


def test_without_a_mail_server_to_vouch_for_senders_nobody_is_believed(small: Small) -> None:
    small.configure("")
    small.tip("2", send(fill(small)))
    small.run(hour=4)
    assert said(small) == []
    [row] = [row for row in small.export("quarantine") if row["code"] == "workbook-untrusted"]
    assert "[review] authserv" in row["reason"]


def test_a_dropped_workbook_is_taken_once_and_a_text_beside_it_tells_what_was_not(small: Small) -> None:
    (small.root / "answers" / "mars.xlsx").write_bytes(fill(small, "kanske"))
    small.run(hour=4)
    told = (small.root / "answers" / "mars.txt").read_text("utf-8")
    assert "mars.xlsx row 2: 'kanske' is no answer" in told and said(small) == []
    (small.root / "answers" / "mars.xlsx").write_bytes(fill(small, "ingen"))
    small.run(hour=5)
    small.run(hour=6)
    assert [(answer, member) for answer, member, _ in said(small)] == [("not_member", None)] and ask(small) == []
    assert [details["taken"] for details in taken(small)] == [0, 1]
    assert "1 svar i mars.xlsx är inlästa" in (small.root / "answers" / "mars.txt").read_text("utf-8")


def test_a_file_that_is_no_workbook_of_ours_changes_nothing_and_is_told(small: Small) -> None:
    (small.root / "answers" / "other.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    (small.root / "answers" / "~$mars.xlsx").write_bytes(b"lock")
    night = small.run(hour=4)
    assert said(small) == [] and not night.failed
    assert "koll review export" in (small.root / "answers" / "other.txt").read_text("utf-8")
    assert len(taken(small)) == 1


def test_a_workbook_is_taken_from_a_real_imap_server(
    small: Small, port: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = IMAPClient("127.0.0.1", port, ssl=False)
    client.login(USER, PASSWORD)
    client.create_folder("answers")
    client.append("answers", bytes(send(fill(small))).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    monkeypatch.setenv("KOLL_IMAP_PASSWORD", PASSWORD)
    config = small.root / "koll.toml"
    text = config.read_text("utf-8").replace(
        f'maildir = "{small.root}/inbox"', f'imap = "imap://{USER}@127.0.0.1:{port}/answers"'
    )
    config.write_text(text, "utf-8")
    small.run(hour=4)
    assert said(small) == [("member", ANNA, STAFF)] and ask(small) == []
    with suppress(Exception):
        client.logout()
