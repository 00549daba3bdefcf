"""Rises, measured: each member's count beside what its own past makes expect, over days that were really told."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from sqlalchemy import Connection

from models.alerting.budget import FALSE_SHARE, MOST_MEMBERS, USUAL_P, Register, calibrate, find_budget
from models.alerting.evaluation import Evaluation, Recount, RiseTest, SourceState, Window, find_watermark
from models.alerting.exposure import YEAR, Coverage, fit_season, list_days
from models.alerting.ledger import AlertedWindow, AlertEvent, AlertKey
from models.alerting.moment import Moment
from models.alerting.rules import AlertsConfig, RiseRule
from models.alerting.statistics import PooledRates, control_fdr, pool_dispersion, pool_rates, test_rise
from models.counting import Scope, count_days, count_news, count_periods, find_first_days, list_counted

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

    connection: Connection
    rule: RiseRule
    alerts: AlertsConfig
    moment: Moment
    names: tuple[str, ...]
    watermark: date
    stale: bool
    scope: Scope
    windows: list[tuple[Window, Window]]
    counts: dict[tuple[str, str], list[int]]  # (member, channel): now, before, now, before, ...
    coverage: Coverage
    cuts: Mapping[str, date]
    news: dict[tuple[Window, str], dict[str, tuple[int, int]]] = field(default_factory=dict)


def evaluate_rises(
    connection: Connection,
    rule: RiseRule,
    alerts: AlertsConfig,
    sources: Mapping[str, SourceState],
    moment: Moment,
    members: Iterable[str],
    attended: Mapping[AlertKey, AlertedWindow | None],
    ledger: Sequence[AlertEvent],
) -> tuple[list[Evaluation], float | None]:
    """Return (evaluations of all members with a complaint in the windows or an alert, the p of the budget if any).

    ``members``: who is in the register tonight. ``attended``: running alerts, with the window last told of each.
    """
    rise = _prepare(connection, rule, alerts, sources, moment)
    if rise is None:
        return [], None
    present = set(members)
    threshold, q_bound, budget = _choose_threshold(rise, present, ledger)
    season, own = _fit_seasons(rise)
    pairs = [_pair(rise, *window, season) for window in rise.windows]
    keys = {key for key, counts in rise.counts.items() if any(counts[::2]) and key[1] in rule.channels}
    keys |= {(key.member, key.channel) for key in attended if key.channel in rule.channels}
    found = []
    for member, channel in sorted(keys):
        counts = rise.counts.get((member, channel), [0] * 2 * len(pairs))
        mine = [_pair(rise, *window, own[member]) for window in rise.windows] if member in own else pairs
        found.append((member, channel, counts, *_test(rise, mine, counts)))
    ps = [p for *_, p in found]
    qs = control_fdr([*ps, *[1.0] * max(0, len(present) * len(rule.channels) - len(ps))])
    evaluations = []
    for (member, channel, counts, place, pair, p), q in zip(found, qs, strict=False):
        within = q <= q_bound if q_bound is not None else p <= threshold
        test = RiseTest(
            p=p, q=q, threshold=threshold, before=counts[2 * place + 1], before_window=pair.before,
            expected=counts[2 * place + 1] * pair.days / pair.days_before if pair.days_before else 0.0,
            holds=within and counts[-2] >= rule.min_count, held=_is_held(pair),
        )  # fmt: skip
        told = attended.get(AlertKey(rule.id, member, channel))
        recount = _recount(rise, told, pair) if told else None
        evaluations.append(_evaluate(rise, member, channel, counts[2 * place], pair, test, recount))
    return evaluations, budget


def _prepare(
    connection: Connection, rule: RiseRule, alerts: AlertsConfig, sources: Mapping[str, SourceState], moment: Moment
) -> _Rise | None:
    names = rule.sources or tuple(sorted(sources))
    watermark, stale = find_watermark(names, sources)
    if watermark is None:
        return None
    windows = [_lay(watermark, days, rule.baseline_days) for days in rule.windows_days]
    whole = Window(min(before.start for _, before in windows), watermark)
    scope = Scope(whole, names, rule.date, moment.known_at)
    cuts = {name: through for name in names if (state := sources.get(name)) and state.late
            and (through := state.complete_through)}  # fmt: skip
    periods = [period for pair in windows for period in pair]
    counts: dict[tuple[str, str], list[int]] = {}
    by_source: Counter[str] = Counter()
    for member, channel, source, row in count_periods(connection, scope, periods, cuts):
        by_source[source] += sum(row[-2:])
        for name in {channel, "any"}:
            known = counts.setdefault((member, name), [0] * len(periods))
            counts[member, name] = [a + b for a, b in zip(known, row, strict=True)]
    first = find_first_days(connection, names, moment.known_at)
    weights = {name: by_source[name] / _count_covered(whole, first.get(name), cuts.get(name)) for name in names}
    coverage = Coverage(weights, first, cuts)
    return _Rise(
        connection, rule, alerts, moment, names, watermark, stale, scope, windows, counts, coverage, cuts
    )  # fmt: skip


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


def _test(rise: _Rise, pairs: Sequence[_Pair], counts: Sequence[int]) -> tuple[int, _Pair, float]:
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
    if test.holds:
        late, moved = _count_news(rise, pair.now, channel).get(member, (0, 0))
        without = [test_rise(max(0, count - some), test.before, pair.share) for some in (late, moved)]
        bound = max(test.threshold, test.p)
        test = replace(test, without_late=without[0] <= bound, without_moved=without[1] <= bound)
    return Evaluation(
        rule_id=rise.rule.id, member=member, channel=channel, count=count, window=pair.now,
        watermark=rise.watermark, stale=rise.stale, test=test, recount=recount,
    )  # fmt: skip


def _count_news(rise: _Rise, window: Window, channel: str) -> dict[str, tuple[int, int]]:
    """Return each member's late and moved rows of a window, asked for once and only if somebody's count holds."""
    if (window, channel) not in rise.news:
        horizon = rise.watermark - timedelta(days=rise.alerts.late_horizon_days)
        scope = replace(rise.scope, window=window)
        rise.news[window, channel] = count_news(rise.connection, scope, channel, rise.moment.since, horizon)
    return rise.news[window, channel]


def _recount(rise: _Rise, told: AlertedWindow, like: _Pair) -> Recount:
    """Test the days of the last mail again, on rows as known now."""
    start = told.window.start
    before = Window(start - timedelta(days=rise.rule.baseline_days), start - timedelta(days=1))
    now_rows, before_rows = (_count_rows(rise, window, told) for window in (told.window, before))
    pair = _pair(rise, told.window, before, (1.0,) * 12)
    return Recount(told.event_id, now_rows, p=test_rise(now_rows, before_rows, pair.share if pair.days else like.share))


def _count_rows(rise: _Rise, window: Window, told: AlertedWindow) -> int:
    rows = list_counted(rise.connection, replace(rise.scope, window=window), told.key.member)
    return sum(told.key.channel in ("any", channel) for _, _, _, channel in rows)


def _fit_seasons(rise: _Rise) -> tuple[tuple[float, ...], dict[str, tuple[float, ...]]]:
    """Return the register's season, and for members that are much of it the others' season."""
    long = replace(rise.scope, window=Window(rise.watermark - timedelta(days=3 * YEAR - 1), rise.watermark))
    days = {day: count for (_, day), count in count_days(rise.connection, long).items()}
    season = fit_season(days, rise.watermark)
    totals = {member: sum(counts[-2:]) for (member, channel), counts in rise.counts.items() if channel == "any"}
    own = {}
    if any(factor != 1 for factor in season):
        for member, total in totals.items():
            if total > _LARGE * sum(totals.values()):
                mine = Counter(day for _, _, day, _ in list_counted(rise.connection, long, member) if day)
                own[member] = fit_season({day: n - mine[day] for day, n in days.items()}, rise.watermark)
    return season, own


def _choose_threshold(
    rise: _Rise, members: set[str], ledger: Sequence[AlertEvent]
) -> tuple[float, float | None, float | None]:
    """Return (p that is told, q that is told instead of it, p of the budget)."""
    chosen = rise.rule.threshold
    if chosen != "budget":
        return (chosen.p or USUAL_P), chosen.fdr, None
    if len(members) > MOST_MEMBERS:
        return USUAL_P, FALSE_SHARE, None
    known = find_budget(ledger, rise.rule, rise.alerts, rise.moment.business_date)
    if known is None:
        register = _describe(rise, members)
        known = calibrate(register, rise.rule, rise.alerts.false_alerts_per_year) if register else USUAL_P
    return known, None, known


def _describe(rise: _Rise, members: set[str]) -> Register | None:
    """Return what the register looks like over the rule's longest stretch; None without a complaint."""
    before = Window(rise.windows[-1][1].start, rise.watermark)
    exposure = rise.coverage.expose(before)
    by_day = count_days(rise.connection, replace(rise.scope, window=before), by_member=True)
    totals: Counter[str] = Counter()
    weeks: dict[str, list[int]] = {}
    number = len(list_days(before)) // 7
    for (member, day), count in by_day.items():
        totals[member] += count
        week = (before.end - day).days // 7
        if week < number:
            weeks.setdefault(member, [0] * number)[week] += count
    rates = pool_rates([totals[member] for member in sorted(members)], [exposure] * len(members))
    if rates is None:
        return None
    whole = sum(totals.values())
    parts = tuple(_part(rise, channel, whole) for channel in rise.rule.channels)
    return Register(len(members), PooledRates(rates.shape, rates.rate), pool_dispersion(weeks.values()), parts)


def _part(rise: _Rise, channel: str, whole: int) -> float:
    mine = sum(sum(counts[-2:]) for (_, name), counts in rise.counts.items() if name == channel)
    return 1.0 if channel == "any" else min(1.0, mine / whole)
