"""What was declared, and how it stands beside what was observed: for commands and exports."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, select

from flows.declarations.finding import find_member, find_rule
from flows.workplace import Workplace
from models.alerting.measuring.dues import find_due
from models.declarations.facts import Compared, DeclaredFacts, Observer, gather_facts
from models.declarations.form import FormUnknown, load_form
from models.declarations.keeping import list_declared, list_versions_of
from models.declarations.rates import Rate
from models.storage.tables import Member

_M: Table = Member.__table__  # type: ignore[attr-defined]
_HIDDEN = "(not shown)"


def show_declared(place: Workplace, asked: str, year: int | None = None, *, private: bool = False) -> dict[str, Any]:
    """Return every version that a member has handed in; answers that name a person only when ``private`` is asked."""
    with place.engine.connect() as connection:
        row = find_member(connection, asked)
        versions = list_versions_of(connection, row.member, year)
    return {
        "member": row.member,
        "name": row.legal_name,
        "versions": [
            {
                "year": version.year,
                "period_from": version.period_from,
                "period_to": version.period_to,
                "received_on": version.received_on,
                "file": version.name,
                "form": version.form,
                "recorded_from": version.recorded_from,
                "recorded_to": version.recorded_to,
                "answers": list(_show_answers(version.form, version.answers, private)),
            }
            for version in versions
        ],
    }


def _show_answers(version: str, answers: dict[str, Any], private: bool) -> Iterator[dict[str, Any]]:
    try:
        questions = {question.id: question for question in load_form(version).questions}
    except FormUnknown:
        questions = {}
    for question_id in [*questions, *(key for key in answers if key not in questions)]:
        question = questions.get(question_id)
        hidden = not private and (question is None or question.private) and question_id in answers
        answer = _HIDDEN if hidden else answers.get(question_id)
        yield {"question": question_id, "text": question.sv if question else "", "answer": answer}


def compare_declared(
    place: Workplace, asked: str | None = None, year: int | None = None, known_at: datetime | None = None
) -> list[DeclaredFacts]:
    """Return the facts of everything declared, or of one member: then also where it has declared nothing."""
    with place.engine.connect() as connection:
        declared = list_declared(connection, known_at)
        if asked is not None:
            row = find_member(connection, asked)
            mine = [one for member, one in declared if member == row.member]
            which = year or max(mine, default=place.today().year - 1)
            declared = [(row.member, which)]
        observer = Observer(connection, known_at)
        return [gather_facts(observer, member, one) for member, one in declared if year in (None, one)]


def list_rows(place: Workplace, as_of: date | None, known_at: datetime | None) -> Iterator[dict[str, Any]]:
    """Yield one row for each declaration that is held, with what was observed; names of persons stay inside."""
    rule = find_rule(place)
    with place.engine.connect() as connection:
        members = {row.member: row for row in connection.execute(select(_M))}
    for facts in compare_declared(place, known_at=known_at):
        if as_of is not None and facts.received_on is not None and facts.received_on > as_of:
            continue
        register = members.get(facts.member)
        due = find_due(rule, register, facts.year, facts.period.end) if rule and register else None
        yield {**show_facts(facts), "due_on": due.on.isoformat() if due else None}


def show_facts(facts: DeclaredFacts) -> dict[str, Any]:
    """Return facts as plain values."""
    return {
        "member": facts.member,
        "name": facts.name,
        "year": facts.year,
        "period_from": facts.period.start.isoformat(),
        "period_to": facts.period.end.isoformat(),
        "form": facts.form,
        "received_on": facts.received_on.isoformat() if facts.received_on else None,
        "versions": facts.versions,
        "declared": facts.observed.declared,
        "observed": facts.observed.observed,
        "difference": facts.observed.difference,
        "observed_complete": facts.complete,
        "by_channel": {one.channel: _show_compared(one) for one in facts.channels},
        "by_source": dict(facts.by_source),
        "calls": facts.calls,
        "declared_per_100k_calls": _show_rate(facts.observed.declared_rate),
        "observed_per_100k_calls": _show_rate(facts.observed.observed_rate),
        "changed": [
            {"question": one.question, "before": one.before, "now": one.now, "private": one.private}
            for one in facts.changed
        ],
        "answers": dict(facts.answers),
    }


def _show_compared(one: Compared) -> dict[str, Any]:
    return {
        "declared": one.declared,
        "observed_at_least": one.observed,
        "difference": one.difference,
        "declared_per_100k_calls": _show_rate(one.declared_rate),
        "observed_per_100k_calls": _show_rate(one.observed_rate),
    }


def _show_rate(rate: Rate | None) -> dict[str, float] | None:
    if rate is None:
        return None
    return {"rate": round(rate.per_100k, 3), "low": round(rate.low, 3), "high": round(rate.high, 3)}
