"""Ranks, shares and first complaints, measured among the members of tonight's register."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from sqlalchemy import Connection

from models.alerting.evaluation import Evaluation, FirstComplaint, Place, SourceState, Window, find_watermark
from models.alerting.moment import Moment
from models.alerting.rules import AlertsConfig, FirstRule, RankRule, ShareRule
from models.counting import Scope, Tally, count_members, count_news, find_turns

News = Mapping[str, tuple[int, int]]


def evaluate_ranks(
    connection: Connection, rule: RankRule, alerts: AlertsConfig, sources: Mapping[str, SourceState], moment: Moment,
    members: Iterable[str],
) -> list[Evaluation]:  # fmt: skip
    """Return one evaluation per channel and member with any complaint in it. Ties share the better place."""
    scope, stale = _open_scope(rule, sources, moment)
    if scope is None:
        return []
    tallies, present = count_members(connection, scope), set(members)
    evaluations = []
    for channel in rule.channels:
        news = _read_news(connection, scope, channel, alerts, moment)
        counts = {member: tally.of(channel) for member, tally in tallies.items() if member in present}
        ladders = [_ladder(counts, news, place) for place in (None, 0, 1)]
        for member, count in sorted(counts.items()):
            late, moved = news.get(member, (0, 0))
            places = [
                ladder.get(own, 1) for ladder, own in zip(ladders, (count, count - late, count - moved), strict=True)
            ]
            evaluations.append(
                Evaluation(
                    rule.id, member, channel, count, scope.window, scope.window.end, stale=stale,
                    count_without_late_rows=count - late, count_without_moved_rows=count - moved,
                    place=Place(places[0], sum(n > 0 for n in counts.values()), places[1], places[2]),
                )
            )  # fmt: skip
    return evaluations


def _ladder(counts: Mapping[str, int], news: News, leave_out: int | None) -> dict[int, int]:
    """Return the place of each count, without the members' late (0) or moved (1) rows if asked."""
    left = [n - (news.get(member, (0, 0))[leave_out] if leave_out is not None else 0) for member, n in counts.items()]
    places: dict[int, int] = {}
    for place, count in enumerate(sorted(left, reverse=True), 1):
        places.setdefault(count, place)
    return places


def evaluate_shares(
    connection: Connection, rule: ShareRule, alerts: AlertsConfig, sources: Mapping[str, SourceState], moment: Moment
) -> list[Evaluation]:  # fmt: skip
    """Return one evaluation per member with a complaint in the window."""
    scope, stale = _open_scope(rule, sources, moment)
    if scope is None:
        return []
    parts, wholes = (_read_news(connection, scope, name, alerts, moment) for name in (rule.channel, "any"))
    evaluations = []
    for member, tally in sorted(count_members(connection, scope).items()):
        part = tally.of(rule.channel)
        evaluations.append(
            Evaluation(
                rule.id, member, rule.channel, part, scope.window, scope.window.end, stale=stale, whole=tally.total,
                count_without_late_rows=part - parts.get(member, (0, 0))[0],
                whole_without_late=tally.total - wholes.get(member, (0, 0))[0],
            )
        )  # fmt: skip
    return evaluations


def find_firsts(
    connection: Connection, rule: FirstRule, alerts: AlertsConfig, sources: Mapping[str, SourceState], moment: Moment
) -> list[FirstComplaint]:  # fmt: skip
    """Return members' first complaints among those dated within the late horizon: older ones are history."""
    names = rule.sources or tuple(sorted(sources))
    watermark, _ = find_watermark(names, sources)
    if watermark is None:
        return []
    recent = Window(watermark - timedelta(days=alerts.late_horizon_days - 1), _latest(names, sources, watermark))
    scope = Scope(recent, names, rule.date, moment.known_at)
    news = count_news(connection, scope, rule.channel, moment.since, recent.start)
    tallies = count_members(connection, scope)
    return [
        FirstComplaint(
            rule.id, member, rule.channel, first, last, watermark,
            moved=news.get(member, (0, 0))[1] >= tallies.get(member, Tally()).of(rule.channel) > 0,
        )
        for member, (first, last) in sorted(find_turns(connection, scope, rule.channel).items())
        if last is None or (rule.quiet_days is not None and (first - last).days > rule.quiet_days)
    ]  # fmt: skip


def _latest(names: Iterable[str], sources: Mapping[str, SourceState], watermark: date) -> date:
    """A first complaint is real however far the other sources have told."""
    reached = [state.complete_through for name in names if (state := sources.get(name)) and state.complete_through]
    return max(reached, default=watermark)


def _open_scope(
    rule: RankRule | ShareRule, sources: Mapping[str, SourceState], moment: Moment
) -> tuple[Scope | None, bool]:  # fmt: skip
    names = rule.sources or tuple(sorted(sources))
    watermark, stale = find_watermark(names, sources)
    if watermark is None:
        return None, True
    return Scope(rule.window.ending(watermark), names, rule.date, moment.known_at), stale


def _read_news(connection: Connection, scope: Scope, channel: str, alerts: AlertsConfig, moment: Moment) -> News:
    horizon = scope.window.end - timedelta(days=alerts.late_horizon_days)
    return count_news(connection, scope, channel, moment.since, horizon)
