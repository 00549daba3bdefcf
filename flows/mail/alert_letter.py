"""The letter about one alert: what is asked first, then the figures, then where they come from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flows.mail.letter import Bars, Block, Commands, Heading, Letter, Line, Pairs, Table, Text
from flows.mail.wording import Wording, plain
from models.alerting.evaluation import Evaluation, Findings, MemberFacts, Night, SourceState, Window
from models.alerting.ledger import AlertEvent, Reason, alert_id
from models.alerting.rules import EventRule, LimitRule, RuleConfig, SourceLateRule
from models.org_number import show_org_number
from models.words import Channel

_SILENCE_DAYS = 30


@dataclass(frozen=True)
class Desktop:
    """What lies before whoever writes a letter: the night, the rules, the findings, the reader's groups."""

    night: Night
    rules: Mapping[str, RuleConfig]
    findings: Mapping[tuple[str, str], Findings]
    words: Wording
    association: str
    groups: tuple[str, ...]

    def rule(self, event: AlertEvent) -> RuleConfig | None:
        """The rule an event is about, when it is still configured."""
        return self.rules.get(event.rule_id)

    def found(self, event: AlertEvent) -> Findings:
        """What the mail shows of the event's member; just the count when nothing more was looked up."""
        found = self.findings.get((event.rule_id, event.member))
        return found or Findings(total=event.count or 0)

    def evaluation(self, event: AlertEvent) -> Evaluation | None:
        """Tonight's count for the event's rule and member."""
        same = (e for e in self.night.evaluations if (e.rule_id, e.member) == (event.rule_id, event.member))
        return next(same, None)

    def name(self, member: str) -> str:
        """A member's name on one line, harmless."""
        facts = self.night.members.get(member)
        return (plain(facts.name, 80) if facts else "") or self.words.say("unnamed")

    def who(self, member: str) -> str:
        """``Exempel AB (559021-6296)``."""
        return f"{self.name(member)} ({show_org_number(member)})"

    def tag(self, subject: str) -> str:
        """A subject line with the association's name first."""
        return f"[{plain(self.association, 40)}] {subject}"


def write_alert(event: AlertEvent, desk: Desktop) -> Letter:
    """Return the letter about one event that asks for a mail of its own."""
    rule = desk.rule(event)
    if isinstance(rule, LimitRule):
        return _write_limit(event, rule, desk)
    if isinstance(rule, EventRule):
        return _write_decision(event, rule, desk)
    return _write_late_source(event, desk)


def _write_limit(event: AlertEvent, rule: LimitRule, desk: Desktop) -> Letter:
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
        *_changed(event, found, desk),
        *_trend(found, words),
        *source_table(rule.sources, desk, found.by_source),
        *_ladder(desk.night.members.get(event.member), words),
        *footer(event, desk),
    ]
    heading = f"{desk.who(event.member)}: {_counted(event, rule, window, words)}"
    return Letter(
        subject, heading, tuple(blocks), words.language, f"{count_line} · {words.span(window)}", _thread(event, desk)
    )


def excess_of(event: AlertEvent, rule: RuleConfig | None) -> float:
    """Return how many times the lowest limit a count is; 0 where nothing is counted."""
    if not isinstance(rule, LimitRule) or not event.count:
        return 0.0
    return event.count / rule.levels_for(event.member, event.business_date)[0]


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
    yield Text(words.next_step(rule.next_step, desk.name(event.member)), "strong")
    if 0 < event.level_before < event.level:
        yield Text(words.say("reached_from", rule=rule.id, before=event.level_before, level=event.level))
    else:
        yield Text(words.say("reached", rule=rule.id, level=event.level))
    if event.reason is Reason.GREW and event.count_before is not None:
        yield Text(words.say("grew_ask", before=event.count_before, count=event.count or 0))
    if event.reason is Reason.CORRECTED_UP:
        yield Text(words.say("corrected_up"))
    yield from _remind(event, words)
    yield alert_commands(event, desk)
    yield Text(words.say("nothing_happens"), "quiet")


def remind_of(said: str, words: Wording) -> str:
    """Return a subject as a reminder of itself."""
    return words.say("subject_reminder", rest=said[0].lower() + said[1:])


def _remind(event: AlertEvent, words: Wording) -> Iterator[Block]:
    if event.reason is Reason.REMINDER:
        asked = date.fromisoformat(event.occasion.partition(" ")[0])
        yield Text(words.say("reminded", days=words.days((event.business_date - asked).days)))


def alert_commands(event: AlertEvent, desk: Desktop) -> Commands:
    """Return the commands that answer an alert."""
    words, number = desk.words, alert_id(event.key)
    show = "cmd_show" if isinstance(desk.rule(event), LimitRule) else "cmd_show_case"
    until = event.business_date + timedelta(days=_SILENCE_DAYS)
    return Commands(
        (
            (words.say(show), f"koll alerts show {number}"),
            (words.say("cmd_ack"), f"koll alerts ack {number}"),
            (words.say("cmd_silence"), f"koll alerts silence {number} --until {until}"),
            (words.say("cmd_close"), f'koll alerts close {number} --reason "..."'),
        )
    )


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
    if event.changes:
        yield Heading(words.say("corrected"))
        yield Table(
            (words.say("source"), words.say("case"), words.say("state")),
            tuple(
                (
                    _title(change["source"], desk),
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
    yield words.say("count"), count_line
    span = "days_long" if rule.date == "received" else "by_event_date"
    length = words.days((window.end - window.start).days + 1)
    yield words.say("period"), words.say(span, span=words.span(window), days=length)
    levels = rule.levels_for(event.member, event.business_date)
    higher = next((level for level in levels if level > event.level), None)
    shown = words.say("level_next", level=event.level, next=higher) if higher else words.number(event.level)
    yield words.say("limit"), shown
    if event.told_before is not None and event.count_before is not None:
        yield words.say("last_mail"), f"{words.number(event.count_before)} ({words.day(event.told_before)})"
    if found.by_channel:
        yield words.say("channels"), _list_channels(found.by_channel, words)
    for rank in found.ranks:
        channel = words.reached(rank.channel)
        yield (words.say("rank_in", channel=channel) if channel else words.say("rank_any")), words.rank(rank)
    facts = desk.night.members.get(event.member)
    if facts and facts.size is not None:
        yield words.say("size"), f"{words.number(facts.size)} {plain(facts.size_unit or '')}".strip()


def _list_channels(by_channel: Mapping[str, int], words: Wording) -> str:
    most_first = sorted(by_channel.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{words.number(count)} {words.reached(channel)}" for channel, count in most_first if count)


def _changed(event: AlertEvent, found: Findings, desk: Desktop) -> Iterator[Block]:
    words = desk.words
    yield Heading(words.say("changed"))
    if event.told_before is None:
        yield Text(words.say("first_mail", rule=event.rule_id))
    elif new := sum(found.new_by_source.values()):
        listed = ", ".join(
            f"{_title(name, desk)} {words.number(count)}" for name, count in found.new_by_source.items() if count
        )
        yield Text(words.say("since_last", new=new, day=words.day(event.told_before), by_source=listed))
    else:
        yield Text(words.say("since_last_none", day=words.day(event.told_before)))
    if found.newest_received:
        yield Text(words.say("newest", day=words.day(found.newest_received)))
    if found.waiting_for_review:
        yield Text(words.say("waiting", count=found.waiting_for_review))


def _trend(found: Findings, words: Wording) -> Iterator[Block]:
    if not found.weekly:
        return
    yield Heading(words.say("trend", weeks=len(found.weekly)))
    yield Bars(found.weekly)
    numbers = " ".join("?" if week is None else words.number(week) for week in found.weekly)
    yield Text(words.say("trend_numbers", numbers=numbers), "quiet")
    if None in found.weekly:
        yield Text(words.say("trend_missing"), "quiet")


def _ladder(facts: MemberFacts | None, words: Wording) -> Iterator[Block]:
    if facts is None or facts.open_case is None:
        return
    case = facts.open_case
    rows = [(words.say("step"), words.case_step(case.step)), (words.say("opened_on"), words.day(case.opened_on))]
    if case.deadline:
        rows.append((words.say("deadline"), words.day(case.deadline)))
    yield Heading(words.say("ladder"))
    yield Pairs(tuple(rows))


def _write_decision(event: AlertEvent, rule: EventRule, desk: Desktop) -> Letter:
    words = desk.words
    name, case = desk.name(event.member), plain(event.subject, 60)
    outcome = words.outcome(event.note)
    retracted = event.reason is Reason.RETRACTED
    blocks: list[Block] = [*late_banners(rule.sources, desk)]
    if retracted:
        said = words.say("subject_decision_retracted", case=case)
        blocks.append(Text(words.say("decision_retracted", case=case, name=name)))
    else:
        said = words.say("subject_decision", case=case, outcome=outcome)
        question = words.next_step(rule.next_step, name) if rule.next_step else words.say("decided_ask", name=name)
        blocks += [Heading(words.say("ask")), Text(question, "strong"), *_remind(event, words)]
        blocks += [alert_commands(event, desk), Text(words.say("nothing_happens"), "quiet")]
        blocks += [Heading(words.say("decision")), Pairs(tuple(_about_decision(event, rule, desk)))]
        blocks.append(Text(words.say("single_case"), "quiet"))
    blocks += [*source_table(rule.sources, desk, {}), *_ladder(desk.night.members.get(event.member), words)]
    if event.reason is Reason.REMINDER:
        said = remind_of(said, words)
    subject = f"{desk.tag(said)}: {desk.who(event.member)}"
    if event.reason in (Reason.RETRACTED, Reason.CORRECTED_UP):
        subject = f"[{words.say('tag_retracted' if retracted else 'tag_corrected')}] {subject}"
    title = f"{desk.who(event.member)}: {said[0].lower()}{said[1:]}"
    return Letter(
        subject, title, (*blocks, *footer(event, desk)), words.language, outcome if not retracted else "",
        _thread(event, desk),
    )  # fmt: skip


def _about_decision(event: AlertEvent, rule: EventRule, desk: Desktop) -> Iterator[tuple[str, str]]:
    words = desk.words
    yield words.say("case"), plain(event.subject, 60)
    same = (d for d in desk.night.decisions if (d.case_number, d.member) == (event.subject, event.member))
    decision = next(same, None)
    yield words.say("outcome"), words.outcome(decision.outcome if decision else event.note)
    if decision and decision.decided_on:
        yield words.say("decided_on"), words.day(decision.decided_on)
    yield words.say("source"), _title(rule.source, desk)
    if decision and decision.url and decision.url.startswith(("https://", "http://")):
        yield words.say("address"), plain(decision.url, 500)


def _write_late_source(event: AlertEvent, desk: Desktop) -> Letter:
    words = desk.words
    source = desk.night.sources.get(event.subject)
    title = plain(source.title, 60) if source else event.subject
    age = event.count
    said = words.say("subject_never", source=title)
    if age is not None:
        said = words.say("subject_late", source=title, days=words.days(age))
    blocks: list[Block] = [
        Heading(words.say("ask")),
        Text(words.say("late_ask", source=title, allowed=words.days(event.level)), "strong"),
        *_remind(event, words),
        Commands(
            (
                (words.say("cmd_ingest"), f"koll ingest {event.subject}"),
                (words.say("cmd_doctor"), "koll doctor"),
                (words.say("cmd_ack"), f"koll alerts ack {alert_id(event.key)}"),
            )
        ),
        Text(words.say("late_meaning")),
        *source_table((event.subject,), desk, {}),
        *footer(event, desk),
    ]
    subject = remind_of(said, words) if event.reason is Reason.REMINDER else said
    return Letter(desk.tag(subject), said, tuple(blocks), words.language, thread=f"source-{event.subject}")


def late_banners(names: Sequence[str], desk: Desktop) -> Iterator[Text]:
    """Yield one red line for each source that is late."""
    for name in names:
        source = desk.night.sources.get(name)
        if source is None or not source.late:
            continue
        title = plain(source.title, 60)
        if source.complete_through is None:
            yield Text(desk.words.say("never_banner", source=title), "warning")
        else:
            age = (desk.night.business_date - source.complete_through).days
            day, days = desk.words.day(source.complete_through), desk.words.days(age)
            yield Text(desk.words.say("late_banner", source=title, day=day, days=days), "warning")


def source_table(names: Sequence[str], desk: Desktop, counts: Mapping[str, int]) -> Iterator[Block]:
    """Yield one row per source: its count where there is one, complete through, when and how it was last read."""
    words = desk.words
    states = [desk.night.sources[name] for name in names if name in desk.night.sources]
    if not states:
        return
    labels = ["source", *(["count"] if counts else []), "complete_through", "last_read"]
    rows = [_source_row(state, words, counts) for state in states]
    yield Heading(words.say("sources"))
    yield Table(
        tuple(words.say(label) for label in labels),
        tuple(rows),
        frozenset(number for number, state in enumerate(states) if state.late),
    )


def _source_row(state: SourceState, words: Wording, counts: Mapping[str, int]) -> tuple[str, ...]:
    how = f"{words.moment(state.last_read)}, {words.verdict(state.verdict)}"
    return (
        plain(state.title, 40),
        *([words.number(counts.get(state.name, 0))] if counts else []),
        words.day(state.complete_through) if state.complete_through else words.say("never"),
        f"{words.say('late')}; {how}" if state.late else how,
    )


def _title(name: str, desk: Desktop) -> str:
    source = desk.night.sources.get(name)
    return plain(source.title, 60) if source else plain(name, 60)


def _thread(event: AlertEvent, desk: Desktop) -> str:
    facts = desk.night.members.get(event.member)
    number = facts.open_case.number if facts and facts.open_case else 0
    return f"case-{event.member}-{number}"


def footer(event: AlertEvent, desk: Desktop) -> Iterator[Block]:
    """Yield the small print: rule and version, run, as known at, why you get this."""
    words = desk.words
    assert event.reason is not None
    late = isinstance(desk.rule(event), SourceLateRule) and event.reason is Reason.FIRST
    yield Line()
    yield Text(
        words.say(
            "footer_rule",
            rule=event.rule_id,
            version=event.config_hash,
            run=event.run_id,
            known=words.moment(event.known_at),
        ),
        "quiet",
    )
    yield Text(
        words.say(
            "footer_why",
            groups=words.listing(desk.groups),
            reason=words.say("reason_late") if late else words.reason(event.reason),
            code=event.reason.value,
        ),
        "quiet",
    )
