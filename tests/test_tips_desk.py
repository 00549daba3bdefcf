"""Staff at the tip inbox: what they see, what they decide, and that it holds whatever is read again."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from flows.koll import app
from models.audit import AuditRow
from models.matching.prose.context import mark_sentence
from models.tips.templates import find_templates
from models.tips.threads import join_threads
from tests.small_world import ANNA, BO, Small

DAY = date(2026, 3, 5)
CALLED = "Anemon Telefoni AB ringde mig igår fast jag är spärrad i NIX, och säljaren blev otrevlig när jag sade nej."


def letter(number: int, body: str, *, subject: str = "Klagomål", sender: str = "", days: int = 0, **more: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = sender or f"Myra Hittepå <m{number}@brevlada.example>"
    mail["Date"] = format_datetime(datetime(2026, 3, 4, 10, number, tzinfo=UTC) + timedelta(days=days))
    mail["Message-ID"] = f"<{number}@brevlada.example>"
    mail["Subject"] = subject
    for name, value in more.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return bytes(mail)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    yield Small(tmp_path, "", day=DAY, quiet=True)


def run(small: Small, *words: str, good: bool = True) -> str:
    result = CliRunner().invoke(app, [*words, "--config", str(small.root / "koll.toml")])
    assert (result.exit_code == 0) is good, result.output
    return result.output


def listed(small: Small, *words: str) -> list[dict[str, Any]]:
    import json

    found: list[dict[str, Any]] = json.loads(run(small, "tips", "list", "--json", *words))
    return found


def read(small: Small, *mails: bytes, **more: object) -> list[dict[str, Any]]:
    for mail in mails:
        small.tip(f"m{len(list((small.root / 'inbox').iterdir()))}", mail)
    small.ingest("tips", **more)
    return listed(small)


def test_a_tip_that_names_nobody_is_kept_and_found_by_its_words(small: Small) -> None:
    (tip,) = read(small, letter(1, "Någon ringde och ville sälja ÄPPELTRÄD till min mor."))
    assert (tip["standing"], tip["member"]) == ("nobody", None)
    assert [one["tip"] for one in listed(small, "--search", "äppeltrad")] == [tip["tip"]]
    assert listed(small, "--search", "päronträd") == []
    assert listed(small, "--standing", "counted") == []


def test_what_a_person_sets_aside_counts_for_nobody_and_stays_aside_when_all_is_read_again(small: Small) -> None:
    (tip,) = read(small, letter(1, CALLED))
    assert (tip["standing"], tip["member"]) == ("counted", ANNA)
    run(small, "tips", "set-aside", tip["tip"], "--by", "Vera", "--why", "en repetition")
    for again in (False, True):
        small.ingest("tips", replay=again)
        (now,) = listed(small)
        assert (now["standing"], now["member"]) == ("aside: person", None)
    shown = run(small, "tips", "show", tip["tip"])
    assert "Vera: aside en repetition" in shown and "Anemon Telefoni AB ringde mig" in shown
    assert "set aside already" in run(small, "tips", "set-aside", tip["tip"], good=False)
    run(small, "tips", "undo", tip["tip"], "--by", "Vera")
    small.ingest("tips", replay=True)
    assert listed(small)[0]["member"] == ANNA
    assert "nobody has decided" in run(small, "tips", "undo", tip["tip"], good=False)


def test_a_mail_set_aside_by_its_headers_can_be_taken_in_and_put_back(small: Small) -> None:
    (mail,) = read(small, letter(1, CALLED, Auto_Submitted="auto-replied"))
    assert mail["standing"] == "aside: auto-reply"
    run(small, "tips", "take", mail["tip"], "--by", "Vera")
    for again in (False, True):
        small.ingest("tips", replay=again)
        assert [(one["standing"], one["member"]) for one in listed(small)] == [("counted", ANNA)]
    assert "a tip already" in run(small, "tips", "take", mail["tip"], good=False)
    run(small, "tips", "undo", mail["tip"])
    assert listed(small)[0]["standing"] == "aside: auto-reply"


def test_whom_a_tip_is_about_is_said_once_and_can_be_taken_back(small: Small) -> None:
    (tip,) = read(small, letter(1, "De ringde igen i går kväll, samma röst som alltid."))
    run(small, "tips", "attach", tip["tip"][:12], f"{BO[:6]}-{BO[6:]}", "--by", "Vera", "--why", "på telefon")
    small.ingest("tips", replay=True)
    assert (listed(small)[0]["standing"], listed(small)[0]["member"]) == ("counted", BO)
    assert "no such member" in run(small, "tips", "attach", tip["tip"], "5560000000", good=False)
    run(small, "tips", "undo", tip["tip"], "--by", "Vera")
    assert listed(small)[0]["member"] is None
    with small.open().engine.connect() as connection:
        acts = connection.execute(select(AuditRow.__table__)).all()  # type: ignore[attr-defined]
    assert [(act.what, act.who) for act in acts] == [("review.member", "Vera"), ("review.undone", "Vera")]


def test_a_doubtful_tip_shows_the_sentence_with_the_name_marked(small: Small) -> None:
    (tip,) = read(small, letter(1, "Hej! En man sa att han ringde från Anemon Telefoni. Jag lade på."))
    assert tip["standing"] == "asked"
    shown = run(small, "tips", "show", tip["tip"])
    assert "En man sa att han ringde från »Anemon Telefoni«." in shown
    assert "review" in shown and "the caller only said so" in shown
    assert "in the sentence: En man sa att han ringde från »Anemon Telefoni«." in run(
        small, "review", "show", run(small, "review", "list").splitlines()[1].split("\t")[0]
    )
    assert "no tips" in run(small, "tips", "show", "tip-ffff", good=False)


def test_an_answer_that_comes_in_before_what_it_answers_is_one_event_with_it(small: Small) -> None:
    last = letter(3, "Anemon Telefoni AB ringde nu en tredje gång, gör något!", In_Reply_To="<2@brevlada.example>")
    read(small, last)
    first = letter(1, CALLED)
    middle = letter(2, "Har ni hunnit titta på Anemon Telefoni AB?", In_Reply_To="<1@brevlada.example>")
    found = read(small, first, middle)
    assert [one["thread"] for one in found] == [3, 3, 3]
    assert events(small) == 1


def test_the_same_words_again_from_the_same_sender_are_counted_once(small: Small) -> None:
    short = "Anemon Telefoni AB ringde mig."
    tora = "Tora Myt <tora@brev.example>"
    read(small, letter(1, short, sender=tora), letter(2, short, sender=tora, days=1), letter(3, short))
    assert events(small) == 2


def events(small: Small) -> int:
    import json

    out = small.root / "counts.jsonl"
    run(small, "export", "counts", "--format", "jsonl", "-o", str(out))
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    return next(int(row["by_source"].get("tips", 0)) for row in rows if row["member"] == ANNA)


def test_a_template_sent_by_many_shows_its_size_and_counts_every_sender(small: Small) -> None:
    text = (
        "Jag vill klaga på Anemon Telefoni AB som trots upprepade uppmaningar fortsätter att ringa mig på kvällstid "
        "och försöker sälja abonnemang som jag inte vill ha. Mitt ärendenummer är {}. {}"
    )
    own = ["", "Det är en skam.", "Min man håller med.", "Hälsningar från oss alla i huset."]
    read(small, *(letter(n, text.format(7_000_000 + 31 * n, words)) for n, words in enumerate(own, 1)))
    found = read(small, letter(9, "Anemon Telefoni AB lovade mig en gratis telefon i butiken på torget i lördags."))
    assert sorted(one["copies"] for one in found) == [1, 4, 4, 4, 4]


def test_threads_hold_over_mails_that_nobody_has() -> None:
    joined = join_threads({"a": ("1", []), "b": ("3", ["2"]), "c": ("2", ["1"]), "d": ("", ["9"]), "e": ("", ["9"])})
    assert joined["a"] == joined["b"] == joined["c"]
    assert joined["d"] == joined["e"] != joined["a"]
    assert join_threads({"x": ("", []), "y": ("", [])})["x"] != join_threads({"x": ("", []), "y": ("", [])})["y"]


def test_short_or_unlike_texts_are_no_template() -> None:
    assert find_templates({"a": "ja tack", "b": "ja tack"}) == {}
    assert find_templates({"a": CALLED, "b": CALLED[::-1]}) == {}
    assert find_templates({"a": CALLED, "b": CALLED + " Punkt."})["a"] == ["a", "b"]


def test_a_quote_is_the_sentence_alone_with_the_place_marked() -> None:
    text = "Rubrik\nHej. Det var Solvik AB\nsom ringde. Mer finns."
    start = text.index("Solvik")
    assert mark_sentence(text, start, start + 9) == "Det var »Solvik AB« som ringde."
