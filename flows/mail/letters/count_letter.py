"""The letters about a rise, a rank and a share: what is asked, the figures, and whether it is more than chance."""

from collections.abc import Iterator

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
from flows.mail.letters.letter import Block, Heading, Letter, Pairs, Text
from flows.mail.letters.limit_letter import list_changes, list_channels, show_beside, show_trend, window_of
from flows.mail.words.wording import Wording
from models.alerting.budget import FALSE_SHARE
from models.alerting.evaluation import RiseTest
from models.alerting.ledger.ledger import AlertEvent, Reason, What
from models.alerting.rules import FirstRule, RankRule, RiseRule, ShareRule
from models.alerting.statistics import bound_share
from models.words import Channel

AboutCounts = RiseRule | RankRule | ShareRule


def write_count(event: AlertEvent, rule: AboutCounts, desk: Desktop) -> Letter:
    """Return the letter about one member under one of these rules."""
    words, found = desk.words, desk.found(event)
    said = say_count(event, rule, desk)
    names = rule.sources or tuple(sorted(desk.night.sources))
    blocks: list[Block] = [*late_banners(names, desk)]
    if event.reason is Reason.RETRACTED:
        before, count = event.count_before or 0, event.count or 0
        blocks.append(Text(words.say("rise_retracted", before=before, count=count)))
    else:
        blocks += [Heading(words.say("ask")), Text(ask_about(event.member, rule.next_step, desk), "strong")]
        blocks += [Text(words.why(rule.type, rule.id)), *remind(event, words)]
        if event.reason is Reason.CORRECTED_UP:
            blocks.append(Text(words.say("corrected_up")))
        blocks += show_answers(event, desk)
    blocks += [Heading(words.say("figures")), Pairs(tuple(_figures(event, rule, desk)))]
    blocks.append(Text(words.say("not_proven"), "quiet"))
    blocks += [*_say_chance(event, rule, desk), *list_changes(event, found, desk)]
    blocks += show_trend(found.weekly_by_channel.get(event.channel, found.weekly), event, desk)
    blocks += [*source_table(names, desk, found.by_source), *ladder(desk.night.members.get(event.member), words)]
    blocks += show_beside(event.member, found, desk)
    subject = remind_of(said, words) if event.reason is Reason.REMINDER else said
    subject = f"{desk.tag(subject)}: {desk.who(event.member)}"
    if event.reason in (Reason.RETRACTED, Reason.CORRECTED_UP):
        tag = "tag_retracted" if event.reason is Reason.RETRACTED else "tag_corrected"
        subject = f"[{words.say(tag)}] {subject}"
    title = f"{desk.who(event.member)}: {said}"
    return Letter(subject, title, (*blocks, *footer(event, desk)), words.language, said, thread_of(event, desk))


def say_count(event: AlertEvent, rule: AboutCounts, desk: Desktop) -> str:
    """Return in one line what the alert is about, as subjects and digests have it."""
    words, window = desk.words, window_of(event, desk)
    count, evaluation = event.count or 0, desk.evaluation(event)
    complaints = f"{words.complaints(count)} {words.reached(event.channel)}".strip()
    if isinstance(rule, RiseRule):
        days = words.days((window.end - window.start).days + 1)
        expected = words.decimal(event.expected or 0.0)
        return words.say("subject_rise", count=count, complaints=complaints, days=days, expected=expected)
    period = words.period(rule.window.rolling_days, window)
    if isinstance(rule, ShareRule):
        whole = (evaluation.whole if evaluation else None) or count
        share = words.percent(count / whole if whole else 0.0)
        return words.say("subject_share", share=share, channel=words.reached(event.channel), whole=whole, period=period)
    place = evaluation.place if evaluation else None
    if place is None or event.kind is What.RESOLVED:
        return f"{words.number(count)} {complaints} {period}"
    return words.say(
        "subject_rank",
        place=place.position,
        of=words.members(place.of),
        count=count,
        complaints=complaints,
        period=period,
    )


def say_first(event: AlertEvent, rule: FirstRule, desk: Desktop) -> str:
    """Return the digest's line about a member's first complaint."""
    words = desk.words
    channel = words.reached(rule.channel)
    day = words.iso_day(event.subject)
    if event.note == "ever":
        return words.say("first_ever", day=day, channel=channel).replace("  ", " ")
    return words.say("first_since", day=day, channel=channel, before=words.iso_day(event.note)).replace("  ", " ")


def _figures(event: AlertEvent, rule: AboutCounts, desk: Desktop) -> Iterator[tuple[str, str]]:
    words, found, window = desk.words, desk.found(event), window_of(event, desk)
    evaluation = desk.evaluation(event)
    count = event.count or 0
    yield words.say("count"), f"{words.number(count)} {words.reached(event.channel)}".strip()
    length = words.days((window.end - window.start).days + 1)
    span = "days_long" if rule.date == "received" else "by_event_date"
    yield words.say("period"), words.say(span, span=words.span(window), days=length)
    if evaluation and evaluation.test and event.reason is not Reason.RETRACTED:
        before = evaluation.test.before_window
        length = words.days((before.end - before.start).days + 1)
        yield words.say("before"), f"{words.number(evaluation.test.before)} ({words.span(before)}, {length})"
        yield words.say("expected"), words.decimal(event.expected or 0.0)
    if evaluation and evaluation.place:
        yield words.say("place"), words.say("place_of", place=evaluation.place.position, of=evaluation.place.of)
    if isinstance(rule, ShareRule) and evaluation and evaluation.whole:
        low, high = bound_share(count, evaluation.whole)
        share = words.percent(count / evaluation.whole)
        yield words.say("share"), words.say("share_of", share=share, low=words.percent(low), high=words.percent(high))
    if event.told_before is not None and event.count_before is not None:
        yield words.say("last_mail"), f"{words.number(event.count_before)} ({words.day(event.told_before)})"
    if found.by_channel:
        phone = found.by_channel.get(Channel.PHONE, 0)
        year = words.say("twelve_months") if isinstance(rule, RiseRule) else words.say("total")
        yield year, words.of_which(found.total, Channel.PHONE, phone)
        yield words.say("channels"), list_channels(found.by_channel, words)
    for rank in found.ranks:
        channel = words.reached(rank.channel)
        yield (words.say("rank_in", channel=channel) if channel else words.say("rank_any")), words.rank(rank)


def _say_chance(event: AlertEvent, rule: AboutCounts, desk: Desktop) -> Iterator[Block]:
    """Yield what chance alone would do, in words that need no statistics."""
    evaluation = desk.evaluation(event)
    test = evaluation.test if evaluation else None
    if not isinstance(rule, RiseRule) or test is None or event.reason is Reason.RETRACTED or event.p is None:
        return
    words, window = desk.words, window_of(event, desk)
    yield Heading(words.say("chance"))
    yield Text(
        words.say(
            "chance_text",
            now=event.count or 0,
            days=words.days((window.end - window.start).days + 1),
            before=test.before,
            baseline=words.days((test.before_window.end - test.before_window.start).days + 1),
            odds=words.odds(event.p),
        )
    )
    yield Text(_say_false_alerts(rule, test, desk, words))


def _say_false_alerts(rule: RiseRule, test: RiseTest, desk: Desktop, words: Wording) -> str:
    q = words.percent(max(test.q, 0.001))  # "at most": nobody is helped by smaller figures
    if rule.id in desk.night.budgets:
        return words.say("chance_budget", times=words.decimal(desk.false_alerts_per_year), q=q)
    if rule.threshold != "budget" and rule.threshold.p is not None:
        return words.say("chance_p", odds=words.odds(rule.threshold.p), q=q)
    kept = rule.threshold.fdr if rule.threshold != "budget" else None
    return words.say("chance_fdr", share=words.percent(kept or FALSE_SHARE), q=q)
