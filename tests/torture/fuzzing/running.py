"""One input through one parser: how long, how much memory, and what it is held to."""

import re
import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stdnum import luhn

from expectations.judge import Judge
from models.drafts import Draft
from tests.torture.fuzzing.targets import NIGHT, Sample, Target

SECONDS, MEMORY = 2.0, 300_000_000  # of one input: processor time, bytes
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB\s+VmRSS:\s+(\d+) kB")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffd]")


@dataclass
class Tried:
    """What became of one input: its drafts or its refusal, and every promise it broke."""

    drafts: list[Draft] = field(default_factory=list)
    refused: str = ""
    seconds: float = 0.0
    memory: int = 0
    broken: list[str] = field(default_factory=list)


def try_input(target: Target, content: bytes, sample: Sample) -> Tried:
    """Feed one input to its parser; nothing but the parser's own refusals may come out."""
    tried = Tried()
    before, started = _reset_peak(), time.process_time()
    try:
        tried.drafts = list(target.read(content, sample) or ())
    except target.refusals as refusal:
        tried.refused = str(getattr(refusal, "code", type(refusal).__name__))
        str(refusal).encode()  # it is printed, logged and stored
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        tried.broken.append(f"{type(error).__name__}: {str(error)[:200]}{_where(error)}")
    tried.seconds = time.process_time() - started
    tried.memory = max(0, _read_peak() - before)
    if tried.seconds > SECONDS:
        tried.broken.append(f"took {tried.seconds:.1f} s")
    if tried.memory > MEMORY:
        tried.broken.append(f"took {tried.memory / 1e6:.0f} MB")
    tried.broken += dict.fromkeys(fault for draft in tried.drafts for fault in _find_unstorable(draft))
    return tried


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""


def _reset_peak() -> int:
    """Let the highest memory of this process be its present, and return that; bytes."""
    try:
        _CLEAR.write_text("5")
        found = _PEAK.search(_STATUS.read_text())
        return int(found.group(2)) * 1024 if found else 0
    except OSError:  # no Linux: the highest so far has to do
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _read_peak() -> int:
    try:
        found = _PEAK.search(_STATUS.read_text())
        return int(found.group(1)) * 1024 if found else 0
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _find_unstorable(draft: Draft) -> Iterator[str]:
    """Yield what no database takes, in any field: half a character, a NUL."""
    told = [draft.source_id, draft.company, draft.org_number, draft.category, draft.url, draft.text, *draft.flags]
    told += [*draft.facts, *draft.facts.values(), *(fault.value for fault in draft.faults)]
    told += [fault.code for fault in draft.faults] + [draft.raw.locator]
    for value in filter(None, told):
        if "\0" in value:
            yield "a NUL on its way to the database"
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            yield "half a character on its way to the database"


def find_damaged(target: Target, tried: Sequence[tuple[Sample, Draft]]) -> Iterator[tuple[int, str]]:
    """Yield (position, fault) of every row that its suite accepts and whose key is not whole."""
    judge = Judge(target.name.replace(" ", "_"), target.kind, checks=target.checks, rows=(0, 10**9),
                  business_date=NIGHT, expect_rows=False)  # fmt: skip
    for at, draft in _judge_each(judge, tried):
        address = tried[at][0].url
        if not re.fullmatch(target.keys, draft.source_id or ""):
            yield at, f"accepted with the key {draft.source_id!r}"
        own = {found.casefold() for found in re.findall(target.in_address, address)} if target.in_address else set()
        if own and (draft.source_id or "").casefold() not in own:
            yield at, f"accepted with the key {draft.source_id!r}, though its address says {sorted(own)}"
        if draft.company and _UNSEEN.search(draft.company):
            yield at, f"accepted with the company {draft.company!r}"
        number = draft.org_number
        whole = number is None or re.fullmatch(r"EF[0-9a-f]{10}", number)
        whole = whole or (re.fullmatch(r"\d{10}", number) and luhn.is_valid(number) and number[2] >= "2")
        if not whole and "org-number-odd" not in draft.flags:
            yield at, "accepted with a damaged organisation number"


def _judge_each(judge: Judge, tried: Iterable[tuple[Sample, Draft]]) -> Iterator[tuple[int, Draft]]:
    """Yield what the suite accepts, with its position."""
    drafts = [
        draft.model_copy(update={"raw": draft.raw.model_copy(update={"locator": str(at)})})
        for at, (_, draft) in enumerate(tried)
    ]
    for draft in judge.judge_chunk(drafts).accepted:
        yield int(draft.raw.locator), draft
