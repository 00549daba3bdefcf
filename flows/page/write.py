"""Writes the staff page: one file a member, and the lists. Each file is replaced in one step and stands by itself."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from flows.mail.letter import Bars
from flows.mail.phrases import REACHED
from flows.mail.wording import Wording, plain
from flows.page.charts import Drawing, draw_year
from flows.page.facts import CALENDAR_DAYS, MemberPage, PageFacts, ShownComplaint, Week, gather_facts
from flows.page.phrases import PAGE_PHRASES
from flows.workplace import Workplace
from models.alerting.ledger import Reason
from models.declarations.facts import DeclaredFacts
from models.org_number import show_org_number
from models.words import Band, Channel, Verdict

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


@dataclass(frozen=True)
class PageWording(Wording):
    """The mail's phrases and the page's own."""

    def say(self, phrase: str, **values: object) -> str:
        """Return a phrase with its values filled in; the page's own where it has one of that name."""
        if phrase not in PAGE_PHRASES:
            return super().say(phrase, **values)
        shown = {name: self.number(value) if type(value) is int else value for name, value in values.items()}
        return self._pick(PAGE_PHRASES[phrase]).format(**shown)

    def channel(self, channel: str) -> str:
        """Return ``telefon``: the channel by itself."""
        words = self._pick(REACHED[channel]).split(" ", 1) if channel in REACHED else ["", channel]
        return words[-1]


@dataclass(frozen=True)
class Desk:
    """What every page is written with."""

    facts: PageFacts
    words: PageWording
    association: str
    folder: Path

    def title(self, source: str) -> str:
        """What people call a source."""
        state = self.facts.sources.get(source)
        return plain(state.title if state else source, 60)


def write_pages(place: Workplace, on: date | None = None) -> Path | None:
    """Write the staff page as of a business date into the configured folder; return its index, None when it is off.

    Raises OSError when the folder cannot be written. Pages of members that are no longer in the register go.
    """
    folder = place.settings.page.folder
    if folder is None:
        return None
    association = place.settings.association
    desk = Desk(
        gather_facts(place, on or place.today()),
        PageWording(association.language, association.timezone),
        plain(association.name),
        folder,
    )
    written = {folder / f"members/{_file_of(page)}": _render_member(desk, page) for page in desk.facts.members}
    written[folder / "sources.html"] = _render_sources(desk)
    written[folder / "rules.html"] = _render_rules(desk, place)
    written[folder / "index.html"] = _render_index(desk)  # last: whoever finds it finds all it links to
    for path, text in written.items():
        _replace(path, text)
    _forget(folder / "members", keep=set(written))
    return folder / "index.html"


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _forget(members: Path, keep: set[Path]) -> None:
    for path in members.glob("*.html"):
        if path not in keep:
            path.unlink()


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("flows.page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def _render(name: str, desk: Desk, title: str, here: str, root: str = "", **values: Any) -> str:
    return (
        _environment()
        .get_template(f"{name}.html.j2")
        .render(
            title=title,
            here=here,
            root=root,
            facts=desk.facts,
            words=desk.words,
            association=desk.association,
            banners=list(_list_banners(desk)),
            **values,
        )
    )


def _list_banners(desk: Desk) -> Iterator[str]:
    for state in desk.facts.sources.values():
        if state.late and state.complete_through is None:
            yield desk.words.say("never_banner", title=desk.title(state.name))
        elif state.late:
            yield desk.words.say(
                "late_banner", title=desk.title(state.name), day=desk.words.day(state.complete_through)
            )


def _file_of(page: MemberPage) -> str:
    return f"{page.member}.html"


def _name_of(page: MemberPage, words: Wording) -> str:
    return plain(page.row.legal_name, 80) or words.say("unnamed")


# -- the list of members


def _render_index(desk: Desk) -> str:
    words, pages = desk.words, desk.facts.members
    tiles = (
        (sum(page.opened > 0 for page in pages), "with_alerts"),
        (sum(page.counts["total"] > 0 for page in pages), "with_complaints"),
        (sum(state.late for state in desk.facts.sources.values()), "late_sources"),
        (sum(page.waiting for page in pages), "waiting"),
    )
    return _render(
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
        "name": _name_of(page, words),
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


# -- one member


def _render_member(desk: Desk, page: MemberPage) -> str:
    words, counts = desk.words, page.counts
    name = _name_of(page, words)
    size = "" if page.row.size is None else f"{words.number(round(page.row.size))} {plain(page.row.size_unit or '')}"
    return _render(
        "member",
        desk,
        name,
        "member",
        root="../",
        page=page,
        number=show_org_number(page.member),
        size=size.strip(),
        alerts=[_show_alert(alert, words) for alert in page.alerts],
        count_line=words.of_which(counts["total"], Channel.PHONE, counts["phone_at_least"]),
        figures=list(_list_figures(desk, page)),
        chart=Markup(_draw(desk, page)) if page.weeks else "",  # noqa: S704 - our own drawing: numbers and phrases
        chart_name=words.say("chart_name", name=name),
        weeks=[_show_week(week, words) for week in reversed(page.weeks)],
        parts=[_show_declared(page.declared, words)] if desk.facts.asks_for_declarations or page.declared else [],
        complaints=[_show_complaint(shown, desk) for shown in page.complaints],
    )


def _show_alert(alert: Mapping[str, Any], words: Wording) -> dict[str, str]:
    phrase = "alert_line" if alert["level"] and alert["count"] is not None else "alert_plain"
    subject = f" {plain(alert['subject'], 40)}" if alert["subject"] else ""
    line = words.say(
        phrase, rule=alert["rule"] + subject, level=alert["level"], count=alert["count"], day=words.day(alert["since"])
    )
    return {"line": line, "standing": words.say(f"standing_{alert['standing']}"), "number": alert["alert"]}


def _list_figures(desk: Desk, page: MemberPage) -> Iterator[tuple[str, str]]:
    words, counts = desk.words, page.counts
    first, last = (words.iso_day(counts[key]) for key in ("window_from", "window_to"))
    yield words.say("period"), f"{first} – {last}"
    if counts["total_at_least"] != counts["total"]:
        yield words.say("events"), f"{counts['total_at_least']} – {counts['total']}"
    yield words.say("change"), f"{page.change:+d}".replace("-", "−")
    if counts["by_source"]:
        yield words.say("by_source"), ", ".join(f"{desk.title(s)} {n}" for s, n in counts["by_source"].items())
        by_channel = sorted(counts["by_channel"].items(), key=lambda pair: -pair[1])
        yield words.say("by_channel"), ", ".join(f"{n} {words.reached(channel)}" for channel, n in by_channel)
    for key in ("rank_total", "rank_phone"):
        if counts[key]:
            place = words.say(
                f"place_{counts['rank_scope']}", place=counts[key], title=desk.title(counts["rank_source"] or "")
            )
            yield words.say("rank" if key == "rank_total" else key), place


def _show_declared(declared: DeclaredFacts | None, words: Wording) -> dict[str, Any]:
    """Return what a member has declared beside what was observed in the same year: sizes, and no judgement."""
    part = {"title": words.say("declaration"), "nothing": words.say("no_declaration"), "rows": []}
    return part | {"rows": list(_list_declared(declared, words))} if declared and declared.received_on else part


def _list_declared(declared: DeclaredFacts, words: Wording) -> Iterator[tuple[str, str]]:
    yield words.say("period"), words.span(declared.period)
    yield words.say("declared_on"), words.day(declared.received_on)
    for one in (declared.observed, *declared.channels):
        if one.declared is not None:
            label = words.reached(one.channel) or words.say("declared_total")
            phrase = "declared_any" if one.channel == "any" else "declared_channel"
            told = words.say(phrase, declared=one.declared, observed=one.observed)
            yield label[0].upper() + label[1:], told + ("" if declared.complete else f" ({words.say('so_far')})")
        if one.channel == Channel.PHONE and one.observed_rate:
            rate = one.observed_rate
            bounds = {name: words.decimal(getattr(rate, name)) for name in ("per_100k", "low", "high")}
            yield words.say("per_calls"), words.say("per_calls_line", calls=rate.calls, **bounds)
    yield words.say("changed_answers"), words.number(len(declared.changed))
    yield words.say("declared_note"), words.say("declared_not_the_same")


def _draw(desk: Desk, page: MemberPage) -> str:
    words = desk.words
    shown = {name: words.say(name) for name in ("limit", "rolling", "weeks")}
    shown |= {lane: words.say(f"lane_{lane}") for lane in ("phone", "other", "unknown")}
    shown["months"] = words.months()
    return draw_year(Drawing(page.weeks, page.levels, (), shown), desk.folder / ".charts")


def _show_week(week: Week, words: Wording) -> dict[str, Any]:
    phone, unknown = (week.by_channel.get(channel, 0) for channel in (Channel.PHONE, Channel.UNKNOWN))
    counts = (phone, week.total - phone - unknown, unknown, week.rolling)
    return {"start": words.day(week.start), "missing": week.missing, "counts": counts}


def _show_complaint(shown: ShownComplaint, desk: Desk) -> dict[str, Any]:
    return {
        "day": desk.words.day(shown.day),
        "source": desk.title(shown.source),
        "case": plain(shown.source_id, 60),
        "url": shown.url,
        "channel": desk.words.channel(shown.channel),
        "outcome": desk.words.outcome(shown.outcome) if shown.outcome else "",
        "review": shown.band == Band.REVIEW,
        "why": plain(shown.why, 200),
    }


# -- sources and rules


def _render_sources(desk: Desk) -> str:
    rows = [_list_source(desk, name) for name in desk.facts.sources]
    return _render("sources", desk, desk.words.say("sources"), "sources", rows=rows, days=CALENDAR_DAYS)


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
    return _render("rules", desk, words.say("rules"), "rules", rows=rows)


def _say_told(sent: Mapping[str, int], words: Wording) -> str:
    most_first: Iterable[tuple[str, int]] = sorted(sent.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{number} × {words.reason(Reason(reason))}" for reason, number in most_first)
