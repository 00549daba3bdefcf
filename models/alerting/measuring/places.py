"""Ranks, shares and first complaints, measured among the members of tonight's register."""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from models.alerting.evaluation import Evaluation, FirstComplaint, Place, SourceState, Window
from models.alerting.kinds.places import has_share
from models.alerting.ledger.ledger import AlertKey
from models.alerting.measuring.counts import Ask, Counts
from models.alerting.rules import FirstRule, RankRule, ShareRule
from models.alerting.survey import Survey
from models.counting import Scope, Tally, count_members, count_news, find_turns

News = Mapping[str, tuple[int, int]]
_NO_NEWS = (0, 0)


def ask_place(rule: RankRule | ShareRule, survey: Survey) -> list[Ask]:
    """Return what the rule has to know of every member: each channel's count, or a share's part and whole."""
    names, watermark, _ = survey.open_sources(rule)
    if watermark is None:
        return []
    window = rule.window.ending(watermark)
    if isinstance(rule, RankRule):
        return [Ask(window, names, channel, rule.date, least=1) for channel in rule.channels]
    least = max(1, math.ceil(rule.min_share * rule.min_total - 1e-9))
    return [Ask(window, names, rule.channel, rule.date, least=least), Ask(window, names, "any", rule.date)]


def evaluate_rank(rule: RankRule, survey: Survey, counts: Counts) -> list[Evaluation]:
    """Return one evaluation per channel and member among the first, or with a running alert. Ties share the place."""
    names, watermark, stale = survey.open_sources(rule)
    if watermark is None:
        return []
    scope = Scope(rule.window.ending(watermark), names, rule.date, survey.moment.known_at)
    evaluations = []
    for number, channel in enumerate(rule.channels):
        mine = {member: found[number] for member, found in counts.items() if member in survey.present}
        places = _lay_places(mine.values())
        first = {m for m, count in mine.items() if count >= rule.min_count and places[count] <= rule.top}
        attended = {key.member for key in survey.attended(rule) if key.channel == channel}
        new = [m for m in first if _is_new(rule, survey, m, channel, watermark)]
        news = _look_behind(survey, scope, channel, watermark, mine, new)
        of = sum(count > 0 for count in mine.values())
        for member in sorted(first | attended):
            count = mine.get(member, 0)
            late, moved = news.get(member, _NO_NEWS)
            without = [_place_without(mine, news, member, which) if member in new else 1 for which in (0, 1)]
            evaluations.append(
                Evaluation(
                    rule.id, member, channel, count, scope.window, watermark, stale=stale,
                    count_without_late_rows=count - late, count_without_moved_rows=count - moved,
                    place=Place(places.get(count, len(mine) + 1), of, *without),
                )
            )  # fmt: skip
    return evaluations


def _lay_places(counts: Iterable[int]) -> dict[int, int]:
    """Return the place of each count: the better one where several have it."""
    places: dict[int, int] = {}
    for place, count in enumerate(sorted(counts, reverse=True), 1):
        places.setdefault(count, place)
    return places


def _is_new(rule: RankRule | ShareRule, survey: Survey, member: str, channel: str, watermark: date) -> bool:
    """Whether an alert about this member would begin tonight, and not because the rule is new."""
    state = survey.states.get(AlertKey(rule.id, member, channel, str(watermark.year)))
    return not (state and state.active) and not survey.is_novel(rule)


def _look_behind(
    survey: Survey, scope: Scope, channel: str, watermark: date, counts: Mapping[str, int], new: list[str]
) -> dict[str, tuple[int, int]]:
    """Return the late and moved rows of those who are new among the first, and of whoever might pass them without."""
    if not new:
        return {}
    news = _read_news(survey, scope, channel, watermark, new)
    lowest = min(counts[member] - max(news.get(member, _NO_NEWS)) for member in new)
    others = [member for member, count in counts.items() if count > lowest and member not in news]
    return news | _read_news(survey, scope, channel, watermark, others)


def _read_news(
    survey: Survey, scope: Scope, channel: str, watermark: date, members: Iterable[str]
) -> dict[str, tuple[int, int]]:
    horizon = survey.horizon(watermark)
    return count_news(survey.connection, scope, channel, survey.moment.since, horizon, list(members))


def _place_without(counts: Mapping[str, int], news: News, member: str, which: int) -> int:
    """Return a member's place if nobody's late (0) or moved (1) rows counted."""
    left = {m: count - news[m][which] if m in news else count for m, count in counts.items()}
    return 1 + sum(other > left[member] for other in left.values())


def evaluate_share(rule: ShareRule, survey: Survey, counts: Counts) -> list[Evaluation]:
    """Return one evaluation per member with such a share, or with a running alert."""
    names, watermark, stale = survey.open_sources(rule)
    if watermark is None:
        return []
    scope = Scope(rule.window.ending(watermark), names, rule.date, survey.moment.known_at)
    attended = {key.member for key in survey.attended(rule)}
    holding = {member for member, (part, whole) in counts.items() if has_share(rule, part, whole)}
    new = [member for member in holding if _is_new(rule, survey, member, rule.channel, watermark)]
    parts, wholes = (_read_news(survey, scope, name, watermark, new) for name in (rule.channel, "any"))
    evaluations = []
    for member in sorted(holding | attended):
        part, whole = counts.get(member, (0, 0))
        late, moved = parts.get(member, _NO_NEWS)
        whole_late, whole_moved = wholes.get(member, _NO_NEWS)
        evaluations.append(
            Evaluation(
                rule.id, member, rule.channel, part, scope.window, watermark, stale=stale, whole=whole,
                count_without_late_rows=part - late, whole_without_late=whole - whole_late,
                count_without_moved_rows=part - moved, whole_without_moved=whole - whole_moved,
            )
        )  # fmt: skip
    return evaluations


def find_firsts(rule: FirstRule, survey: Survey) -> list[FirstComplaint]:
    """Return members' first complaints among those dated within the late horizon: older ones are history."""
    names, watermark, _ = survey.open_sources(rule)
    if watermark is None:
        return []
    start = watermark - timedelta(days=survey.alerts.late_horizon_days - 1)
    scope = Scope(Window(start, _latest(names, survey.sources, watermark)), names, rule.date, survey.moment.known_at)
    turns = {
        member: (first, last)
        for member, (first, last) in find_turns(survey.connection, scope, rule.channel).items()
        if last is None or (rule.quiet_days is not None and (first - last).days > rule.quiet_days)
    }
    moved = _find_moved(rule, survey, scope, set(turns))
    return [
        FirstComplaint(rule.id, member, rule.channel, first, last, watermark, moved=member in moved)
        for member, (first, last) in sorted(turns.items())
    ]


def _find_moved(rule: FirstRule, survey: Survey, scope: Scope, members: set[str]) -> set[str]:
    """Return who has these complaints only because rows were moved here."""
    if not members or survey.is_novel(rule):
        return set()
    news = count_news(survey.connection, scope, rule.channel, survey.moment.since, scope.window.start, members)
    if not any(moved for _, moved in news.values()):
        return set()
    tallies = count_members(survey.connection, scope)
    return {m for m, (_, moved) in news.items() if moved >= tallies.get(m, Tally()).of(rule.channel) > 0}


def _latest(names: Iterable[str], sources: Mapping[str, SourceState], watermark: date) -> date:
    """A first complaint is real however far the other sources have told."""
    return max(_reached(names, sources), default=watermark)


def _reached(names: Iterable[str], sources: Mapping[str, SourceState]) -> Iterator[date]:
    for name in names:
        state = sources.get(name)
        if state and state.complete_through:
            yield state.complete_through
