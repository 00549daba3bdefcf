"""The rules about sources themselves: one that is late, one that told an odd number of rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from models.alerting.evaluation import Batch
from models.alerting.ledger.desk import Desk
from models.alerting.ledger.ledger import AlertEvent, AlertKey, AlertState, Reason, What
from models.alerting.rules import SourceLateRule, SourceOddRule
from models.words import Verdict

States = Mapping[AlertKey, AlertState]


def decide_late_sources(desk: Desk, rule: SourceLateRule, states: States) -> Iterator[AlertEvent]:
    """Yield what is new about sources that are complete through an older date than they should be."""
    names: Iterable[str] = rule.sources or sorted(desk.night.sources)
    for name in names:
        source = desk.night.sources.get(name)
        if source is None:
            continue
        key = AlertKey(rule.id, "", "", name)
        state = states.get(key) or AlertState(key)
        through = source.complete_through
        age = (desk.night.business_date - through).days if through else None
        if source.late and not state.active:
            yield desk.write(state, What.OPENED, episode=state.episode + 1, level=source.max_age_days, count=age,
                             reason=Reason.FIRST, watermark=through, sources=[name])  # fmt: skip
        elif source.late:
            yield from (replace(reminder, count=age) for reminder in desk.remind(state))
        elif state.active:
            yield desk.write(state, What.RESOLVED, level=state.level, count=age, reason=Reason.RESOLVED,
                             watermark=through, sources=[name])  # fmt: skip


def decide_odd_sources(desk: Desk, rule: SourceOddRule, states: States) -> Iterator[AlertEvent]:
    """One alert per source and batch; while it runs, further odd batches are not told anew.

    It is over when a later night was read and is as usual.
    """
    night = desk.night.business_date.isoformat()
    for batch in desk.night.batches:
        if rule.sources and batch.source not in rule.sources:
            continue
        key = AlertKey(rule.id, "", "", f"{batch.source} {night}")
        state = states.get(key) or AlertState(key)
        what = find_oddity(rule, batch)
        running = [
            other for known, other in states.items()
            if known.rule_id == rule.id and other.active and known.subject.partition(" ")[0] == batch.source
        ]  # fmt: skip
        if what and not state.active and not running:
            yield desk.write(state, What.OPENED, episode=state.episode + 1, count=batch.rows, reason=Reason.FIRST,
                             expected=batch.usual, p=min(batch.p_low, batch.p_high), note=what,
                             sources=[batch.source])  # fmt: skip
        elif what:
            for other in running:
                yield from _remind_odd(desk, other)
        elif desk.night.sources[batch.source].verdict != Verdict.BROKEN:
            for other in running:
                if other.key.subject.partition(" ")[2] < night:
                    yield desk.write(other, What.RESOLVED, count=batch.rows, reason=Reason.RESOLVED,
                                     sources=[batch.source])  # fmt: skip


def _remind_odd(desk: Desk, state: AlertState) -> Iterator[AlertEvent]:
    """Ask again what was asked about the batch, whatever the later ones are like."""
    for reminder in desk.remind(state):
        yield replace(reminder, note=state.told.note, expected=state.told.expected) if state.told else reminder


def find_oddity(rule: SourceOddRule, batch: Batch) -> str:
    """Return the code of the check that refused a batch, "few" or "many", or nothing when it is as usual."""
    if batch.code:
        return batch.code
    if batch.p_low < rule.beyond:
        return "few"
    return "many" if batch.p_high < rule.beyond else ""
