"""A member's year as one drawing: the twelve-month count with its limits above, the weeks by channel below.

Matplotlib draws inline SVG; what is ink there becomes the page's own text colour, so that one drawing serves light and
dark. A drawing is kept by what it shows, so that a night draws only what has changed. On the first night of a week that
is every one of them: what members share, axes, months and missing weeks, is made once, which is four times as fast.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.page.desk import write_whole
from flows.page.facts import Week
from models.words import Channel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK = "#123456"  # stands for the page's text colour in what matplotlib writes
_LAYERS = ("phone", "other", "unknown")
_COLOURS = {"phone": "#c2570c", "other": "#2f74c0", "unknown": "#8c959f"}
_MARGINS = {"left": 0.055, "right": 0.99, "top": 0.95, "bottom": 0.1, "hspace": 0.25}  # of the whole
_SIZE = (9.0, 4.6)  # inches; the drawing is scaled to the page's width
_VERSION = 2  # raise it when the drawing changes


@dataclass(frozen=True)
class Drawing:
    """What a drawing shows; equal drawings are drawn once. ``marks`` are (day, label) of steps in the case."""

    weeks: Sequence[Week]
    levels: tuple[int, ...]
    marks: tuple[tuple[date, str], ...]
    words: Mapping[str, str]

    @property
    def key(self) -> str:
        """32 hex digits that differ when anything shown does."""
        shown = repr((_VERSION, list(self.weeks), self.levels, self.marks, sorted(self.words.items())))
        return sha256(shown.encode()).hexdigest()[:32]


def draw_year(drawing: Drawing, kept: Path) -> str:
    """Return the drawing as an ``<svg>`` element, from ``kept`` when it has been drawn before."""
    file = kept / f"{drawing.key}.svg"
    if file.exists():
        file.touch()
        return file.read_text(encoding="utf-8")
    svg = _draw(drawing)
    write_whole(file, svg)
    return svg


def _draw(drawing: Drawing) -> str:
    import matplotlib

    settings: Any = {
        "svg.fonttype": "none",  # text stays text: it scales, is found by search and read aloud
        "svg.hashsalt": "medlemskoll",
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.titley": 1.0,  # else it is looked for anew each time
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK),
    }
    with matplotlib.rc_context(settings):
        missing = tuple(week.missing for week in drawing.weeks)
        with _lay_out(drawing.weeks[0].start, missing, drawing.words["months"]).lend() as (figure, above, below):
            _draw_rolling(above, drawing)
            _draw_weeks(below, drawing)
            _draw_marks((above, below), drawing)
            out = io.StringIO()
            figure.canvas.print_svg(out, metadata={"Date": None, "Creator": None})
    return _clean(out.getvalue())


class _Sheet:
    """Two axes with all that the drawings of one night share; a member's own part is taken away after each."""

    def __init__(self, first: date, missing: Sequence[bool], months: str) -> None:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        self._figure: Any = Figure(figsize=_SIZE)
        FigureCanvasSVG(self._figure)
        self._figure.patch.set_alpha(0)
        self._figure.subplots_adjust(**_MARGINS)
        self._axes = self._figure.subplots(2, 1, sharex=True)
        for axes in self._axes:
            _draw_frame(axes, first, missing, months)
            axes.patch.set_alpha(0)

    @contextmanager
    def lend(self) -> Iterator[tuple[Any, "Axes", "Axes"]]:
        shared = [set(axes.get_children()) for axes in self._axes]
        try:
            yield self._figure, *self._axes
        finally:
            for axes, kept in zip(self._axes, shared, strict=True):
                for own in set(axes.get_children()) - kept:
                    own.remove()


@lru_cache(maxsize=1)
def _lay_out(first: date, missing: tuple[bool, ...], months: str) -> _Sheet:
    return _Sheet(first, missing, months)


def colour_of(channel: str) -> str:
    """Return the colour in which a channel is drawn, or what has several."""
    return _COLOURS.get(channel, _COLOURS["other"])


def _draw_rolling(axes: "Axes", drawing: Drawing) -> None:
    counts = [week.rolling for week in drawing.weeks]
    most = max(counts, default=0)
    axes.step(range(len(counts) + 1), [*counts, counts[-1]], where="post", color=_INK, linewidth=1.8)
    next_level = next((level for level in drawing.levels if level > most), None)
    for level in drawing.levels:
        if level <= most or level == next_level:
            axes.axhline(level, color="#b3261e", linewidth=0.9, linestyle=(0, (4, 3)))
            axes.annotate(
                f"{drawing.words['limit']} {level}", (0, level), (2, 2), textcoords="offset points", fontsize=8.5
            )
    axes.set_ylim(0, max(most, next_level or 0, 1) * 1.12)
    axes.set_title(drawing.words["rolling"], loc="left", fontsize=10)


def _draw_weeks(axes: "Axes", drawing: Drawing) -> None:
    bottom = [0] * len(drawing.weeks)
    for layer in _LAYERS:
        counts = [_count_layer(week, layer) for week in drawing.weeks]
        if any(counts):
            top = [low + count for low, count in zip(bottom, counts, strict=True)]
            axes.fill_between(
                range(len(bottom) + 1),
                [*bottom, bottom[-1]],
                [*top, top[-1]],
                step="post",
                color=_COLOURS[layer],
                linewidth=0,
                label=drawing.words[layer],
            )
            bottom = top
    axes.set_ylim(0, max(*bottom, 4) * 1.25)
    axes.set_title(drawing.words["weeks"], loc="left", fontsize=10)
    if any(bottom):
        axes.legend(loc="upper right", ncols=3, frameon=False, fontsize=8.5)


def _count_layer(week: Week, layer: str) -> int:
    phone, unknown = week.by_channel.get(Channel.PHONE, 0), week.by_channel.get(Channel.UNKNOWN, 0)
    return {"phone": phone, "unknown": unknown, "other": week.total - phone - unknown}[layer]


def _draw_frame(axes: "Axes", first: date, missing: Sequence[bool], months: str) -> None:
    """Draw what both halves of every drawing share: weeks that lack days, quiet edges, months."""
    from matplotlib.ticker import MaxNLocator

    for place, lacks in enumerate(missing):
        if lacks:
            axes.axvspan(place, place + 1, color="#8c959f", alpha=0.25, linewidth=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    ticks = list(list_months(first, len(missing), months.split()))
    axes.set_xticks([at for at, _ in ticks], [name for _, name in ticks])
    axes.set_xlim(0, len(missing))


def _draw_marks(halves: tuple["Axes", "Axes"], drawing: Drawing) -> None:
    """Draw a line for each step of the case, with its name above; near ones stand on lines of their own."""
    for place, (day, label) in enumerate(drawing.marks):
        at = (day - drawing.weeks[0].start).days / 7
        for axes in halves:
            axes.axvline(at, color=_INK, linewidth=1, linestyle=":")
        halves[0].annotate(
            label, (at, 1), (2, -9 - 10 * (place % 4)), xycoords=("data", "axes fraction"), textcoords="offset points",
            fontsize=8.5,
        )  # fmt: skip


def list_months(first: date, weeks: int, names: Sequence[str], every: int = 2) -> Iterator[tuple[float, str]]:
    """Yield each month's place, in weeks, and name, or every other's; the year stands under the first one of a year."""
    last = first + timedelta(weeks=weeks)
    for number in range(first.year * 12 + first.month, last.year * 12 + last.month):
        start = date(number // 12, number % 12 + 1, 1)
        if start.month % every == 1 % every and first <= start < last:
            name = names[start.month - 1]
            yield (start - first).days / 7, f"{name}\n{start.year}" if start.month == 1 else name


def _clean(svg: str) -> str:
    """Return the ``<svg>`` element alone, scaling to its place and drawn in the page's own ink."""
    element = svg[svg.index("<svg ") :].strip()
    head, _, rest = element.partition(">")
    kept = " ".join(part for part in head.split() if not part.startswith(("width=", "height=")))
    return f'{kept} role="img" aria-labelledby="chart-name">{rest}'.replace(_INK, "currentColor")
