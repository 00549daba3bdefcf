"""Draws the pictures of docs/explained and the badges of the README, as SVG. Run: make pictures.

Matplotlib draws in the few colours below; a style sheet put into each drawing turns them for readers in the dark.
The text stays text, so that it scales, is found by search and can be read aloud.
"""

import io
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

HERE = Path(__file__).parent / "pictures"
INK, QUIET, PALE, BLUE, ORANGE, RED, GREEN = (
    "#1f2328", "#656d76", "#eaeef2", "#0969da", "#bc4c00", "#cf222e", "#1a7f37",
)  # fmt: skip
DARK = {
    INK: "#e6edf3", QUIET: "#9198a1", PALE: "#2a313c", BLUE: "#58a6ff", ORANGE: "#f0883e", RED: "#ff7b72",
    GREEN: "#3fb950",
}  # fmt: skip
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "medlemskoll",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "text.parse_math": False,
}


def finish(figure: Figure, name: str) -> None:
    """Save a drawing with its style for the dark."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    rules = "".join(
        f'[style*="fill: {light}"]{{fill:{dark}!important}}[style*="stroke: {light}"]{{stroke:{dark}!important}}'
        for light, dark in DARK.items()
    )
    fonts = "text{font-family:system-ui,-apple-system,'Segoe UI',sans-serif!important}"
    style = f"<style>{fonts}@media (prefers-color-scheme: dark){{{rules}}}</style>"
    svg = out.getvalue()
    at = svg.index(">", svg.index("<svg")) + 1
    lines = (line.rstrip() for line in (svg[:at] + style + svg[at:]).splitlines())
    (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def blank(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty drawing whose unit is a tenth of an inch."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width * 10), ylim=(0, height * 10))
    axes.axis("off")
    return figure, axes


def box(axes: Axes, x: float, y: float, text: str, *, width: float = 15, height: float = 6, edge: str = QUIET) -> None:
    """Draw a box with its middle at (x, y)."""
    shape = FancyBboxPatch(
        (x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=1", fc=PALE, ec=edge, lw=1.5
    )
    axes.add_patch(shape)
    axes.text(x, y, text, ha="center", va="center", linespacing=1.35)


def arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], text: str = "", *, color: str = QUIET,
    bend: float = 0.0, at: tuple[float, float] | None = None,
) -> None:  # fmt: skip
    """Draw an arrow, and what it means beside its middle, or at ``at``."""
    style = f"arc3,rad={bend}"
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, lw=1.6, color=color, connectionstyle=style)
    )
    if text:
        x, y = at or ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 1)
        axes.text(x, y, text, ha="center", va="bottom", color=color, fontsize=9.5, linespacing=1.25)


def draw_night() -> None:
    """The night: sources side by side, one of them broken, then one count and one decision."""
    figure, axes = blank(9, 5.4)
    axes.text(3, 51, "every source by itself, side by side", color=QUIET)
    steps = ("fetch", "archive\nthe bytes", "read and\njudge rows", "match to\nmembers", "store, all\nor nothing")
    for row, (name, broken) in enumerate((("authority's file", None), ("ethics board", 1), ("tip mailbox", None))):
        y = 45 - row * 10
        axes.text(3, y, name, va="center", weight="bold", color=RED if broken else INK)
        for place, step in enumerate(steps):
            x = 27 + place * 13.5
            if broken is not None and place >= broken:
                axes.text(x - 6, y, "log-in page instead: this source stops here,\nwhat it told before stays as it was",
                          va="center", color=RED, fontsize=10, linespacing=1.4)  # fmt: skip
                break
            box(axes, x, y, step, width=11, edge=BLUE)
            if place:
                arrow(axes, (x - 8, y), (x - 5.6, y))
    axes.text(3, 16, "then once, for all", color=QUIET)
    last = (
        "count, up to the\nday that is told of",
        "decide: limits,\nrises, deadlines",
        "alerts and mails\nin one step",
        "send",
    )
    for place, step in enumerate(last):
        box(axes, 14 + place * 21, 9, step, width=17, edge=GREEN)
        if place:
            arrow(axes, (14 + place * 21 - 12.4, 9), (14 + place * 21 - 8.6, 9))
    axes.text(3, 1.5, "The night ends as failed, and names the command that reads the broken source again.", color=RED)
    finish(figure, "night.svg")


def draw_alert() -> None:
    """An alert's life: clear, open, acknowledged, and the three ways out."""
    figure, axes = blank(9, 5)
    box(axes, 10, 36, "clear", width=14)
    box(axes, 42, 36, "open", width=16, edge=RED)
    box(axes, 77, 36, "acknowledged", width=19, edge=BLUE)
    arrow(axes, (17, 37.5), (34, 37.5), "a level is reached\nmail", color=RED)
    arrow(axes, (34, 34), (17, 34), "under 80 % of the lowest\nlevel for 7 whole nights", color=GREEN, at=(25.5, 26.5))
    arrow(axes, (50, 37.5), (67.5, 37.5), "a person: koll\nalerts ack", color=BLUE)
    arrow(axes, (67.5, 34), (50, 34), "a higher level, or half\nas many again: mail", color=RED, at=(58.7, 26.5))
    arrow(axes, (37, 39.2), (47, 39.2), color=RED, bend=-1.0)
    axes.text(42, 46.6, "a higher level: mail · nobody answers: reminder after 7, 14, 28 days", ha="center", color=RED,
              fontsize=9.5)  # fmt: skip
    box(axes, 28, 10, "retracted\nthe data were corrected: mail", width=28, height=8)
    box(axes, 64, 10, "closed\na person said why", width=22, height=8)
    arrow(axes, (38, 32.8), (31, 14.3), color=QUIET)
    arrow(axes, (46, 32.8), (59, 14.3), color=QUIET)
    axes.text(45, 1.8, "Silence holds mail back until a day; what has changed by then is told afterwards.", ha="center",
              color=QUIET)  # fmt: skip
    finish(figure, "alert.svg")


def draw_at_least() -> None:
    """113 complaints by how they were sold: 37 known to be by telephone, 22 not stated, 54 otherwise."""
    figure, axes = blank(9, 2.9)
    at = 4.0
    parts = (
        (37, ORANGE, "37 by telephone"),
        (22, QUIET, "22 not stated"),
        (54, BLUE, "54 otherwise: web, door, sms, shop, ..."),
    )
    for count, colour, text in parts:
        width = count * 0.72
        axes.add_patch(
            FancyBboxPatch((at, 14), width - 0.6, 6, boxstyle="round,pad=0,rounding_size=0.6", fc=colour, ec="none")
        )
        axes.text(at + width / 2, 21.3, text, ha="center", va="bottom", color=colour, weight="bold", fontsize=10)
        at += width
    arrow(axes, (4, 10.5), (4 + 37 * 0.72 - 0.6, 10.5), "at least 37", color=ORANGE, at=(17, 6.8))
    arrow(axes, (4 + 37 * 0.72, 10.5), (4 + 59 * 0.72 - 0.6, 10.5), "perhaps up to 59", color=QUIET, at=(38.5, 6.8))
    axes.text(4, 2.2, "A limit by telephone is compared with 37. The truth lies somewhere from 37 to 59.", color=INK)
    finish(figure, "at-least.svg")


def draw_quiet() -> None:
    """Weeks of one member, told by a source that then fell silent: zero is not the same as not told."""
    weekly = (3, 4, 3, 5, 4, 6, 5, 7, 6, 8)
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.add_subplot()
    monday = date(2026, 5, 4)
    days = [monday + timedelta(weeks=n) for n in range(14)]
    axes.bar(range(10), weekly, color=BLUE, width=0.7)
    axes.axvspan(9.5, 13.5, facecolor=PALE, edgecolor="none")
    for n in range(10, 14):
        axes.text(n, 0.4, "?", ha="center", fontsize=15, color=RED, weight="bold")
    axes.text(11.5, 5.4, "the source has not told\nof these weeks", ha="center", color=RED, linespacing=1.4)
    axes.annotate(
        "complete through 12 July", (9.5, 8.6), (5.2, 9.6), color=INK, arrowprops={"arrowstyle": "-|>", "color": QUIET}
    )
    axes.set_xticks(range(14), [f"{day.day}/{day.month}" for day in days])
    axes.set(ylim=(0, 10.6), ylabel="complaints a week")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    finish(figure, "quiet.svg")


def draw_matching() -> None:
    """From a text to accepted, asked, or nobody."""
    figure, axes = blank(9, 4.9)
    box(axes, 12, 42, "what somebody wrote", width=20)
    box(axes, 12, 30, "has a person\nanswered this before?", width=20, edge=BLUE)
    box(axes, 12, 18, "a number or a\ndomain of a member?", width=20, edge=BLUE)
    box(axes, 12, 6, "whose name is\nnearest, and by how much?", width=22, edge=BLUE)
    for y in (42, 30, 18):
        arrow(axes, (12, y - 3), (12, y - 8.8), "no" if y < 42 else "", at=(13.6, y - 7.2))
    box(axes, 62, 33, "accepted\ncounts for this member", width=24, height=7, edge=GREEN)
    box(axes, 62, 20, "asked\na person decides; counts for nobody yet", width=40, height=7, edge=ORANGE)
    box(axes, 62, 7, "nobody's\nno member's name is near", width=26, height=7)
    arrow(axes, (22, 30), (50, 34), "the same answer again", color=BLUE)
    arrow(axes, (22, 19.5), (50, 32), color=GREEN)
    arrow(axes, (23, 8), (50, 31.2), color=GREEN)
    arrow(axes, (23, 7), (42, 18.5), color=ORANGE)
    arrow(axes, (23, 6), (49, 6.6), color=QUIET)
    axes.text(87, 33, "sure\n0.90 or more", ha="right", va="center", color=GREEN, fontsize=9.5)
    axes.text(62, 15.2, "between, or anything speaks against it", ha="center", va="top", color=ORANGE, fontsize=9.5)
    axes.text(87, 7, "under 0.55", ha="right", va="center", color=QUIET, fontsize=9.5)
    finish(figure, "matching.svg")


def write_badge(name: str, left: str, right: str) -> str:
    """Return a badge of two fields; nothing is asked of anybody."""
    one, two = 14 + 6.6 * len(left), 14 + 6.6 * len(right)
    whole = one + two
    text = 'y="14" text-anchor="middle" fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole:.0f}" height="20" role="img"'
        f' aria-label="{left}: {right}">'
        f'<rect width="{whole:.0f}" height="20" rx="3" fill="#57606a"/>'
        f'<path d="M{one:.0f} 0h{two - 3:.0f}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{two - 3:.0f}z" fill="#0a5a9c"/>'
        f'<text x="{one / 2:.0f}" {text}>{left}</text><text x="{one + two / 2:.0f}" {text}>{right}</text></svg>\n'
    )


def list_badges() -> dict[str, str]:
    """Return the badges by file name: what pyproject.toml says, and what the tests run on."""
    project = tomllib.loads((HERE.parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
    python = project["requires-python"].removeprefix(">=") + "+"
    told = {"python": ("Python", python), "licence": ("licence", project["license"]),
            "tests": ("tested on", "SQLite and PostgreSQL 18")}  # fmt: skip
    return {f"badge-{name}.svg": write_badge(name, *words) for name, words in told.items()}


def main() -> None:
    """Write them all."""
    HERE.mkdir(exist_ok=True)
    with mpl.rc_context(_SETTINGS):
        for draw in (draw_night, draw_alert, draw_at_least, draw_quiet, draw_matching):
            draw()
    for name, svg in list_badges().items():
        (HERE / name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
