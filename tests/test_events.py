"""Reports of one event: counted once when sure, asked about when not, and an authority's own figure untouched."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.intake.events import link_events
from flows.review.questions import list_questions, record_answer
from flows.workplace import Workplace
from models.alerting.evaluation import Window
from models.counting import Scope, count_members, count_possible
from models.draft_table import DraftTable
from models.drafts import Draft, RawRef
from models.matching.memory import Said, pair_text
from models.storage.stage import Link, Stage
from models.storage.store import writing
from models.words import Band, Channel, Kind
from tests.demo_world import demo_world

MEMBER = "4491024172"
DAY = date(2026, 5, 4)
YEAR = Scope(Window(date(2026, 1, 1), date(2026, 12, 31)))
STORY = (
    "Säljaren ringde på förmiddagen och sade att mitt gamla elavtal hade gått ut och att jag måste skriva på ett nytt"
    " samma dag. Jag sade nej flera gånger men fick ändå faktura {invoice} på {amount} kronor en vecka senare."
)
OTHER = (
    "Fick brev om bindningstid i trettiosex månader trots att vi på telefon kommit överens om uppsägning till hösten,"
    " och kundtjänsten svarar inte. Faktura {invoice} på {amount} kronor ligger nu hos inkasso."
)


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Workplace]:
    with demo_world(tmp_path / "world", database_url) as world:
        yield world.open()


def report(source: str, number: int, text: str, sender: str = "", message_id: str = "", thread: str = "") -> Draft:
    facts = {"sender": sender, "message_id": message_id, "thread": thread}
    tip = source == "tips"
    return Draft(
        source_id=f"tip-{number}" if tip else f"2026/{number}",
        kind=Kind.TIP if tip else Kind.COMPLAINT,
        raw=RawRef(sha256="0" * 64),
        received_on=DAY,
        channel=Channel.PHONE,
        text=text,
        facts={key: value for key, value in facts.items() if value},
    )


def hold(place: Workplace, *drafts: Draft) -> None:
    for source in {"tips" if d.kind is Kind.TIP else "konsumentverket" for d in drafts}:
        with writing(place.engine) as connection:
            stage = Stage(connection, source, "run", datetime(2026, 5, 5, tzinfo=UTC))
            mine = [d for d in drafts if (d.kind is Kind.TIP) == (source == "tips")]
            stage.add(1, DraftTable.of(mine), [Link(MEMBER, Band.ACCEPT)] * len(mine))
            stage.merge()
    link_events(place)


def totals(place: Workplace) -> tuple[int, dict[str, int], int]:
    with place.engine.connect() as connection:
        tally = count_members(connection, YEAR)[MEMBER]
        return tally.total, dict(tally.by_source), count_possible(connection, YEAR).get(MEMBER, 0)


def test_an_agency_record_and_a_tip_with_one_invoice_number_are_one_event(place: Workplace) -> None:
    hold(
        place,
        report("konsumentverket", 1, STORY.format(invoice="88120045", amount=499)),
        report("tips", 1, "Hej! " + OTHER.format(invoice="88120045", amount=499), sender="a"),
    )
    assert totals(place) == (1, {"konsumentverket": 1}, 0)
    with place.engine.connect() as connection:
        only = Scope(YEAR.window, ("konsumentverket",))
        assert count_members(connection, only)[MEMBER].total == 1
        tips = Scope(YEAR.window, ("tips",))
        assert count_members(connection, tips)[MEMBER].total == 1, "within a source the figure is the source's own"


def test_two_consumers_with_different_invoices_stay_two_events(place: Workplace) -> None:
    hold(
        place,
        report("konsumentverket", 1, STORY.format(invoice="88120045", amount=499)),
        report("tips", 1, OTHER.format(invoice="77011233", amount=1290), sender="a"),
    )
    assert totals(place)[0] == 2


def test_two_rows_of_one_authority_are_never_linked_however_alike(place: Workplace) -> None:
    same = STORY.format(invoice="88120045", amount=499)
    hold(place, report("konsumentverket", 1, same), report("konsumentverket", 2, same), report("tips", 9, "Hej", "z"))
    assert totals(place)[1]["konsumentverket"] == 2


def test_the_same_letter_sent_again_by_the_same_person_is_one_event(place: Workplace) -> None:
    text = STORY.format(invoice="88120045", amount=499)
    hold(place, report("tips", 1, text, "a", "m1"), report("tips", 2, text + " Återkom gärna!", "a", "m2"))
    assert totals(place)[0] == 1


def test_linking_again_changes_nothing_and_a_withdrawn_twin_gives_the_event_back(place: Workplace) -> None:
    text = STORY.format(invoice="88120045", amount=499)
    hold(place, report("konsumentverket", 1, text), report("tips", 1, text, "a"))
    assert totals(place)[0] == 1
    assert link_events(place) == 0
    with writing(place.engine) as connection:
        stage = Stage(connection, "konsumentverket", "run", datetime(2026, 5, 6, tzinfo=UTC))
        stage.cover(1, None)
        assert stage.merge().withdrawn == 1
    link_events(place)
    assert totals(place)[:2] == (1, {"tips": 1})


def test_a_soft_likeness_is_asked_about_shown_as_a_range_and_the_answer_stands(place: Workplace) -> None:
    soft = (
        report(
            "konsumentverket", 1, STORY.format(invoice="[dolt]", amount="xxxx").replace("faktura [dolt]", "en räkning")
        ),
        report("tips", 1, STORY.split(".")[0] + ". Det var i våras någon gång, minns inte när.", sender="a"),
    )
    hold(place, *soft)
    total, _, perhaps = totals(place)
    assert (total, perhaps) == (2, 1)
    with place.engine.connect() as connection:
        question = next(q for q in list_questions(connection) if q.is_pair)
    assert question.key.text == pair_text("konsumentverket 2026/1", "tips tip-1")
    for said, expected in ((Said.MEMBER, (1, 0)), (Said.NOT_MEMBER, (2, 0))):
        with writing(place.engine) as connection:
            record_answer(
                connection, question, said, None, who="anna", why="", at=datetime(2026, 5, 7, tzinfo=UTC), version="x"
            )
        link_events(place)
        total, _, perhaps = totals(place)
        assert (total, perhaps) == expected
