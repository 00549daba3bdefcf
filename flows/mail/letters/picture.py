"""The weeks of a mail as a picture: drawn as the staff page draws them, the same bytes for the same figures.

It has a ground of its own, so that it is read in a dark mailbox too, and says nothing that the words beside it do not:
whoever blocks pictures misses none.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

_INK, _GROUND, _GAP = "#1d2327", "#ffffff", "#8c959f"
_SIZE, _DPI = (6.0, 1.75), 160  # inches; 960 pixels wide, shown at 600: sharp on a telephone, under 30 KB


@dataclass(frozen=True)
class Picture:
    """A picture inside a letter, with the words for whoever does not see it."""

    content: bytes
    words: str

    @property
    def id(self) -> str:
        """What the letter calls it (its Content-ID): the same for the same picture."""
        return f"{sha256(self.content).hexdigest()[:24]}@medlemskoll"


@lru_cache(maxsize=256)
def draw_weeks(values: Sequence[int | None], end: date, channel: str, months: str) -> bytes:
    """Return a PNG of counts by week, the last one ending on ``end``; a week of None is drawn as missing, not as zero.

    ``channel`` gives the colour, ``months`` are twelve short names parted by blanks.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    from flows.page.charts import colour_of, list_months

    settings: Any = {"font.family": "DejaVu Sans", "font.size": 9, **dict.fromkeys(_COLOURED, _INK)}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=_SIZE, layout="constrained", facecolor=_GROUND)
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.bar(
            [at + 0.5 for at in range(len(values))],
            [value or 0 for value in values],
            width=0.8,
            color=colour_of(channel),
        )
        for at, value in enumerate(values):
            if value is None:
                axes.axvspan(at, at + 1, color=_GAP, alpha=0.25, linewidth=0)
                axes.annotate("?", (at + 0.5, 0.06), xycoords=("data", "axes fraction"), ha="center")
        first = end - timedelta(weeks=len(values)) + timedelta(days=1)
        ticks = list(list_months(first, len(values), months.split(), every=1))
        axes.set_xticks([at for at, _ in ticks], [name for _, name in ticks])
        axes.set_xlim(0, len(values))
        axes.set_ylim(0, max(*(value or 0 for value in values), 1) * 1.1)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=_DPI, metadata={"Software": None}, pil_kwargs={"optimize": True})
    return out.getvalue()


_COLOURED = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
