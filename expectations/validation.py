"""The only file that knows Great Expectations: drafts into a frame, a suite over it, and which rows broke which rule.

Importing it costs nothing; the first ``Validation`` imports pandas and Great Expectations (2 to 9 s). One context in
memory serves the whole process behind a lock, since Great Expectations keeps its project in a global. Nothing is
written to disk or sent anywhere, and no value of a row is kept in a result: only positions.
"""

import functools
import gc
import logging
import math
import os
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

from expectations.suites import Rule
from models.draft_table import DraftTable, Memo
from models.members.org_number import OrgNumberInvalid, is_masked, read_member_key
from models.words import Kind, Severity

if TYPE_CHECKING:
    import pandas as pd

_LOCK = threading.RLock()
_SEVERITY = {Severity.CRITICAL: "critical", Severity.ERROR: "warning", Severity.WARNING: "info"}
_POSITIONS_ONLY = {
    "result_format": "COMPLETE",
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
}
_NO_DECISION = "not a decision"
_PROFILE = ("kind", "received_on", "event_on", "company", "org_number_fault", "channel", "outcome")

_ZEROS = str.maketrans("123456789", "0" * 9)
_BETWEEN = "\0"

Key: TypeAlias = str | tuple[str | None, int]  # an id's shape, by itself or with the contents it stands over
Profile: TypeAlias = tuple[Any, ...]  # one value for each of _PROFILE; of the company, whether it is named


class RuleUnusable(RuntimeError):
    """Great Expectations could not work out a rule, so nothing can be said of the rows. Names the rule, no values."""


class Validation:
    """A list of rules, made ready once and run on many frames."""

    def __init__(self, name: str, rules: Sequence[Rule]) -> None:
        with _LOCK:
            self._batches = _open_batches()  # first: it decides how Great Expectations is imported
            import great_expectations as gx

            self._rules = tuple(rules)
            self._suite = gx.ExpectationSuite(
                name=name, expectations=[_expect(rule, place) for place, rule in enumerate(self._rules)]
            )

    def run(self, frame: "pd.DataFrame") -> list[list[int]]:
        """Return, for each rule in order, the positions of the rows that break it; raise RuleUnusable."""
        with _LOCK:
            batch = self._batches.get_batch(batch_parameters={"dataframe": frame})
            outcome = batch.validate(self._suite, result_format=_POSITIONS_ONLY)
        broken: list[list[int] | None] = [None] * len(self._rules)
        for result in outcome.results:
            place = result.expectation_config.meta["place"]
            positions = result.result.get("unexpected_index_list")
            if positions is not None and not result.exception_info.get("raised_exception"):
                broken[place] = positions
        for rule, positions in zip(self._rules, broken, strict=True):
            if positions is None:
                raise RuleUnusable(f"rule {rule.check.code} ({rule.expectation}) could not be worked out")
        return [positions or [] for positions in broken]


def frame_keys(keys: Sequence[Key]) -> "pd.DataFrame":
    """Return the frame for distinct shapes of ids (see ``shape_keys``), each with its number of contents."""
    import pandas as pd

    told = [(key, 1) if isinstance(key, str) else key for key in keys]
    return pd.DataFrame(
        {
            "source_id": pd.Series([shape or None for shape, _ in told], dtype=object),
            "contents": pd.Series([contents for _, contents in told], dtype=float),
        }
    )


def shape_keys(ids: Sequence[str | None], contents: Sequence[int]) -> list[Key]:
    """Return ids with every digit a 0: no rule on ids tells one digit from another, and few shapes are left.

    Most ids stand over one content; those that do not, or are none, come with how many.
    """
    joined = _BETWEEN.join(map(str, ids)).translate(_ZEROS)  # all in one call
    shapes: list[Any] = joined.split(_BETWEEN)
    if len(shapes) != len(ids):
        shapes = [str(source_id).translate(_ZEROS) for source_id in ids]
    for at, (source_id, number) in enumerate(zip(ids, contents, strict=True)):
        if number != 1 or not source_id:
            shapes[at] = (source_id and shapes[at], number)
    return shapes


def profile_rows(drafts: DraftTable) -> Iterator[Profile]:
    """Yield, for each row, what the rules on its other fields look at. Rows of one profile share its fate.

    Most files hold few profiles: days, channels, a company or none. A rule looks at each of them once.
    """
    blank = Memo(_leave_out_blank)
    faults = Memo(_find_number_fault)
    outcomes: Iterable[str | None] = repeat(_NO_DECISION, len(drafts))
    if drafts.outcome.count(None) < len(drafts) or Kind.DECISION in drafts.kind:
        outcomes = [
            outcome if kind is Kind.DECISION else _NO_DECISION
            for kind, outcome in zip(drafts.kind, drafts.outcome, strict=True)
        ]
    return zip(
        drafts.kind,
        drafts.received_on,
        drafts.event_on,
        map(blank.__getitem__, drafts.company),
        map(faults.__getitem__, drafts.org_number),
        drafts.channel,
        outcomes,
        strict=True,
    )


def frame_profiles(profiles: Sequence[Profile]) -> "pd.DataFrame":
    """Return the frame for distinct profiles: text as it stands, dates as day numbers, None where nothing is."""
    import pandas as pd

    columns = [list(column) for column in zip(*profiles, strict=True)]
    text = dict(zip(_PROFILE, columns, strict=True))
    received, events = text.pop("received_on"), text.pop("event_on")
    days = {
        "date": [day or event for day, event in zip(received, events, strict=True)],
        "received_on": received,
        "event_on": events,
    }
    return pd.DataFrame(
        {name: pd.Series(column, dtype=object) for name, column in text.items()}
        | {
            name: [math.nan if day is None else float(day.toordinal()) for day in column]
            for name, column in days.items()
        }
    )


def frame_names(names: Sequence[str]) -> "pd.DataFrame":
    """Return the frame that the name rules run on: one line per distinct name."""
    import pandas as pd

    return pd.DataFrame({"company": pd.Series(list(names), dtype=object)})


def frame_faults(codes: Sequence[str]) -> "pd.DataFrame":
    """Return the frame that the fault rules run on: one line per fault of any draft."""
    import pandas as pd

    return pd.DataFrame({"code": pd.Series(list(codes), dtype=object)})


def frame_totals(totals: Mapping[str, float]) -> "pd.DataFrame":
    """Return the one-line frame that the table rules run on."""
    import pandas as pd

    return pd.DataFrame({name: [float(value)] for name, value in totals.items()})


def _leave_out_blank(text: str | None) -> str | None:
    return "named" if text and not text.isspace() else None


def _find_number_fault(number: str | None) -> str | None:
    if number is None or not number.strip() or is_masked(number):
        return None
    try:
        read_member_key(number)
    except OrgNumberInvalid as invalid:
        return str(invalid)
    return None


def _expect(rule: Rule, place: int) -> Any:
    import great_expectations.expectations as gxe

    expectation = getattr(gxe, rule.expectation)
    return expectation(
        **rule.kwargs, severity=_SEVERITY[Severity(rule.check.severity)], meta={"code": rule.check.code, "place": place}
    )


@functools.cache
def _open_batches() -> Any:
    """Import Great Expectations quietly and return where every frame of this process enters it."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)  # it logs tracebacks with values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # their import sets a level of its own
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.variables.analytics_enabled = False
    gc.collect()
    gc.freeze()  # a million objects that stay: looking through them again and again would cost a fifth of a night
    asset = context.data_sources.add_pandas("drafts").add_dataframe_asset("chunk")
    return asset.add_batch_definition_whole_dataframe("all")
