"""The letter about one alert, by what it is about: a count, a board decision, a source that is late or odd."""

from collections.abc import Iterator

from flows.mail.letters.count_letter import write_count
from flows.mail.letters.desktop import (
    Desktop,
    footer,
    ladder,
    late_banners,
    remind,
    remind_of,
    say_odd_source,
    show_answers,
    source_table,
    thread_of,
)
from flows.mail.letters.follow_up_letter import write_follow_up
from flows.mail.letters.letter import Block, Commands, Heading, Letter, Pairs, Text
from flows.mail.letters.limit_letter import show_beside, write_limit
from flows.mail.words.wording import plain
from models.alerting.ledger.ledger import AlertEvent, Reason, alert_id
from models.alerting.rules import EventRule, FollowUpRule, LimitRule, RankRule, RiseRule, ShareRule, SourceOddRule


def write_alert(event: AlertEvent, desk: Desktop) -> Letter:
    """Return the letter about one event that asks for a mail of its own."""
    rule = desk.rule(event)
    if isinstance(rule, LimitRule):
        return write_limit(event, rule, desk)
    if isinstance(rule, RiseRule | RankRule | ShareRule):
        return write_count(event, rule, desk)
    if isinstance(rule, SourceOddRule):
        return _write_odd_source(event, desk)
    if isinstance(rule, EventRule):
        return _write_decision(event, rule, desk)
    if isinstance(rule, FollowUpRule):
        return write_follow_up(event, desk)
    return _write_late_source(event, desk)


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
        blocks += [Heading(words.say("ask")), Text(question, "strong"), *remind(event, words)]
        blocks += show_answers(event, desk)
        blocks += [Heading(words.say("decision")), Pairs(tuple(_about_decision(event, rule, desk)))]
        blocks.append(Text(words.say("single_case"), "quiet"))
    blocks += [*source_table(rule.sources, desk, {}), *ladder(desk.night.members.get(event.member), words)]
    blocks += show_beside(event.member, desk.found(event), desk)
    if event.reason is Reason.REMINDER:
        said = remind_of(said, words)
    subject = f"{desk.tag(said)}: {desk.who(event.member)}"
    if event.reason in (Reason.RETRACTED, Reason.CORRECTED_UP):
        subject = f"[{words.say('tag_retracted' if retracted else 'tag_corrected')}] {subject}"
    title = f"{desk.who(event.member)}: {said[0].lower()}{said[1:]}"
    return Letter(
        subject, title, (*blocks, *footer(event, desk)), words.language, outcome if not retracted else "",
        thread_of(event, desk),
    )  # fmt: skip


def _about_decision(event: AlertEvent, rule: EventRule, desk: Desktop) -> Iterator[tuple[str, str]]:
    words = desk.words
    yield words.say("case"), plain(event.subject, 60)
    same = (d for d in desk.night.decisions if (d.case_number, d.member) == (event.subject, event.member))
    decision = next(same, None)
    yield words.say("outcome"), words.outcome(decision.outcome if decision else event.note)
    if decision and decision.decided_on:
        yield words.say("decided_on"), words.day(decision.decided_on)
    yield words.say("source"), desk.title(rule.source)
    if decision and decision.url and decision.url.startswith(("https://", "http://")):
        yield words.say("address"), plain(decision.url, 500)


def _write_late_source(event: AlertEvent, desk: Desktop) -> Letter:
    words = desk.words
    source = desk.night.sources.get(event.subject)
    title = f"{plain(source.title, 40)} ({event.subject})" if source else event.subject
    age = event.count
    said = words.say("subject_never", source=title)
    if age is not None:
        said = words.say("subject_late", source=title, days=words.days(age))
    blocks: list[Block] = [
        Heading(words.say("ask")),
        Text(words.say("late_ask", source=title, allowed=words.days(event.level)), "strong"),
        *remind(event, words),
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


def _write_odd_source(event: AlertEvent, desk: Desktop) -> Letter:
    words = desk.words
    name, _, day = event.subject.partition(" ")
    said = say_odd_source(event, desk)
    commands = [(words.say("cmd_doctor"), "koll doctor")]
    if event.note not in ("few", "many"):
        commands.insert(0, (words.say("cmd_accept"), f"koll ingest {name} --accept-shrink"))
        commands.insert(0, (words.say("cmd_ingest"), f"koll ingest {name}"))
    commands.append((words.say("cmd_ack"), f"koll alerts ack {alert_id(event.key)}"))
    blocks: list[Block] = [
        Heading(words.say("ask")),
        Text(words.say("odd_ask", source=desk.title(name), day=words.iso_day(day)), "strong"),
        *remind(event, words),
        Commands(tuple(commands)),
        Text(words.say("odd_meaning" if event.note in ("few", "many") else "refused_meaning")),
        *source_table((name,), desk, {}),
        *footer(event, desk),
    ]
    subject = remind_of(said, words) if event.reason is Reason.REMINDER else said
    return Letter(desk.tag(subject), said, tuple(blocks), words.language, thread=f"source-{name}")
