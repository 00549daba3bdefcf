"""The timeline: complaints week by week, the case's steps, and the days that no source has told of, as one SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from xml.sax.saxutils import escape, quoteattr

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 240, 34, 10, 34, 30
_SOFT, _LINE, _PHONE, _STEP = "#5b656d", "#d5dadd", "#1f4e79", "#a3281e"


_Across = Callable[[date], float]

_MARK = 16  # the width of a step's mark with one digit


@dataclass(frozen=True)
class Week:
    """One week from ``start``: complaints, those by telephone, and its days that no source has told of."""

    start: date
    total: int
    phone: int
    missing: int


def lay_weeks(days: Sequence[tuple[date, bool]], start: date, end: date, first: date, last: date) -> list[Week]:
    """Return the weeks (from Monday) over start to end; each day is (date, by telephone).

    ``first`` and ``last`` bound the days that were told of.
    """
    monday = start - timedelta(days=start.weekday())
    weeks = []
    while monday <= end:
        sunday = monday + timedelta(days=6)
        mine = [by_phone for day, by_phone in days if monday <= day <= sunday]
        told = max(0, (min(sunday, last) - max(monday, first)).days + 1)
        weeks.append(Week(monday, len(mine), sum(mine), 7 - told))
        monday += timedelta(days=7)
    return weeks


def draw_timeline(
    weeks: Sequence[Week], steps: Sequence[tuple[str, date]], months: Sequence[str], title: str, font: str
) -> str:
    """Return the SVG. ``steps`` are (mark, day), ``months`` twelve names; the font is what the reader has."""
    if not weeks:
        return ""
    first, span = weeks[0].start, 7 * len(weeks)
    high = max(max(week.total for week in weeks), 4)
    floor = _HEIGHT - _BOTTOM

    def across(day: date) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (day - first).days / span

    def up(count: float) -> float:
        return floor - (floor - _TOP) * count / high

    wide = (_WIDTH - _LEFT - _RIGHT) / len(weeks)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label={quoteattr(title)} font-family={quoteattr(font)} font-size="11">',
        f"<title>{escape(title)}</title>",
        '<defs><pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="#ffffff"/><rect width="1.6" height="6" fill="{_SOFT}"/></pattern></defs>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for week in weeks:
        if week.missing:
            part = wide * week.missing / 7
            # What is missing of a first week lies at its beginning, of a last one at its end.
            late = week is not weeks[0] and (week.missing == 7 or weeks.index(week) > len(weeks) / 2)
            x = across(week.start) + (wide - part if late else 0)
            parts.append(f'<rect x="{x:.1f}" y="{_TOP}" width="{part:.1f}" height="{floor - _TOP}" fill="url(#gap)"/>')
    for count in _ticks(high):
        y = up(count)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_LINE}"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end" fill="{_SOFT}">{count}</text>')
    for week in weeks:
        x = across(week.start) + 1
        for count, colour in ((week.total, "#9fb8cf"), (week.phone, _PHONE)):
            if count:
                parts.append(
                    f'<rect x="{x:.1f}" y="{up(count):.1f}" width="{max(wide - 2, 1):.1f}"'
                    f' height="{floor - up(count):.1f}" fill="{colour}"/>'
                )
    parts += _draw_months(weeks, across, floor, months)
    parts += _draw_steps(steps, across, floor)
    return "".join(parts) + "</svg>"


def _ticks(high: int) -> list[int]:
    step = next(one for one in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**6) if high / one <= 5)
    return list(range(0, high + 1, step))


def _draw_months(weeks: Sequence[Week], across: _Across, floor: int, months: Sequence[str]) -> list[str]:
    day, end = weeks[0].start, weeks[-1].start + timedelta(days=6)
    firsts = [one for n in range((end - day).days + 1) if (one := day + timedelta(days=n)).day == 1]
    every = 1 + len(firsts) // 13
    parts = []
    for first in firsts[::every]:
        name = months[first.month - 1] + (f" {first.year}" if first.month == 1 or first is firsts[0] else "")
        parts.append(f'<line x1="{across(first):.1f}" x2="{across(first):.1f}" y1="{floor}" y2="{floor + 4}"'
                     f' stroke="{_SOFT}"/>')  # fmt: skip
        parts.append(f'<text x="{across(first) + 2:.1f}" y="{floor + 16}" fill="{_SOFT}">{escape(name)}</text>')
    return parts


def _draw_steps(steps: Sequence[tuple[str, date]], across: _Across, floor: int) -> list[str]:
    """Draw a line at each day with the numbers of its steps; where lines stand close, marks take turns in height."""
    by_day: dict[date, list[str]] = {}
    for mark, day in steps:
        by_day.setdefault(day, []).append(mark)
    parts, last, row = [], -100.0, 0
    for day, marks in by_day.items():
        x, label = across(day), marks[0] if len(marks) == 1 else f"{marks[0]}–{marks[-1]}"
        row = (row + 1) % 2 if x - last < _MARK + 2 else 0
        last, y, wide = x, 9 + 16 * row, _MARK + 8 * (len(label) - 1)
        left = min(x - wide / 2, _WIDTH - wide)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{floor}" stroke="{_STEP}" stroke-width="1.5"/>')
        parts.append(f'<rect x="{left:.1f}" y="{y - 8}" width="{wide}" height="16" rx="8" fill="{_STEP}"/>')
        middle = f'x="{left + wide / 2:.1f}" y="{y + 4}" text-anchor="middle"'
        parts.append(f'<text {middle} fill="#ffffff">{escape(label)}</text>')
    return parts
