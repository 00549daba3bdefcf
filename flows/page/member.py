"""One member's page: who it is, what is asked, the figures, the year drawn, the case, the complaints behind it all."""

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from flows.mail.words.wording import Wording, plain
from flows.page.charts import Drawing, draw_year
from flows.page.desk import Desk, PageWording, name_of, render
from flows.page.facts import SILENCED, MemberPage, ShownComplaint, Week
from flows.review.explanations import say_why
from models.cases.steps import Step
from models.declarations.facts import DeclaredFacts
from models.members.org_number import show_org_number
from models.words import Band, Channel


def render_member(desk: Desk, page: MemberPage) -> str:
    """Return one member's page."""
    words, counts = desk.words, page.counts
    name = name_of(page, words)
    size = "" if page.row.size is None else f"{words.number(round(page.row.size))} {plain(page.row.size_unit or '')}"
    return render(
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
        parts=list(_list_parts(desk, page)),
        complaints=[_show_complaint(shown, desk) for shown in page.complaints],
    )


def _show_alert(alert: Mapping[str, Any], words: Wording) -> dict[str, str]:
    phrase = "alert_line" if alert["level"] and alert["count"] is not None else "alert_plain"
    subject = f" {plain(alert['subject'], 40)}" if alert["subject"] else ""
    values = {"level": alert["level"], "count": alert["count"], "complaints": words.complaints(alert["count"] or 0)}
    line = words.say(phrase, rule=alert["rule"] + subject, day=words.day(alert["since"]), **values)
    until = {"day": words.day(alert["silenced_until"])} if alert["standing"] == SILENCED else {}
    return {"line": line, "standing": words.say(f"standing_{alert['standing']}", **until), "number": alert["alert"]}


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


def _draw(desk: Desk, page: MemberPage) -> str:
    words = desk.words
    shown = {name: words.say(name) for name in ("limit", "rolling", "weeks")}
    shown |= {lane: words.say(f"lane_{lane}") for lane in ("phone", "other", "unknown")}
    shown["months"] = words.months()
    steps = [step for case in page.cases for step in case.ladder if step.on >= page.weeks[0].start]
    marks = tuple((step.on, words.case_step(step.kind)) for step in steps)
    return draw_year(Drawing(page.weeks, page.levels, marks, shown), desk.folder / ".charts")


def _list_parts(desk: Desk, page: MemberPage) -> Iterator[dict[str, Any]]:
    yield _show_cases(page, desk.words)
    if desk.facts.asks_for_declarations or page.declared:
        yield _show_declared(page.declared, desk.words)


def _show_cases(page: MemberPage, words: PageWording) -> dict[str, Any]:
    """Return the steps of every case, with what the member answered: its words are masked where they were kept."""
    rows = [
        (words.day(step.on), " ".join(_say_step(step, words)))
        for case in page.cases
        for step in sorted((*case.ladder, *case.replies), key=lambda step: step.position)
    ]
    return {"title": words.say("case_steps"), "rows": rows, "nothing": words.say("no_case")}


def _say_step(step: Step, words: PageWording) -> Iterator[str]:
    yield f"{words.case_step(step.kind)}."
    if step.deadline:
        yield words.say("step_deadline", day=words.day(step.deadline))
    if step.text:
        yield f"”{plain(step.text, 500)}”"
    elif step.is_erased:
        yield words.say("words_erased")
    if step.contested:
        yield words.say("step_contested", which=", ".join(plain(one, 60) for one in step.contested))


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
            so_far = "" if declared.complete else f" ({words.say('so_far')})"
            unknown = words.say("declared_unknown", declared=one.declared)
            yield label[0].upper() + label[1:], told + so_far if declared.told or one.observed else unknown
        if one.channel == Channel.PHONE and one.observed_rate:
            rate = one.observed_rate
            bounds = {name: words.decimal(getattr(rate, name)) for name in ("per_100k", "low", "high")}
            yield words.say("per_calls"), words.say("per_calls_line", calls=rate.calls, **bounds)
    yield words.say("changed_answers"), words.number(len(declared.changed))
    yield words.say("declared_note"), words.say("declared_not_the_same")


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
        "why": plain(say_why(shown.why, desk.words.language), 250),
    }
