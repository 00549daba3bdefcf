"""What a step freezes: the figures as they were counted, and a print of every complaint behind them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, select

from models.alerting.evaluation import SourceState, Window, find_watermark
from models.counting import (
    Scope,
    Tally,
    count_members,
    count_possible,
    list_counted,
    list_ranks,
    rank_companies,
    rank_members,
)
from models.storage.tables import Complaint, Member
from models.storage.versions import find_versions
from models.words import Band, Channel, Status

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_M: Table = Member.__table__  # type: ignore[attr-defined]
# What a complaint's print covers: all of a version but when it was superseded, and where in our tables it lies.
# Not the facts and the hash over them: those of a tip are its sender's, and go when he asks or when their time is over.
_PRINTED = (
    "source", "source_id", "recorded_from", "status", "kind", "received_on", "event_on", "company", "org_number",
    "channel", "channel_evidence", "category", "outcome", "reexamination", "url", "raw_sha256", "raw_locator",
    "member", "band",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What is counted: this member's complaints in ``days`` up to ``on``, as far as these sources are complete.

    ``sources`` are those to count; ``country`` the one among whose companies ranks are, if any.
    """

    member: str
    on: date
    days: int
    sources: Mapping[str, SourceState]
    country: str | None = None

    def window(self) -> Window:
        """Return the days that are counted: they end at the watermark, or at ``on`` where that is earlier."""
        watermark, _ = find_watermark(self.sources, self.sources)
        end = min(self.on, watermark) if watermark else self.on
        return Window(end - timedelta(days=self.days - 1), end)


def freeze(
    connection: Connection, asked: Question, known_at: datetime, contested: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the evidence as plain JSON values, everything as known at ``known_at``."""
    window = asked.window()
    scope = Scope(window, tuple(sorted(asked.sources)), known_at=known_at)
    member = connection.execute(select(_M).where(_M.c.member == asked.member)).first()
    return {
        "known_at": known_at.isoformat(),
        "name": member.legal_name if member else None,
        "size": member.size if member else None,
        "size_unit": member.size_unit if member else None,
        "window": _show_window(window),
        "sources": {name: _show_source(state) for name, state in sorted(asked.sources.items())},
        **count_figures(connection, scope, asked),
        "waiting_for_review": _count_review(connection, asked.member, known_at),
        "complaints": list(_print_complaints(connection, scope, asked.member, frozenset(contested))),
    }


def count_figures(connection: Connection, scope: Scope, asked: Question) -> dict[str, Any]:
    """Return the figures that a recount must give again: counts, at-least counts, ranks with their scope."""
    tallies = count_members(connection, scope)
    tally = tallies.get(asked.member, Tally())
    by_source: dict[str, Counter[str]] = {}
    for source, _, _, channel in list_counted(connection, scope, asked.member):
        by_source.setdefault(source, Counter())[channel] += 1
    perhaps = count_possible(connection, scope).get(asked.member, 0)
    return {
        "total": tally.total,
        "total_at_least": tally.total - perhaps,
        "phone_at_least": tally.by_channel[Channel.PHONE],
        "phone_unknown": tally.by_channel[Channel.UNKNOWN],
        "by_source": dict(sorted(tally.by_source.items())),
        "by_channel": dict(sorted(tally.by_channel.items())),
        "by_source_channel": {source: dict(sorted(counter.items())) for source, counter in sorted(by_source.items())},
        "ranks": list(_list_ranks(connection, scope, asked, tallies)),
    }


def _list_ranks(
    connection: Connection, scope: Scope, asked: Question, tallies: Mapping[str, Tally]
) -> Iterator[dict[str, Any]]:
    """Yield the places in the country where a source names all companies, else among the members.

    No place is given over days that have not been told of: one in the country is over the days that its source has
    told of, one among the members only when all sources have told of the whole window.
    """
    if asked.country and (state := asked.sources.get(asked.country)) and state.complete_through:
        end = min(scope.window.end, state.complete_through)
        own = replace(scope, window=Window(end - (scope.window.end - scope.window.start), end))
        ranks = list_ranks(rank_companies(connection, own, asked.country), asked.member, state.title)
    elif all(_has_told(state, scope.window.end) for state in asked.sources.values()):
        end, ranks = scope.window.end, list_ranks(rank_members(tallies), asked.member, None)
    else:
        return
    for rank in ranks:
        yield {
            "channel": str(rank.channel),
            "position": rank.position,
            "of": rank.of,
            "scope": rank.scope,
            "source": rank.source,
            "through": end.isoformat(),
        }


def _has_told(state: SourceState, day: date) -> bool:
    return state.complete_through is not None and state.complete_through >= day


def _show_window(window: Window) -> dict[str, str]:
    return {"from": window.start.isoformat(), "to": window.end.isoformat()}


def _show_source(state: SourceState) -> dict[str, Any]:
    return {
        "title": state.title,
        "complete_through": state.complete_through.isoformat() if state.complete_through else None,
        "last_read": state.last_read.isoformat() if state.last_read else None,
        "verdict": str(state.verdict),
        "late": state.late,
    }


def _count_review(connection: Connection, member: str, known_at: datetime) -> int:
    waiting = (_C.c.member == member) & (_C.c.band == Band.REVIEW) & (_C.c.status == Status.ACCEPTED)
    asked = select(func.count()).select_from(_C).where(waiting & _known(known_at))
    return int(connection.execute(asked).scalar_one())


def _known(known_at: datetime) -> Any:
    still = _C.c.recorded_to.is_(None) | (_C.c.recorded_to > known_at)
    return (_C.c.recorded_from <= known_at) & still


def _print_complaints(
    connection: Connection, scope: Scope, member: str, contested: frozenset[str]
) -> Iterable[dict[str, Any]]:
    assert scope.known_at is not None
    counted = list_counted(connection, scope, member)
    versions = load_versions(connection, {(source, source_id) for source, source_id, _, _ in counted}, scope.known_at)
    for source, source_id, day, channel in counted:
        row = versions[source, source_id]
        yield {
            "source": source,
            "source_id": source_id,
            "date": day.isoformat() if day else None,
            "channel": channel,
            "kind": row.kind,
            "outcome": row.outcome,
            "url": row.url,
            "contested": f"{source} {source_id}" in contested,
            "raw_sha256": row.raw_sha256,
            "print": print_version(row),
        }


def load_versions(
    connection: Connection, wanted: set[tuple[str, str]], known_at: datetime
) -> dict[tuple[str, str], Any]:
    """Return the version of each (source, source_id) that was believed at ``known_at``; those there were."""
    return {(row.source, row.source_id): row for row in find_versions(connection, wanted, known_at)}


def print_version(row: Any) -> str:
    """Return 32 hex digits that change when anything in a complaint's version does."""
    values = [getattr(row, name) for name in _PRINTED]
    text = json.dumps([v.isoformat() if isinstance(v, date) else v for v in values], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
