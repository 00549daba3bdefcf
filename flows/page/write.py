"""Writes the staff page: one file a member, and the lists. Each file is replaced in one step and stands by itself."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flows.mail.letters.letter import Bars
from flows.mail.words.wording import Wording, plain
from flows.page.desk import Desk, PageWording, name_of, render, write_whole
from flows.page.facts import CALENDAR_DAYS, MemberPage, gather_page
from flows.page.member import render_member
from flows.workplace import Workplace
from models.alerting.ledger.ledger import Reason
from models.members.org_number import show_org_number
from models.words import Verdict

_TREND = 26  # weeks in the list
_MARKS = {Verdict.OK: "●", Verdict.ODD: "▲", Verdict.BROKEN: "✕"}
_COLUMNS = (
    ("member", ""),
    ("open", "n"),
    ("total", "n"),
    ("phone", "n"),
    ("change", "n"),
    ("rank", "n wide rank"),
    ("rank_phone", "n wide rank"),
    ("trend", "wide"),
)


def write_pages(place: Workplace, on: date | None = None) -> Path | None:
    """Write the staff page as of a business date into the configured folder; return its index, None when it is off.

    Raises OSError when the folder cannot be written. Pages of members that are no longer in the register go.
    """
    folder = place.settings.page.folder
    if folder is None:
        return None
    association = place.settings.association
    desk = Desk(
        gather_page(place, on or place.today()),
        PageWording(association.language, association.timezone),
        plain(association.name),
        folder,
    )
    written = {folder / f"members/{_file_of(page)}": render_member(desk, page) for page in desk.facts.members}
    written[folder / "sources.html"] = _render_sources(desk)
    written[folder / "rules.html"] = _render_rules(desk, place)
    written[folder / "index.html"] = _render_index(desk)  # last: whoever finds it finds all it links to
    for path, text in written.items():
        write_whole(path, text)
    _forget(folder / "members", keep=set(written))
    return folder / "index.html"


def _forget(members: Path, keep: set[Path]) -> None:
    for path in members.glob("*.html"):
        if path not in keep:
            path.unlink()


def _file_of(page: MemberPage) -> str:
    return f"{page.member}.html"


# -- the list of members


def _render_index(desk: Desk) -> str:
    words, pages = desk.words, desk.facts.members
    tiles = (
        (sum(page.opened > 0 for page in pages), "with_alerts"),
        (sum(page.counts["total"] > 0 for page in pages), "with_complaints"),
        (sum(state.late for state in desk.facts.sources.values()), "late_sources"),
        (sum(page.waiting for page in pages), "waiting"),
    )
    return render(
        "index",
        desk,
        words.say("members"),
        "members",
        tiles=[(words.number(number), words.say(label)) for number, label in tiles],
        columns=_COLUMNS,
        rows=[_list_member(page, words) for page in pages],
        rank_scope=_say_scope(desk),
    )


def _say_scope(desk: Desk) -> str:
    source = desk.facts.members[0].counts["rank_source"] if desk.facts.members else None
    return desk.words.say("in_country", title=desk.title(source)) if source else desk.words.say("among_members")


def _list_member(page: MemberPage, words: Wording) -> dict[str, Any]:
    return {
        "name": name_of(page, words),
        "number": show_org_number(page.member),
        "file": _file_of(page),
        "open": page.opened,
        "total": page.counts["total"],
        "phone": page.counts["phone_at_least"],
        "change": page.change,
        "shown_change": f"{page.change:+d}".replace("-", "−") if page.change else "0",
        "rank": page.counts["rank_total"],
        "rank_phone": page.counts["rank_phone"],
        "spark": Bars(tuple(None if week.missing else week.total for week in page.weeks[-_TREND:])).drawn(),
    }


# -- sources and rules


def _render_sources(desk: Desk) -> str:
    rows = [_list_source(desk, name) for name in desk.facts.sources]
    return render("sources", desk, desk.words.say("sources"), "sources", rows=rows, days=CALENDAR_DAYS)


def _list_source(desk: Desk, name: str) -> dict[str, Any]:
    words, state, verdicts = desk.words, desk.facts.sources[name], desk.facts.nights.get(name, {})
    days = [desk.facts.business_date - timedelta(days=back) for back in range(CALENDAR_DAYS - 1, -1, -1)]
    counted = [(verdict, sum(found == verdict for found in verdicts.values())) for verdict in Verdict]
    return {
        "name": name,
        "title": desk.title(name),
        "verdict": str(state.verdict),
        "late": state.late,
        "state": f"{words.verdict(state.verdict)}, {words.say('late' if state.late else 'in_time')}",
        "through": words.day(state.complete_through),
        "read": words.moment(state.last_read),
        "nights": [
            (_MARKS[Verdict(verdicts[day])], verdicts[day], day) if day in verdicts else ("·", "none", day)
            for day in days
        ],
        "summary": ", ".join(f"{number} {words.verdict(verdict)}" for verdict, number in counted),
    }


def _render_rules(desk: Desk, place: Workplace) -> str:
    words = desk.words
    rows = [
        {
            "id": rule.id,
            "type": rule.type,
            "levels": ", ".join(str(level) for level in getattr(rule, "levels", ())),
            "to": ", ".join(rule.to),
            "told": _say_told(desk.facts.sent.get(rule.id, {}), words) or words.say("nothing_told"),
        }
        for rule in place.settings.rules
    ]
    return render("rules", desk, words.say("rules"), "rules", rows=rows)


def _say_told(sent: Mapping[str, int], words: Wording) -> str:
    most_first: Iterable[tuple[str, int]] = sorted(sent.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{number} × {words.reason(Reason(reason))}" for reason, number in most_first)
