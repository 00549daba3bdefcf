"""A night over decisions that name further companies: callers and principals wait for a person, in their role."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import select
from stdnum import luhn
from werkzeug import Request, Response

from flows.review.answers import Desk
from flows.review.questions import Question
from models.counting import Scope, Window, count_members
from models.matching.forms import form_of
from models.storage.tables import Complaint
from models.words import Band, Role
from tests.board_page_maker import MARKUPS, make_page, sheet_from_fact
from tests.small_world import Small

_C = Complaint.__table__
FACTS = Path(__file__).parent / "pages" / "dm_namnden" / "facts.jsonl"
BOARD = """
[sources.board]
kind = "dm_namnden"
sites = ["{address}"]
delay = 0
rows = [1, 500]
max_age_days = 5000
"""
CALLER = (
    "Företaget har funnit att samtalet skett via en av deras återförsäljare, {name}.",
    "Det var inte företaget utan {name} som tog kontakt.",
    "Det nummer som ringde tillhör {name}.",
    "{name}, en av bolagets partners, har utfört samtalet.",
    "Bolaget lejde in {name} för att ringa kunder. Samarbetet är avslutat.",
    "Ansvarig för samtalet var {name}, som numera är försatt i konkurs.",
    "Säljaren presenterade sig som anställd hos {name}.",
)
PRINCIPAL = (
    "Bolaget hade vid tillfället ett uppdrag från {name}.",
    "Säljaren erbjöd anmälaren ett abonnemang hos {name}.",
    "Bakom verksamheten står {name}.",
    "Samtalet var en del av en kampanj för {name}.",
    "{name} har gett bolaget i uppdrag att ringa kunder.",
)
TRAPS = (
    "Anmälaren har sedan länge sitt abonnemang hos {name}.",
    "Nämnden har i tidigare avgöranden mot {name} kommit till samma slutsats.",
)


def named_in_facts() -> list[tuple[dict, str, str]]:
    rows = [json.loads(line) for line in FACTS.read_text("utf-8").splitlines()]
    roles = (("caller", "actual_caller_in_body"), ("principal", "principal_in_body"))
    return [(row, role, name) for row in rows for role, field in roles for name in row[field] or ()]


def name_members(names: list[str]) -> dict[str, str]:
    nine = (f"5590{at:05d}" for at in range(100, 999))
    distinct = {form_of(name).joined: name for name in names}.values()
    return {(first := next(nine)) + luhn.calc_check_digit(first): name for name in distinct}


def page_of(fact: dict, number: int, sentence: str, markup: str) -> tuple[str, str, bytes]:
    case = f"22-{number:03d}"
    fact = fact | {"actual_caller_in_body": None, "principal_in_body": None, "case_numbers": [case]}
    fact |= {"diarienummer": case, "url": f"https://nixnamnden.se/arenden/{case}", "reexamination": False}
    sheet = sheet_from_fact(fact, number)
    sections = tuple((head, f"{text} {sentence}" if "uppgifter" in head else text) for head, text in sheet.sections[2:])
    return case, f"/arenden/{case}", make_page(replace(sheet, sections=(*sheet.sections[:2], *sections)), markup)


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[tuple[Small, dict[str, tuple[str, str]]]]:
    """A register that holds the companies named in bodies; and what each case says of whom."""
    pages: dict[str, bytes] = {}
    expected: dict[str, tuple[str, str]] = {}
    number = 0
    for at, (fact, role, name) in enumerate(named_in_facts()):
        forms = CALLER if role == "caller" else PRINCIPAL
        for sentence in (forms[at % len(forms)], forms[(at + 3) % len(forms)], TRAPS[at % len(TRAPS)]):
            number += 1
            markup = list(MARKUPS)[number % len(MARKUPS)]
            case, path, pages[path] = page_of(fact, number, sentence.format(name=name), markup)
            if sentence not in TRAPS:
                expected[case] = (role, name)

    def answer(request: Request) -> Response:
        if request.path == "/wp-sitemap.xml":
            rows = "".join(f"<url><loc>http://{request.host}{path}</loc></url>" for path in pages)
            return Response(f"<urlset>{rows}</urlset>", content_type="text/xml")
        page = pages.get(request.path)
        return Response(page, content_type="text/html; charset=utf-8") if page else Response("", 404)

    httpserver.expect_request(re.compile("/.*")).respond_with_handler(answer)
    small = Small(tmp_path, "", day=date(2026, 8, 26), quiet=True)
    small.name_members(name_members([name for _, _, name in named_in_facts()]))
    config = tmp_path / "koll.toml"
    config.write_text(config.read_text("utf-8") + BOARD.format(address=httpserver.url_for("")), "utf-8")
    yield small, expected


def counted(small: Small) -> Counter[str]:
    """How much counts for each member that no label names: bodies alone speak of them."""
    with small.open().engine.connect() as connection:
        tallies = count_members(connection, Scope(Window(date(2010, 1, 1), date(2030, 1, 1))))
        labelled = Counter(connection.execute(select(_C.c.member).where(_C.c.band == Band.ACCEPT)).scalars())
    return Counter({member: tally.total - labelled[member] for member, tally in tallies.items()})


def open_questions(small: Small) -> list[Question]:
    return Desk(small.open(), "Siv").list_open()


def test_every_caller_and_principal_reaches_review_in_its_role_and_none_counts(
    world: tuple[Small, dict[str, tuple[str, str]]],
) -> None:
    small, expected = world
    night = small.ingest("board")
    assert not night.broken, night.sum_up()
    asked = {
        case.split()[1]: (str(question.key.role), question.candidates[0]["name"] if question.candidates else None)
        for question in open_questions(small)
        if question.key.role is not Role.RESPONDENT
        for case in question.complaints
    }
    members = set(name_members([name for _, _, name in named_in_facts()]).values())
    assert {case: role for case, (role, _) in asked.items()} == {case: role for case, (role, _) in expected.items()}
    assert {name for _, name in asked.values()} <= members
    assert {member: name for member, name in counted(small).items() if name} == {}


def test_a_confirmed_caller_counts_a_principal_never_and_undo_takes_it_back(
    world: tuple[Small, dict[str, tuple[str, str]]],
) -> None:
    small, _ = world
    small.ingest("board")
    for hour, role, counts in ((4, Role.CALLER, True), (6, Role.PRINCIPAL, False)):
        desk = Desk(small.open(hour), "Siv")
        question = next(one for one in desk.list_open() if one.key.role is role and len(one.complaints) > 1)
        before, likeliest = counted(small), question.candidates[0]["member"]
        desk.accept(question, None)
        desk.count_anew(small.lines.append)
        assert counted(small)[likeliest] - before[likeliest] == (len(question.complaints) if counts else 0)
        assert question.id not in {one.id for one in open_questions(small)}
        desk = Desk(small.open(hour + 1), "Siv")
        desk.undo(question.id)
        desk.count_anew(small.lines.append)
        assert counted(small) == before and question.id in {one.id for one in open_questions(small)}
