"""The dossier put into words, part by part."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from flows.dossier.chart import draw_timeline, lay_weeks
from flows.dossier.gather import Gathered
from flows.dossier.paper import Block, Cell, Drawing, Figures, Grid, Link, Paper, Part, Subheading, Words
from flows.dossier.verdict import say_beside, say_channel, say_counts, say_verdict
from flows.dossier.wording import CaseWording
from flows.mail.letters.limit_letter import list_channels
from flows.mail.words.wording import plain
from models.alerting.evaluation import Rank, Window
from models.cases.steps import Step
from models.declarations.facts import Compared
from models.members.org_number import show_org_number
from models.words import Channel

_LONGEST_TEXT = 4_000


def write_paper(found: Gathered, words: CaseWording, association: str, disclosure: str, font: str) -> Paper:
    """Return the whole dossier in one language; ``font`` is what the timeline's own words are drawn with."""
    name = plain(found.name, 80) or words.say("unnamed")
    parts = (
        ("part_ask", _ask(found, name, association, words)),
        ("part_figures", _show_figures(found, words)),
        ("part_timeline", _show_timeline(found, words, font)),
        ("part_follow_up", _show_follow_up(found, words)),
        ("part_reply", _show_replies(found, words)),
        ("part_declared", _show_declared(found, words)),
        ("part_sources", _show_sources(found, words, association, disclosure)),
        ("part_frozen", _show_frozen(found, words)),
        ("part_cases", _list_complaints(found, words)),
        ("part_evidence", _list_hashes(found, words)),
    )
    return Paper(
        title=words.say("paper_title", name=name),
        subtitle=words.say(
            "paper_subtitle",
            org=show_org_number(found.org),
            number=found.case.number,
            opened=words.day(found.case.steps[0].on),
            day=words.day(found.on),
            association=plain(association, 80),
        ),
        association=plain(association, 80),
        language=words.language,
        day=found.on,
        page=words.say("page"),
        table=words.say("table", caption=""),
        parts=tuple(Part(words.say(title), tuple(blocks)) for title, blocks in parts),
    )


def _ask(found: Gathered, name: str, association: str, words: CaseWording) -> Iterator[Block]:
    last, demand = found.last, found.case.demand
    yield Words(
        words.say(
            f"ask_{last.kind}",
            name=name,
            association=plain(association, 80),
            day=words.day(last.on),
            deadline=words.day(demand.deadline) if demand else "",
            follow_up=words.day(demand.follow_up_on) if demand else "",
        ),
        "strong",
    )
    if last.why:
        yield Words(f"{words.capital(words.step(last.kind))}: {plain(last.why, _LONGEST_TEXT)}")
    yield Words(words.say("not_proven"), "warning")


def _show_figures(found: Gathered, words: CaseWording) -> Iterator[Block]:
    evidence, last = found.last.evidence, found.last
    known = datetime.fromisoformat(evidence["known_at"])
    yield Words(
        words.say(
            "figures_of",
            step=words.step(last.kind),
            day=words.day(last.on),
            span=words.span(Window.read(evidence["window"])),
            known=words.moment(known),
        )
    )
    if last.at and last.at.date() > last.on:
        yield Words(words.say("afterwards", day=words.day(last.on), at=words.moment(last.at)), "quiet")
    yield Figures(tuple(_list_figures(evidence, words)))
    unknown = evidence["by_channel"].get(Channel.UNKNOWN, 0)
    if unknown:
        yield Words(words.say("at_least", unknown=unknown), "quiet")
    if evidence["total"] and not evidence["ranks"]:
        yield Words(words.say("no_rank"), "quiet")
    if contested := sum(one["contested"] for one in evidence["complaints"]):
        yield Words(words.say("contested_count", count=contested))
    if evidence["waiting_for_review"]:
        yield Words(words.say("waiting_count", count=evidence["waiting_for_review"]))


def _list_figures(evidence: Mapping[str, Any], words: CaseWording) -> Iterator[tuple[str, str, str]]:
    """Yield each source's own figure, the one that its publisher could check, before the sum over all."""
    counts = evidence["by_source_channel"]
    for source in sorted(counts, key=lambda name: -sum(counts[name].values())):
        total, phone = sum(counts[source].values()), counts[source].get(Channel.PHONE, 0)
        title = plain(evidence["sources"][source]["title"], 60)
        yield f"source:{source}", title, words.of_which(total, Channel.PHONE, phone)
    for rank in evidence["ranks"]:
        channel = words.reached(rank["channel"])
        label = words.say("rank_in", channel=channel) if channel else words.say("rank_any")
        if rank["through"] != evidence["window"]["to"]:
            label = f"{label} ({words.say('complete_through').lower()} {words.iso_day(rank['through'])})"
        shown = Rank(rank["channel"], rank["position"], rank["of"], rank["scope"], rank["source"])
        yield f"rank:{rank['channel']}", label, words.rank(shown)
    total, phone = evidence["total"], evidence["phone_at_least"]
    said = words.of_which(total, Channel.PHONE, phone)
    if evidence["total_at_least"] < total:
        said += " (" + words.say(
            "all_sources_range", low=evidence["total_at_least"], high=total, perhaps=total - evidence["total_at_least"]
        ) + ")"  # fmt: skip
    yield "total", words.say("all_sources"), said
    if evidence["by_channel"]:
        yield "channels", words.say("channels_label"), list_channels(evidence["by_channel"], words)
    if evidence["size"] is not None:
        yield "size", words.say("size"), f"{words.number(round(evidence['size']))} {plain(evidence['size_unit'] or '')}"


def _show_timeline(found: Gathered, words: CaseWording, font: str) -> Iterator[Block]:
    weeks = lay_weeks(found.days, found.span.start, found.span.end, found.told.start, found.told.end)
    counts = found.last.evidence["by_source"]
    main = max(counts, key=lambda name: (counts[name], name), default=None)
    source = plain(found.last.evidence["sources"][main]["title"], 60) if main else ""
    months = [words.day(date(2000, month, 1)).split()[1] for month in range(1, 13)]
    marks = [(str(step.position), step.on) for step in found.case.steps if step.on >= weeks[0].start]
    alt = words.say(
        "timeline_alt",
        span=words.span(found.span),
        total=len(found.days),
        phone=sum(by_phone for _, by_phone in found.days),
        source=source,
    )
    yield Drawing(draw_timeline(weeks, marks, months, alt, font), alt)
    yield Words(words.say("timeline_legend", source=source), "quiet")
    yield Words(_say_gaps(found, words), "quiet")
    yield Grid(
        words.say("steps_caption"),
        tuple(words.say(one) for one in ("number_head", "step_head", "day_head", "by_head", "why_head")),
        tuple(_show_step(step, words) for step in found.case.steps),
    )
    yield Grid(
        words.say("months_caption"),
        tuple(words.say(one) for one in ("month", "total_head", "phone_head")),
        tuple(_count_months(found, months)),
    )


def _say_gaps(found: Gathered, words: CaseWording) -> str:
    gaps = []
    if found.told.start > found.span.start:
        gaps.append(words.say("gap_before", day=words.day(date.fromordinal(found.told.start.toordinal() - 1))))
    if found.told.end < found.span.end:
        gaps.append(words.say("gap_after", day=words.day(date.fromordinal(found.told.end.toordinal() + 1))))
    return words.say("gaps", gaps=words.listing(gaps)) if gaps else words.say("gaps_none")


def _show_step(step: Step, words: CaseWording) -> tuple[Cell, ...]:
    said = words.step(step.kind)
    if step.deadline:
        said += f", {words.say('deadline_until', day=words.day(step.deadline))}"
    why = step.why or step.text or (words.say("reply_erased") if step.is_erased else "")
    return str(step.position), said, words.day(step.on), plain(step.who, 60), plain(why, 300)


def _count_months(found: Gathered, months: list[str]) -> Iterator[tuple[Cell, ...]]:
    """Yield the bars as numbers, a month a row; a month that was not told of at all is no zero."""
    counts = Counter((day.year, day.month) for day, _ in found.days)
    phone = Counter((day.year, day.month) for day, by_phone in found.days if by_phone)
    first, last = found.span.start, found.span.end
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        key = (month // 12, month % 12 + 1)
        day = (*key, 1)
        told = date(*day) <= found.told.end and (month + 1 > found.told.start.year * 12 + found.told.start.month - 1)
        shown = (str(counts[key]), str(phone[key])) if told or counts[key] else ("?", "?")
        yield (f"{months[key[1] - 1]} {key[0]}", *shown)


def _show_follow_up(found: Gathered, words: CaseWording) -> Iterator[Block]:
    comparison = found.comparison
    if comparison is None:
        yield Words(words.say("follow_up_none"))
        return
    yield Words(say_verdict(comparison, words), "strong")
    when = words.say("follow_up_frozen", day=words.day(found.compared_on)) if found.compared_on else None
    yield Words(when or words.say("follow_up_now"), "quiet")
    yield from (Words(line) for line in say_counts(comparison, words))
    phone = comparison["channels"]["phone"]
    if comparison["after"] and phone["before"] + phone["after"]:
        yield Subheading(words.say("verdict_phone"))
        yield Words(words.say(f"verdict_{phone['verdict']}"))
        yield Words(say_channel(comparison, "phone", words))
    yield Subheading(words.say("beside"))
    titles = {name: plain(source["title"], 60) for name, source in found.last.evidence["sources"].items()}
    yield from (Words(line) for line in say_beside(comparison, titles, words))


def _show_replies(found: Gathered, words: CaseWording) -> Iterator[Block]:
    if not found.case.replies:
        yield Words(words.say("reply_none"))
    for reply in found.case.replies:
        yield Subheading(words.say("reply_of", day=words.day(reply.on)))
        yield Words(words.say("reply_erased") if reply.is_erased else plain(reply.text, _LONGEST_TEXT))
        if reply.contested:
            yield Words(words.say("reply_contested", which=plain(", ".join(reply.contested), _LONGEST_TEXT)))
        if reply.attachment:
            yield Words(words.say("reply_attached", hash=reply.attachment), "quiet")


def _show_declared(found: Gathered, words: CaseWording) -> Iterator[Block]:
    """Yield what the member has declared beside what was observed in the same year: sizes, and no judgement."""
    facts = found.declared
    if facts is None or facts.received_on is None:
        yield Words(words.say("declared_none"))
        return
    told = found.told.start <= facts.period.end  # a year that no source tells of is unknown, not zero
    yield Words(words.say("declared_text", span=words.span(facts.period), day=words.day(facts.received_on)))
    yield Grid(
        words.say("declared_caption"),
        tuple(words.say(one) for one in ("channel_head", "declared_head", "observed_head", "difference_head")),
        tuple(_compare_declared(one, told, words) for one in (facts.observed, *facts.channels)),
    )
    if facts.calls is not None:
        yield Words(words.say("declared_calls", calls=facts.calls))
    if told and (rate := facts.observed.observed_rate):
        bounds = {name: words.decimal(value) for name, value in (("low", rate.low), ("high", rate.high))}
        yield Words(words.say("declared_rate", rate=words.decimal(rate.per_100k), **bounds))
    if found.told.start > facts.period.start:
        yield Words(words.say("declared_before", day=words.day(found.told.start)), "quiet")
    if not facts.complete:
        yield Words(words.say("declared_incomplete"), "quiet")
    if facts.changed:
        asked = [plain(one.sv if words.language == "sv" else one.en, 200) for one in facts.changed]
        yield Words(words.say("declared_changed", which="; ".join(asked)))
    yield Words(words.say("declared_not_same"), "quiet")


def _compare_declared(one: Compared, told: bool, words: CaseWording) -> tuple[Cell, ...]:
    named = words.reached(one.channel) if one.channel != "any" else words.say("total").lower()
    declared = "–" if one.declared is None else words.number(one.declared)
    if not told:
        return named, declared, "?", "–"
    difference = "–" if one.difference is None else f"{one.difference:+d}".replace("-", "\u2212")
    return named, declared, words.number(one.observed), difference


def _show_sources(found: Gathered, words: CaseWording, association: str, disclosure: str) -> Iterator[Block]:
    evidence = found.last.evidence
    yield Words(words.say("sources_text"), "quiet")
    yield Grid(
        words.say("sources_caption"),
        tuple(words.say(one) for one in ("source", "in_figures", "complete_through", "last_read", "state")),
        tuple(
            (
                plain(source["title"], 60),
                words.number(evidence["by_source"].get(name, 0)),
                words.iso_day(source["complete_through"]) if source["complete_through"] else words.say("never"),
                words.moment(datetime.fromisoformat(source["last_read"])) if source["last_read"] else "",
                (f"{words.say('late')}; " if source["late"] else "") + words.verdict(source["verdict"]),
            )
            for name, source in evidence["sources"].items()
        ),
    )
    yield Subheading(words.say("disclosure_head"))
    yield Words(plain(disclosure, 1000) or words.say("disclosure", association=plain(association, 80)))
    yield Words(words.say("not_proven"))


def _show_frozen(found: Gathered, words: CaseWording) -> Iterator[Block]:
    yield Words(words.say("frozen_text", known=words.moment(found.known_at)), "quiet")
    heads = ("step_head", "period_head", "total_frozen", "total_today", "phone_frozen", "phone_today", "rank_any")
    yield Grid(
        words.say("frozen_caption"),
        tuple(words.say(one) for one in heads),
        tuple(_compare_step(step, found.today[step.position], words) for step in found.case.steps),
    )


def _compare_step(step: Step, today: Mapping[str, Any], words: CaseWording) -> tuple[Cell, ...]:
    frozen = step.evidence
    ranks = [
        " → ".join(str(rank["position"]) for rank in either)
        for either in (
            [rank for rank in frozen["ranks"] if rank["channel"] == "any"],
            [rank for rank in today["ranks"] if rank["channel"] == "any"],
        )
    ]
    return (
        _name_step(step, words),
        words.span(Window.read(frozen["window"])),
        words.number(frozen["total"]),
        words.number(today["total"]),
        words.number(frozen["phone_at_least"]),
        words.number(today["phone_at_least"]),
        " / ".join(one or "–" for one in ranks),
    )


def _name_step(step: Step, words: CaseWording) -> str:
    return f"{step.position}. {words.step(step.kind)} {words.day(step.on)}"


def _list_complaints(found: Gathered, words: CaseWording) -> Iterator[Block]:
    evidence, last = found.last.evidence, found.last
    rows = evidence["complaints"]
    yield Words(words.say("cases_text", count=len(rows), step=words.step(last.kind), day=words.day(last.on)))
    if not rows:
        return
    yield Grid(
        words.say("cases_caption"),
        tuple(words.say(one) for one in ("case_head", "source", "day_head", "channel_head", "note_head")),
        tuple(_show_complaint(one, evidence, words) for one in rows),
        narrow=True,
    )


def _show_complaint(one: Mapping[str, Any], evidence: Mapping[str, Any], words: CaseWording) -> tuple[Cell, ...]:
    name, url = plain(one["source_id"], 80), one["url"] or ""
    notes = [words.outcome(one["outcome"])] if one["kind"] == "decision" and one["outcome"] else []
    notes += [words.say("contested_note")] if one["contested"] else []
    return (
        Link(name, plain(url, 500)) if url.startswith(("https://", "http://")) else name,
        plain(evidence["sources"][one["source"]]["title"], 40),
        words.iso_day(one["date"]) if one["date"] else words.say("unknown"),
        words.reached(one["channel"]),
        ", ".join(notes),
    )


def _list_hashes(found: Gathered, words: CaseWording) -> Iterator[Block]:
    yield Words(words.say("evidence_text", member=found.org))
    yield Grid(
        words.say("steps_hash_caption"),
        (words.say("step_head"), words.say("hash_head")),
        tuple((_name_step(step, words), step.hash) for step in found.case.steps),
        narrow=True,
    )
    rests = Counter(one["raw_sha256"] for one in found.last.evidence["complaints"])
    if rests:
        yield Grid(
            words.say("raw_hash_caption"),
            (words.say("hash_head"), words.say("rests_head")),
            tuple(
                (sha256, words.number(count)) for sha256, count in sorted(rests.items(), key=lambda p: (-p[1], p[0]))
            ),
            narrow=True,
        )
