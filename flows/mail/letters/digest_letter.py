"""The letters about many alerts at once: what a new rule found, the rest of a busy night, the week that was.

One card per member with the figures that a letter of its own would show: on the night a rule is introduced this is
all that its readers see.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest

from flows.mail.letters.count_letter import say_count, say_first
from flows.mail.letters.desktop import Desktop, late_banners, run_footer, say_odd_source, source_table
from flows.mail.letters.due_letter import is_about_due, list_dues
from flows.mail.letters.follow_up_letter import say_due
from flows.mail.letters.letter import Block, Card, Cards, Heading, Letter, Text
from flows.mail.letters.limit_letter import MOST_CASES, count_of, excess_of, source_figure, window_of
from flows.mail.words.wording import plain
from models.alerting.evaluation import Findings
from models.alerting.ledger.ledger import AlertEvent, Reason, What, alert_id
from models.alerting.rules import (
    CountingRule,
    FirstRule,
    FollowUpRule,
    LimitRule,
    RankRule,
    RiseRule,
    ShareRule,
    SourceOddRule,
)

_MOST_CARDS = 200
_CORRECTIONS = (Reason.RETRACTED, Reason.CORRECTED_UP)


def write_introduction(events: Sequence[AlertEvent], marks: Sequence[AlertEvent], desk: Desktop) -> Letter:
    """Return the one letter about members who were above a limit before anybody looked.

    ``marks`` are tonight's events about rules themselves: new, changed, or with a new source.
    """
    words = desk.words
    limits, decisions = _split(events, desk)
    notes = [mark for mark in marks if set(mark.groups) & set(desk.groups)]
    what = words.say(_what_happened([mark.note for mark in notes]))
    above = len({event.member for event in limits})
    said = words.say("subject_introduced_decisions", what=what, count=len(decisions))
    if limits:
        said = words.say("subject_introduced", what=what, members=words.members(above))
    blocks: list[Block] = [*_banners(events, desk)]
    blocks.append(Text(words.say("introduced_text", rules=words.listing(list(_list_rules(notes, desk))))))
    blocks.append(Text(words.say("not_proven"), "quiet"))
    blocks += _section("introduced", limits, desk)
    blocks += _section("introduced_decisions", decisions, desk)
    blocks += [*source_table(_sources(events, desk), desk, {}), *_digest_footer(events[0], desk)]
    return Letter(desk.tag(said), said, tuple(blocks), words.language)


def _split(events: Sequence[AlertEvent], desk: Desktop) -> tuple[list[AlertEvent], list[AlertEvent]]:
    """Return (events about a count, the others)."""
    counted = [isinstance(desk.rule(event), CountingRule) for event in events]
    return (
        [event for event, is_count in zip(events, counted, strict=True) if is_count],
        [event for event, is_count in zip(events, counted, strict=True) if not is_count],
    )


def _what_happened(notes: Sequence[str]) -> str:
    if notes and all(note == "changed" for note in notes):
        return "what_changed"
    if notes and all(note.startswith("source ") for note in notes):
        return "what_source"
    return "what_new_many" if len(notes) > 1 else "what_new"


def _list_rules(marks: Sequence[AlertEvent], desk: Desktop) -> Iterator[str]:
    for note in ("new", "changed", "source"):
        rules = [mark.rule_id for mark in marks if mark.note.partition(" ")[0] == note]
        if rules:
            phrase = f"{'one' if len(rules) == 1 else 'many'}_{note}"
            yield desk.words.say(phrase, rules=desk.words.listing(rules))


def write_digest(events: Sequence[AlertEvent], singles: int, desk: Desktop) -> Letter:
    """Return the letter with the rest of a night: what is beyond the single mails, and what older data brought."""
    words = desk.words
    said = words.say("subject_digest_one" if len(events) == 1 else "subject_digest", count=len(events))
    groups: dict[str, list[AlertEvent]] = {"act": [], "reminders": [], "corrected": [], "backfill": [], "data": []}
    for event in events:
        groups[_group(event)].append(event)
    blocks: list[Block] = [*_banners(events, desk)]
    if len(groups["act"]) + len(groups["reminders"]) + len(groups["corrected"]) and singles:
        blocks.append(Text(words.say("overflow_text", singles=singles)))
    blocks.append(Text(words.say("not_proven"), "quiet"))
    for name, members in groups.items():
        blocks += _section(name, members, desk)
    blocks += [*source_table(_sources(events, desk), desk, {}), *_digest_footer(events[0], desk)]
    return Letter(desk.tag(said), said, tuple(blocks), words.language)


def _group(event: AlertEvent) -> str:
    if not event.member:
        return "data"
    if event.reason in _CORRECTIONS:
        return "corrected"
    if event.reason is Reason.FOUND_IN_BACKFILL:
        return "backfill"
    return "reminders" if event.reason is Reason.REMINDER else "act"


def write_weekly(events: Sequence[AlertEvent], desk: Desktop) -> Letter:
    """Return Monday's letter: what has resolved and who has left, or that there is nothing to decide."""
    words = desk.words
    left = [event for event in events if event.kind is What.CLOSED]
    dues = [event for event in events if is_about_due(event, desk)]
    resolved = [event for event in events if event.kind is not What.CLOSED and event not in dues]
    said = words.say("subject_nothing")
    if events:
        said = words.say(
            "subject_weekly", lines=words.members(len({event.member or event.subject for event in events}))
        )
    blocks: list[Block] = [*_banners((), desk)]
    if not events:
        blocks.append(Text(words.say("nothing_text")))
    blocks += [*_section("resolved", resolved, desk), *_section("left", left, desk)]
    blocks += list_dues("received_dues", dues, desk)
    blocks += source_table(sorted(desk.night.sources), desk, {})
    blocks += run_footer(desk)
    return Letter(desk.tag(said), said, tuple(blocks), words.language)


def _section(name: str, events: Sequence[AlertEvent], desk: Desktop) -> Iterator[Block]:
    if not events:
        return
    words = desk.words
    yield Heading(words.say(name))
    if name == "backfill":
        yield Text(words.say("backfill_text"))
    by_subject = sorted(events, key=lambda event: (event.member, event.subject if not event.member else ""))
    groups = [list(g) for _, g in groupby(by_subject, key=lambda e: (e.member, e.subject if not e.member else ""))]
    groups.sort(key=lambda group: _urgency(group, desk, by_count=name == "backfill"), reverse=True)
    yield Cards(tuple(_card(group, desk) for group in groups[:_MOST_CARDS]))
    if len(groups) > _MOST_CARDS:
        yield Text(words.say("more_members", members=words.members(len(groups) - _MOST_CARDS)))


def _urgency(events: Sequence[AlertEvent], desk: Desktop, by_count: bool) -> tuple[float, int, str]:
    """Sort by how far over the limit, or by the count itself."""
    count = max((event.count or 0) for event in events)
    over = max(excess_of(event, desk.rule(event)) for event in events)
    return (0.0 if by_count else over, count or len(events), events[0].member)


def _card(events: Sequence[AlertEvent], desk: Desktop) -> Card:
    words = desk.words
    first = events[0]
    command = f"koll alerts show {alert_id(first.key)}"
    if not first.member:
        return _source_card(first, desk)
    limits, decisions = _split(events, desk)
    lines: list[str] = []
    counted = [list(_limit_lines(e, desk)) for e in sorted(limits, key=lambda event: event.channel != "any")]
    for drawn in zip_longest(*counted):  # what was reached stands together, above places and sources
        lines += [line for line in dict.fromkeys(drawn) if line and line not in lines]
    lines += [say_due(event, desk) for event in decisions if isinstance(desk.rule(event), FollowUpRule)]
    lines += _decision_lines([e for e in decisions if not isinstance(desk.rule(e), FollowUpRule)], desk)
    if first.kind is What.CLOSED:
        lines = [words.say("left_line", rule=words.listing(sorted({event.rule_id for event in events})))]
    return Card(desk.who(first.member), tuple(lines), command)


def _limit_lines(event: AlertEvent, desk: Desktop) -> Iterator[str]:
    words, rule, found = desk.words, desk.rule(event), desk.found(event)
    if isinstance(rule, FirstRule):
        yield say_first(event, rule, desk)
        return
    if isinstance(rule, RiseRule | RankRule | ShareRule):
        said = say_count(event, rule, desk)
        yield words.say("other_line", said=said[0].upper() + said[1:], rule=rule.id)
        return
    assert isinstance(rule, LimitRule)
    window = window_of(event, desk)
    if event.reason is Reason.RESOLVED:
        period = words.period(rule.window.rolling_days, window)
        counted = f"{words.complaints(event.count or 0)} {words.reached(rule.channel)} {period}".replace("  ", " ")
        yield words.say("resolved_line", count=event.count or 0, period=counted, level=event.level, rule=rule.id)
        return
    yield f"{count_of(event, rule, found, words)} · {words.span(window)}"
    phrase = "limit_line" if rule.channel == "any" else "limit_line_channel"
    yield words.say(phrase, level=event.level, rule=rule.id, channel=words.reached(rule.channel))
    for rank in found.ranks:
        channel = words.reached(rank.channel)
        label = words.say("rank_in", channel=channel) if channel else words.say("rank_any")
        yield f"{label}: {words.rank(rank)}"
    if by_source := _list_sources(found, rule, desk):
        yield f"{words.say('sources')}: {by_source}"


def _list_sources(found: Findings, rule: LimitRule, desk: Desktop) -> str:
    """Return each source with its own figure; how far each is complete stands once, at the end of the letter."""
    words, parts = desk.words, []
    for name in rule.sources:
        state = desk.night.sources.get(name)
        if state is None or not found.by_source:
            continue
        count = source_figure(name, rule, found, words) or words.number(found.by_source.get(name, 0))
        parts.append(f"{desk.title(name, 40)} {count}")
    return "; ".join(parts)


def _decision_lines(events: Sequence[AlertEvent], desk: Desktop) -> Iterator[str]:
    words = desk.words
    dates = {(d.case_number, d.member): d.decided_on for d in desk.night.decisions}
    by_outcome = sorted(events, key=lambda event: event.note)
    for outcome, group in groupby(by_outcome, key=lambda event: event.note):
        newest = sorted(group, key=lambda e: (str(dates.get((e.subject, e.member)) or ""), e.subject), reverse=True)
        cases = []
        for event in newest[:MOST_CASES]:
            day = dates.get((event.subject, event.member))
            cases.append(plain(event.subject, 40) + (f" ({words.day(day)})" if day else ""))
        if len(newest) > MOST_CASES:
            cases.append(words.say("and_more", count=len(newest) - MOST_CASES))
        said = words.outcome(outcome)
        yield words.say("decisions_line", outcome=said[0].upper() + said[1:], cases=", ".join(cases))


def _source_card(event: AlertEvent, desk: Desktop) -> Card:
    words = desk.words
    if isinstance(desk.rule(event), SourceOddRule):
        name, _, day = event.subject.partition(" ")
        back = event.reason is Reason.RESOLVED
        said = words.say("source_usual_line", day=words.iso_day(day)) if back else say_odd_source(event, desk)
        return Card(desk.title(name), (said,), "" if back else f"koll alerts show {alert_id(event.key)}")
    title = desk.title(event.subject)
    if event.reason is Reason.RESOLVED:
        return Card(title, (words.say("source_back_line", day=words.day(event.watermark)),))
    banner = [text.text for text in late_banners((event.subject,), desk)]
    return Card(title, tuple(banner), f"koll ingest {event.subject}")


def _sources(events: Iterable[AlertEvent], desk: Desktop) -> list[str]:
    rules = (desk.rule(event) for event in events)
    return sorted({name for rule in rules if rule for name in (rule.sources or desk.night.sources)})


def _banners(events: Sequence[AlertEvent], desk: Desktop) -> Iterator[Text]:
    yield from late_banners(_sources(events, desk) if events else sorted(desk.night.sources), desk)


def _digest_footer(event: AlertEvent, desk: Desktop) -> Iterator[Block]:
    yield from run_footer(desk, event.reason if event.reason is Reason.RULE_INTRODUCED else None)
