"""Rises, measured: each member's count beside what its own past makes expect, over days that were really told."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from models.alerting.budget import FALSE_SHARE, MOST_MEMBERS, USUAL_P, Register, calibrate, find_budget
from models.alerting.evaluation import Evaluation, Recount, RiseTest, Window
from models.alerting.exposure import YEAR, Coverage, fit_season, list_days
from models.alerting.ledger.ledger import AlertedWindow, AlertKey
from models.alerting.measuring.counts import Ask, Counts, count_register_days
from models.alerting.rules import RiseRule
from models.alerting.statistics import PooledRates, control_fdr, pool_dispersion, pool_rates, test_rise
from models.alerting.survey import Survey
from models.counting import Scope, count_days, count_news, find_first_days, list_counted

_MOST_MISSING = 0.2  # of a window: above, nothing is said
_LARGE = 0.1  # of all complaints: such a member would be its own season


@dataclass(frozen=True)
class _Pair:
    """One window and the time before it, with their exposures."""

    now: Window
    before: Window
    days: float
    days_before: float
    told: float  # the part of the window's complaints that would have been told by now

    @property
    def share(self) -> float:
        return self.days / (self.days + self.days_before)


@dataclass
class _Rise:
    """One rule under way on one night."""

    rule: RiseRule
    survey: Survey
    names: tuple[str, ...]
    watermark: date
    stale: bool
    windows: list[tuple[Window, Window]]
    coverage: Coverage
    days: dict[date, int]  # the whole register's complaints

    def scope(self, window: Window) -> Scope:
        return Scope(window, self.names, self.rule.date, self.survey.moment.known_at)


def ask_rise(rule: RiseRule, survey: Survey) -> list[Ask]:
    """Return what the rule has to know of every member: per channel the count now and before, for each window.

    Who has fewer complaints than the least of the longest window is not tested. All channels together come last if
    the rule does not test them: they tell how much of the register a member is.
    """
    names, watermark, _ = survey.open_sources(rule)
    if watermark is None:
        return []
    windows, cuts = _lay_windows(rule, watermark), tuple(_list_cuts(names, survey).items())
    return [
        Ask(window, names, channel, rule.date, cuts, least)
        for channel in _list_channels(rule)
        for now, before in windows
        for window, least in ((now, _least(rule, now, windows, channel)), (before, None))
    ]


def _list_channels(rule: RiseRule) -> tuple[str, ...]:
    return tuple(str(channel) for channel in rule.channels) + (() if "any" in rule.channels else ("any",))


def _least(rule: RiseRule, now: Window, windows: Sequence[tuple[Window, Window]], channel: str) -> int | None:
    return rule.min_count if now == windows[-1][0] and channel in rule.channels else None


def _lay_windows(rule: RiseRule, watermark: date) -> list[tuple[Window, Window]]:
    return [_lay(watermark, days, rule.baseline_days) for days in rule.windows_days]


def _list_cuts(names: Iterable[str], survey: Survey) -> dict[str, date]:
    """Return the day up to which each late source has told; what it says of later days is not all there is."""
    states = (survey.sources[name] for name in names if name in survey.sources)
    return {state.name: state.complete_through for state in states if state.late and state.complete_through}


def evaluate_rise(rule: RiseRule, survey: Survey, counts: Counts) -> tuple[list[Evaluation], float | None]:
    """Return (evaluations of members who have a rise or a running alert, the p of the budget if any)."""
    rise = _prepare(rule, survey)
    if rise is None:
        return [], None
    threshold, q_bound, budget = _choose_threshold(rise)
    season, own = _fit_seasons(rise, counts)
    pairs = [_pair(rise, *window, season) for window in rise.windows]
    attended = survey.attended(rule)
    found = []
    for member, figures in sorted(counts.items()):
        mine = [_pair(rise, *window, own[member]) for window in rise.windows] if member in own else pairs
        for number, channel in enumerate(rule.channels):
            part = figures[2 * len(pairs) * number :][: 2 * len(pairs)]
            if part[-2] >= rule.min_count or AlertKey(rule.id, member, channel) in attended:
                found.append((member, channel, part, *_test(mine, part)))
    ps = [p for *_, p in found]
    qs = control_fdr([*ps, *[1.0] * max(0, len(survey.present) * len(rule.channels) - len(ps))])
    evaluations = []
    for (member, channel, part, place, pair, p), q in zip(found, qs, strict=False):
        within = q <= q_bound if q_bound is not None else p <= threshold
        holds = within and part[-2] >= rule.min_count
        told = attended.get(AlertKey(rule.id, member, channel))
        if not holds and AlertKey(rule.id, member, channel) not in attended:
            continue
        test = RiseTest(
            p=p, q=q, threshold=threshold, before=part[2 * place + 1], before_window=pair.before,
            expected=part[2 * place + 1] * pair.days / pair.days_before if pair.days_before else 0.0,
            holds=holds, held=_is_held(pair),
        )  # fmt: skip
        recount = _recount(rise, told, pair) if told and not holds and survey.was_touched(told) else None
        evaluations.append(_evaluate(rise, member, channel, part[2 * place], pair, test, recount))
    return evaluations, budget


def _prepare(rule: RiseRule, survey: Survey) -> _Rise | None:
    names, watermark, stale = survey.open_sources(rule)
    if watermark is None:
        return None
    windows, cuts = _lay_windows(rule, watermark), _list_cuts(names, survey)
    whole = Window(min(before.start for _, before in windows), watermark)
    long = Window(min(whole.start, watermark - timedelta(days=3 * YEAR - 1)), watermark)
    told = count_register_days(survey.connection, Ask(long, names, "any", rule.date), survey.moment)
    days: Counter[date] = Counter()
    by_source: Counter[str] = Counter()
    for (source, day), count in told.items():
        days[day] += count
        if whole.start <= day <= cuts.get(source, whole.end):
            by_source[source] += count
    first = find_first_days(survey.connection, names, survey.moment.known_at)
    weights = {name: by_source[name] / _count_covered(whole, first.get(name), cuts.get(name)) for name in names}
    return _Rise(rule, survey, names, watermark, stale, windows, Coverage(weights, first, cuts), dict(days))


def _lay(end: date, days: int, baseline: int) -> tuple[Window, Window]:
    start = end - timedelta(days=days - 1)
    return Window(start, end), Window(start - timedelta(days=baseline), start - timedelta(days=1))


def _count_covered(window: Window, first: date | None, last: date | None) -> int:
    start, end = max(window.start, first or window.start), min(window.end, last or window.end)
    return max(1, (end - start).days + 1)


def _pair(rise: _Rise, now: Window, before: Window, season: Sequence[float]) -> _Pair:
    told = rise.coverage.expose(now) / len(list_days(now))
    return _Pair(now, before, rise.coverage.expose(now, season), rise.coverage.expose(before, season), told)


def _is_held(pair: _Pair) -> bool:
    """Too much of the window is missing, or the time before it is shorter than the window itself."""
    return pair.told < 1 - _MOST_MISSING or pair.days_before < pair.days


def _test(pairs: Sequence[_Pair], counts: Sequence[int]) -> tuple[int, _Pair, float]:
    """Return the window with the smallest p; the longest one when nothing is above its expectation."""
    best = (len(pairs) - 1, pairs[-1], 1.0)
    for place, pair in enumerate(pairs):
        now, before = counts[2 * place], counts[2 * place + 1]
        if not now or _is_held(pair) or now * pair.days_before <= before * pair.days:
            continue
        p = test_rise(now, before, pair.share)
        if p < best[2]:
            best = (place, pair, p)
    return best


def _evaluate(
    rise: _Rise, member: str, channel: str, count: int, pair: _Pair, test: RiseTest, recount: Recount | None
) -> Evaluation:
    state = rise.survey.states.get(AlertKey(rise.rule.id, member, channel))
    if test.holds and not (state and state.active) and not rise.survey.is_novel(rise.rule):
        late, moved = _count_news(rise, pair.now, channel, member)
        without = [test_rise(max(0, count - some), test.before, pair.share) for some in (late, moved)]
        bound = max(test.threshold, test.p)
        test = replace(test, without_late=without[0] <= bound, without_moved=without[1] <= bound)
    return Evaluation(
        rule_id=rise.rule.id, member=member, channel=channel, count=count, window=pair.now,
        watermark=rise.watermark, stale=rise.stale, test=test, recount=recount,
        newest_received=_find_newest(rise, channel, member, pair.now),
    )  # fmt: skip


def _count_news(rise: _Rise, window: Window, channel: str, member: str) -> tuple[int, int]:
    """Return a member's late and moved rows of a window."""
    horizon, since = rise.survey.horizon(rise.watermark), rise.survey.moment.since
    news = count_news(rise.survey.connection, rise.scope(window), channel, since, horizon, [member])
    return news.get(member, (0, 0))


def _find_newest(rise: _Rise, channel: str, member: str, window: Window) -> date | None:
    """Return the day of the newest complaint of a member with an open case: has one come after its deadline?"""
    facts = rise.survey.members.get(member)
    if facts is None or facts.open_case is None:
        return None
    rows = list_counted(rise.survey.connection, rise.scope(window), member)
    return max((day for _, _, day, reached in rows if day and channel in ("any", reached)), default=None)


def _recount(rise: _Rise, told: AlertedWindow, like: _Pair) -> Recount:
    """Test the days of the last mail again, on rows as known now."""
    start = told.window.start
    before = Window(start - timedelta(days=rise.rule.baseline_days), start - timedelta(days=1))
    now_rows, before_rows = (_count_rows(rise, window, told) for window in (told.window, before))
    pair = _pair(rise, told.window, before, (1.0,) * 12)
    return Recount(told.event_id, now_rows, p=test_rise(now_rows, before_rows, pair.share if pair.days else like.share))


def _count_rows(rise: _Rise, window: Window, told: AlertedWindow) -> int:
    rows = list_counted(rise.survey.connection, rise.scope(window), told.key.member)
    return sum(told.key.channel in ("any", channel) for _, _, _, channel in rows)


def _fit_seasons(rise: _Rise, counts: Counts) -> tuple[tuple[float, ...], dict[str, tuple[float, ...]]]:
    """Return the register's season, and for members that are much of it the others' season."""
    season = fit_season(rise.days, rise.watermark)
    own: dict[str, tuple[float, ...]] = {}
    if all(factor == 1 for factor in season):
        return season, own
    whole = Window(rise.windows[-1][1].start, rise.watermark)
    total = sum(count for day, count in rise.days.items() if day >= whole.start)
    place = 2 * len(rise.windows) * _list_channels(rise.rule).index("any")
    last = place + 2 * len(rise.windows)
    for member, figures in counts.items():
        if sum(figures[last - 2 : last]) > _LARGE * total:
            own[member] = fit_season(_leave_out(rise, member), rise.watermark)
    return season, own


def _leave_out(rise: _Rise, member: str) -> dict[date, int]:
    """Return the register's days without one member's complaints."""
    long = Ask(Window(min(rise.days), rise.watermark), rise.names, "any", rise.rule.date)
    others = Counter(rise.days)
    for (_, day), count in count_register_days(rise.survey.connection, long, rise.survey.moment, member).items():
        others[day] -= count
    return dict(others)


def _choose_threshold(rise: _Rise) -> tuple[float, float | None, float | None]:
    """Return (p that is told, q that is told instead of it, p of the budget)."""
    chosen, survey = rise.rule.threshold, rise.survey
    if chosen != "budget":
        return (chosen.p or USUAL_P), chosen.fdr, None
    if len(survey.present) > MOST_MEMBERS:
        return USUAL_P, FALSE_SHARE, None
    known = find_budget(survey.ledger, rise.rule, survey.alerts, survey.moment.business_date)
    if known is None:
        register = _describe(rise)
        known = calibrate(register, rise.rule, survey.alerts.false_alerts_per_year) if register else USUAL_P
    return known, None, known


def _describe(rise: _Rise) -> Register | None:
    """Return what the register looks like over the rule's longest stretch; None without a complaint."""
    connection, members = rise.survey.connection, sorted(rise.survey.present)
    before = Window(rise.windows[-1][1].start, rise.watermark)
    exposure = rise.coverage.expose(before)
    by_day = count_days(connection, rise.scope(before), by_member=True)
    totals: Counter[str] = Counter()
    weeks: dict[str, list[int]] = {}
    number = len(list_days(before)) // 7
    for (member, day), count in by_day.items():
        totals[member] += count
        week = (before.end - day).days // 7
        if week < number:
            weeks.setdefault(member, [0] * number)[week] += count
    rates = pool_rates([totals[member] for member in members], [exposure] * len(members))
    if rates is None:
        return None
    whole = sum(totals.values())
    parts = tuple(_part(rise, str(channel), before, whole) for channel in rise.rule.channels)
    return Register(len(members), PooledRates(rates.shape, rates.rate), pool_dispersion(weeks.values()), parts)


def _part(rise: _Rise, channel: str, window: Window, whole: int) -> float:
    if channel == "any":
        return 1.0
    ask = Ask(window, rise.names, channel, rise.rule.date)
    return min(1.0, sum(count_register_days(rise.survey.connection, ask, rise.survey.moment).values()) / whole)
