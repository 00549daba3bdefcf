"""The letter about a count over its limit: what is asked first, then the figures, then where they come from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from flows.mail.letters.desktop import (
    Desktop,
    ask_about,
    footer,
    ladder,
    late_banners,
    remind,
    remind_of,
    show_answers,
    source_table,
    thread_of,
)
from flows.mail.letters.letter import Bars, Block, Heading, Letter, Pairs, Table, Text
from flows.mail.letters.picture import Picture, draw_weeks
from flows.mail.words.wording import Wording, plain
from models.alerting.evaluation import Findings, Window
from models.alerting.ledger.ledger import AlertEvent, Reason
from models.alerting.rules import LimitRule, RiseRule, RuleConfig
from models.words import Channel

MOST_CASES = 8


def write_limit(event: AlertEvent, rule: LimitRule, desk: Desktop) -> Letter:
    """Return the letter about one member's count."""
    words, found = desk.words, desk.found(event)
    window = window_of(event, desk)
    count_line = count_of(event, rule, found, words)
    subject = _limit_subject(event, rule, window, desk)
    retracted = event.reason is Reason.RETRACTED
    blocks: list[Block] = [*late_banners(rule.sources, desk)]
    blocks += _say_retracted(event, desk) if retracted else _ask(event, rule, desk)
    blocks += [
        Heading(words.say("figures")),
        Pairs(tuple(_figures(event, rule, found, window, count_line, desk))),
        Text(words.say("not_proven"), "quiet"),
        *list_changes(event, found, desk),
        *show_trend(found.weekly, event, desk),
        *source_table(rule.sources, desk, found.by_source),
        *ladder(desk.night.members.get(event.member), words),
        *show_beside(event.member, found, desk),
        *footer(event, desk),
    ]
    heading = f"{desk.who(event.member)}: {_counted(event, rule, window, words)}"
    return Letter(
        subject, heading, tuple(blocks), words.language, f"{count_line} · {words.span(window)}", thread_of(event, desk)
    )


def excess_of(event: AlertEvent, rule: RuleConfig | None) -> float:
    """Return how many times the lowest limit, or what was expected, a count is; 0 where neither is known."""
    if isinstance(rule, RiseRule) and event.count:
        return event.count / max(event.expected or 0.0, 1.0)
    if not isinstance(rule, LimitRule) or not event.count:
        return 0.0
    return event.count / rule.levels_for(event.member, event.business_date)[0]


def _draw_trend(weekly: tuple[int | None, ...], event: AlertEvent, desk: Desktop) -> Picture:
    words, end = desk.words, window_of(event, desk).end
    most = max((week for week in weekly if week is not None), default=0)
    said = words.say("trend_picture", weeks=len(weekly), day=words.day(end), most=most)
    return Picture(draw_weeks(weekly, end, event.channel, words.months()), said)


def window_of(event: AlertEvent, desk: Desktop) -> Window:
    """Return the days an event counted."""
    if event.window_from and event.window_to:
        return Window(event.window_from, event.window_to)
    return Window(desk.night.business_date, desk.night.business_date)


def count_of(event: AlertEvent, rule: LimitRule, found: Findings, words: Wording) -> str:
    """Return ``113, varav minst 37 via telefon``: the channel is the rule's, and the telephone for a rule on any."""
    count = event.count or 0
    if rule.channel == "any":
        return words.of_which(count, Channel.PHONE, found.by_channel.get(Channel.PHONE, 0))
    return words.of_which(max(found.total, count), rule.channel, count)


def source_figure(source: str, rule: LimitRule, found: Findings, words: Wording) -> str:
    """Return one source's own figure, ``113, varav minst 37 via telefon``, or nothing when it has none."""
    own = found.by_source_channel.get(source, {})
    channel = Channel.PHONE if rule.channel == "any" else rule.channel
    return words.of_which(sum(own.values()), channel, own.get(channel, 0)) if own else ""


def _counted(event: AlertEvent, rule: LimitRule, window: Window, words: Wording) -> str:
    count = event.count or 0
    return f"{words.number(count)} {_complaints(count, rule, words)} {words.period(rule.window.rolling_days, window)}"


def _complaints(count: int, rule: LimitRule, words: Wording) -> str:
    return f"{words.complaints(count)} {words.reached(rule.channel)}".strip()


def _limit_subject(event: AlertEvent, rule: LimitRule, window: Window, desk: Desktop) -> str:
    words = desk.words
    count, before = event.count or 0, event.count_before
    values = {
        "period": words.period(rule.window.rolling_days, window),
        "level": event.level,
        "count": count,
        "before": before if before is not None else event.level_before,
    }
    who = desk.who(event.member)
    if event.reason is Reason.RETRACTED:
        said = words.say("subject_retracted", **values, complaints=_complaints(before or 0, rule, words))
        return f"[{words.say('tag_retracted')}] {desk.tag(said)}: {who}"
    if event.reason is Reason.GREW:
        said = words.say("subject_grew", **values, complaints=_complaints(count, rule, words))
    elif 0 < event.level_before < event.level:
        values["before"] = event.level_before
        said = words.say("subject_level", **values, complaints=_complaints(event.level, rule, words))
    else:
        said = words.say("subject_first", **values, complaints=_complaints(count, rule, words))
    if event.reason is Reason.REMINDER:
        said = remind_of(said, words)
    tagged = f"{desk.tag(said)}: {who}"
    return f"[{words.say('tag_corrected')}] {tagged}" if event.reason is Reason.CORRECTED_UP else tagged


def _ask(event: AlertEvent, rule: LimitRule, desk: Desktop) -> Iterator[Block]:
    words = desk.words
    yield Heading(words.say("ask"))
    yield Text(ask_about(event.member, rule.next_step, desk), "strong")
    if 0 < event.level_before < event.level:
        yield Text(words.say("reached_from", rule=rule.id, before=event.level_before, level=event.level))
    else:
        yield Text(words.say("reached", rule=rule.id, level=event.level))
    if event.reason is Reason.GREW and event.count_before is not None:
        yield Text(words.say("grew_ask", before=event.count_before, count=event.count or 0))
    if event.reason is Reason.CORRECTED_UP:
        yield Text(words.say("corrected_up"))
        yield from _name_rows(event, desk)
    yield from remind(event, words)
    yield from show_answers(event, desk)


def _say_retracted(event: AlertEvent, desk: Desktop) -> Iterator[Block]:
    words = desk.words
    before, count = event.count_before or 0, event.count or 0
    yield Text(
        words.say("retracted", before=before, complaints=words.complaints(before), count=count, level=event.level)
    )
    tonight = desk.evaluation(event)
    rule = desk.rule(event)
    if tonight and isinstance(rule, LimitRule):
        levels = rule.levels_for(event.member, event.business_date)
        if still := max((level for level in levels if level <= tonight.count), default=0):
            yield Text(words.say("retracted_now", count=tonight.count, level=still))
    yield from _name_rows(event, desk)


def _name_rows(event: AlertEvent, desk: Desktop) -> Iterator[Block]:
    words = desk.words
    if event.changes:
        yield Heading(words.say("corrected"))
        yield Table(
            (words.say("source"), words.say("case"), words.say("state")),
            tuple(
                (
                    desk.title(change["source"]),
                    f"{'−' if change['sign'] == '-' else '+'} {plain(change['source_id'], 60)}",
                    words.why_changed(change["why"]),
                )
                for change in event.changes
            ),
        )


def _figures(
    event: AlertEvent, rule: LimitRule, found: Findings, window: Window, count_line: str, desk: Desktop
) -> Iterator[tuple[str, str]]:
    words = desk.words
    if event.reason is Reason.RETRACTED:
        # What is taken back is the mail's own period; everything below it is about the one up to today.
        yield words.say("count"), f"{words.number(event.count or 0)} {words.reached(rule.channel)}".strip()
        yield from _figure_frame(event, rule, window, desk)
        yield words.say("today"), count_of(replace(event, count=_count_today(event, desk)), rule, found, words)
    else:
        yield words.say("count"), count_line
        yield from _figure_frame(event, rule, window, desk)
    for source in found.by_source if len(found.by_source) > 1 else ():
        if figure := source_figure(source, rule, found, words):
            yield desk.title(source), figure
    if found.by_channel:
        yield words.say("channels"), list_channels(found.by_channel, words)
    for rank in found.ranks:
        channel = words.reached(rank.channel)
        yield (words.say("rank_in", channel=channel) if channel else words.say("rank_any")), words.rank(rank)
    facts = desk.night.members.get(event.member)
    if facts and facts.size is not None:
        yield words.say("size"), f"{words.number(facts.size)} {plain(facts.size_unit or '')}".strip()


def _count_today(event: AlertEvent, desk: Desktop) -> int:
    evaluation = desk.evaluation(event)
    return evaluation.count if evaluation else desk.found(event).total


def _figure_frame(event: AlertEvent, rule: LimitRule, window: Window, desk: Desktop) -> Iterator[tuple[str, str]]:
    """Yield what a count is measured by: its days, the limit, the count of the last mail."""
    words = desk.words
    span = "days_long" if rule.date == "received" else "by_event_date"
    length = words.days((window.end - window.start).days + 1)
    yield words.say("period"), words.say(span, span=words.span(window), days=length)
    levels = rule.levels_for(event.member, event.business_date)
    higher = next((level for level in levels if level > event.level), None)
    shown = words.say("level_next", level=event.level, next=higher) if higher else words.number(event.level)
    yield words.say("limit"), shown
    if event.told_before is not None and event.count_before is not None:
        before = f"{words.number(event.count_before)} {words.reached(rule.channel)}".strip()
        yield words.say("last_mail"), f"{before} ({words.day(event.told_before)})"


def list_channels(by_channel: Mapping[str, int], words: Wording) -> str:
    """Return ``37 via telefon, 62 med okänd kanal``, most first."""
    most_first = sorted(by_channel.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{words.number(count)} {words.reached(channel)}" for channel, count in most_first if count)


def list_changes(event: AlertEvent, found: Findings, desk: Desktop) -> Iterator[Block]:
    """Yield what has come since the last mail."""
    words = desk.words
    yield Heading(words.say("changed"))
    if event.told_before is None:
        yield Text(words.say("first_mail", rule=event.rule_id))
    elif new := sum(found.new_by_source.values()):
        listed = ", ".join(
            f"{desk.title(name)} {words.number(count)}" for name, count in found.new_by_source.items() if count
        )
        yield Text(words.say("since_last", new=new, day=words.day(event.told_before), by_source=listed))
        yield from _say_before_step(event.member, new, found, desk)
    else:
        yield Text(words.say("since_last_none", day=words.day(event.told_before)))
    if found.newest_received:
        yield Text(words.say("newest", day=words.day(found.newest_received)))
    if found.waiting_for_review:
        yield Text(words.say("waiting", count=found.waiting_for_review))
    if found.linked:
        yield Text(words.say("linked", count=found.linked))
    if found.perhaps_linked:
        low = found.total - found.perhaps_linked
        yield Text(words.say("perhaps_linked", count=found.perhaps_linked, low=low, high=found.total))


def _say_before_step(member: str, new: int, found: Findings, desk: Desktop) -> Iterator[Text]:
    """Yield how many of the new ones tell of something that happened before the case's last step."""
    facts, words = desk.night.members.get(member), desk.words
    if found.new_before_step is None or facts is None or facts.open_case is None:
        return
    step, day = facts.open_case.last_taken
    values = {"step": words.case_step(step), "day": words.day(day)}
    yield Text(words.say("new_before_step", count=found.new_before_step, new=new, **values))


def show_beside(member: str, found: Findings, desk: Desktop) -> Iterator[Block]:
    """Yield what else is known of the member: cases that wait at the board, its last declaration."""
    words, rows = desk.words, []
    if found.open_board_cases:
        cases = [plain(case, 40) for case in found.open_board_cases[:MOST_CASES]]
        if more := len(found.open_board_cases) - len(cases):
            cases.append(words.say("and_more", count=more))
        rows.append((words.say("board_cases"), ", ".join(cases)))
    if found.declared:
        year, day = found.declared
        rows.append((words.say("declared"), words.say("declared_on", year=str(year), day=words.day(day))))
    owed = [due for due in desk.night.dues or () if due.member == member and due.received_on is None]
    for due in owed:
        rows.append(
            (words.say("declaration"), words.say("declaration_owed", year=str(due.year), day=words.day(due.on)))
        )
    if rows:
        yield Heading(words.say("beside"))
        yield Pairs(tuple(rows))


def show_trend(weekly: Sequence[int | None], event: AlertEvent, desk: Desktop) -> Iterator[Block]:
    """Yield the weeks as bars, or as a picture of them, and as numbers; what is missing is not zero."""
    if not weekly:
        return
    words = desk.words
    yield Heading(words.say("trend", weeks=len(weekly)))
    yield Bars(tuple(weekly), _draw_trend(tuple(weekly), event, desk) if desk.charts else None)
    numbers = " ".join("?" if week is None else words.number(week) for week in weekly)
    yield Text(words.say("trend_numbers", numbers=numbers), "quiet")
    if None in weekly:
        yield Text(words.say("trend_missing"), "quiet")
