"""A case, moved by people: the step checked, its evidence frozen, row and audit written in one transaction."""

import getpass
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from flows.looking.standing import load_source_states, pick_country_source
from flows.workplace import Workplace
from models.alerting.evaluation import Window
from models.audit import record_act
from models.cases.chain import append_step, erase_words, load_cases
from models.cases.evidence import Question, freeze
from models.cases.follow_up import Asked, follow_up, propose_follow_up
from models.cases.steps import Case, Step, StepKind, StepRefused, check_step, is_repeated, pick_case
from models.cases.verify import verify_cases
from models.counting import Scope, list_counted
from models.members.org_number import OrgNumberInvalid, member_id, read_org_number
from models.storage.store import forgetting, writing
from models.storage.tables import Member
from sources.archive.faults import ArchiveFault, ArchiveForgotten

_M: Table = Member.__table__  # type: ignore[attr-defined]
_BLOCK = 1 << 20
_LARGEST_ATTACHMENT = 25_000_000  # bytes
_LONGEST_TEXT = 4_000  # characters


@dataclass(frozen=True)
class Taken:
    """What came of a command: the case as it stands, the step, and whether it was written now or had been before."""

    case: Case
    step: Step
    repeated: bool = False


def take_step(
    place: Workplace,
    member: str,
    kind: StepKind,
    *,
    by: str = "",
    why: str = "",
    on: date | None = None,
    deadline: date | None = None,
    text: str = "",
    attachment: Path | None = None,
    contested: tuple[str, ...] = (),
    today: date | None = None,
) -> Taken:
    """Take one step in a member's case, or note its reply. Said twice, it is written once.

    ``on`` is the day it was done, today by default; ``today`` the day that bounds it. ``contested`` are complaints as
    "SOURCE ID" or "SOURCE:ID". Raises StepRefused, with nothing written.
    """
    who = _check_person(place, by)
    today = today or place.today()
    with place.exclusively(), writing(place.engine) as connection:
        member = find_member(place, connection, member)
        cases = load_cases(connection, member).get(member, [])
        last = pick_case(cases)
        step = Step(kind, on or today, who, _mask(place, why)[0], at=place.clock(), deadline=deadline)
        said, named = _mask(place, text)
        step = replace(step, text=said, named=named, contested=_read_contested(connection, place, member, contested))
        if attachment is not None:
            step = replace(step, attachment=_keep(place, attachment))
        if last is not None and is_repeated(last, step):
            return Taken(last, next(one for one in last.steps if step.repeats(one)), repeated=True)
        check_step(last, step, today=today, grace_days=place.settings.follow_up.grace_days)
        _check_member(connection, member, step)
        step = _add_evidence(place, connection, member, last, step)
        number = (last.number if last else 0) + (kind is StepKind.NOTICE)
        written = append_step(connection, member, number, step, last)
        details = {"position": written.position, "hash": written.hash, "login": _name_login()}
        subject = f"{member}/{number}"
        record_act(connection, f"case.{kind}", subject, who=who, at=place.clock(), why=step.why, details=details)
        return Taken(load_cases(connection, member)[member][-1], written)


def _name_login() -> str:
    """Return the log-in name; empty where the system gives this process none, as some containers do."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _check_person(place: Workplace, by: str) -> str:
    who, allowed = by.strip() or _name_login(), place.settings.cases.persons
    if not allowed:
        raise StepRefused(
            f'nobody may move a case yet: list who may in koll.toml, [cases] persons = ["{who}"], then try again'
        )
    if who not in allowed:
        raise StepRefused(
            f"{who or 'somebody without a log-in name'} may not move a case: {', '.join(allowed)} may ([cases] persons"
            " in koll.toml). Ask one of them, or say who you are with --by"
        )
    return who


def find_member(place: Workplace, connection: Connection, asked: str) -> str:
    """Return the id of the member that is meant by an organisation number or an id. Raises StepRefused.

    A member that has left the register is found by its cases.
    """
    try:
        wanted = member_id(read_org_number(asked, place.settings.country.scheme), place.hash_key)
    except OrgNumberInvalid:
        wanted = asked.strip()
    known = connection.execute(select(_M.c.member).where(_M.c.member == wanted)).scalar()
    if known is None and not load_cases(connection, wanted):
        raise StepRefused("no such member; `koll members list` shows them all, by organisation number or id")
    return wanted


def _check_member(connection: Connection, member: str, step: Step) -> None:
    row = connection.execute(select(_M).where(_M.c.member == member)).first()
    if step.kind is StepKind.NOTICE and row is not None and row.left_on and row.left_on <= step.on:
        raise StepRefused(f"{row.legal_name} left the association on {row.left_on}: there is no case to open")


def _mask(place: Workplace, text: str) -> tuple[str, frozenset[str]]:
    """Return (the text without personal data, the keyed hashes of whom it named)."""
    if len(text) > _LONGEST_TEXT:
        raise StepRefused(
            f"{len(text)} characters are too many ({_LONGEST_TEXT} at most): sum it up, and keep a reply's letter with"
            " --file"
        )
    from sources.inbox.privacy import mask_text  # takes a quarter of a second, which a list of cases does without

    masked = mask_text(text.strip(), place.hash_key, country=place.settings.country)
    return masked.text, frozenset((*masked.emails, *masked.phones))


def _keep(place: Workplace, path: Path) -> str:
    if path.stat().st_size > _LARGEST_ATTACHMENT:
        raise StepRefused(f"{path.name} is larger than 25 MB: attach the letter itself, not its enclosures")
    return place.archive.put_file(path, private=True)


def _read_contested(connection: Connection, place: Workplace, member: str, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return the complaints that a reply contests; each must be one that counts for the member."""
    if not asked:
        return ()
    scope = Scope(Window(date(1900, 1, 1), date(9999, 1, 1)))
    counted = {f"{source} {source_id}" for source, source_id, _, _ in list_counted(connection, scope, member)}
    found = {one: " ".join(one.replace(":", " ", 1).split()) for one in asked}
    if unknown := [one for one, named in found.items() if named not in counted]:
        raise StepRefused(
            f"{', '.join(unknown)}: no complaint that counts for this member has this id; write SOURCE:ID as"
            " `koll case show` lists them"
        )
    return tuple(sorted(set(found.values())))


def _add_evidence(place: Workplace, connection: Connection, member: str, case: Case | None, step: Step) -> Step:
    """Freeze what is known now, as of the day of the step; a demand also gets the date of its follow-up."""
    contested = {*(case.contested if case and case.is_open else ()), *step.contested}
    asked = ask_figures(place, connection, member, step.on)
    evidence = freeze(connection, asked, place.clock(), contested)
    if step.kind is StepKind.DEMAND and step.deadline is not None:
        demand = _ask_follow_up(place, connection, member, step.on, step.deadline, step.on, asked.sources)
        step = replace(step, follow_up_on=propose_follow_up(connection, demand))
    if step.kind is StepKind.FOLLOW_UP and case is not None:
        evidence["follow_up"] = compare_times(place, connection, case, step.on)
    return replace(step, evidence=evidence)


def ask_figures(place: Workplace, connection: Connection, member: str, on: date) -> Question:
    """Return what a member's figures are counted over on a day, by the configuration."""
    settings = place.settings.cases
    states = load_source_states(place, connection, on)
    # What has never been read has nothing to count, and no date to wait for.
    chosen = {
        name: state
        for name, state in states.items()
        if state.complete_through is not None and name in (settings.sources or states)
    }
    return Question(member, on, settings.window_days, chosen, pick_country_source(place, connection))


def compare_times(place: Workplace, connection: Connection, case: Case, on: date) -> dict[str, Any] | None:
    """Return whether complaints have continued since a case's demand, as of a day; None without a demand."""
    demand = case.demand
    if demand is None or demand.deadline is None:
        return None
    sources = ask_figures(place, connection, case.member, on).sources
    return follow_up(
        connection, _ask_follow_up(place, connection, case.member, demand.on, demand.deadline, on, sources)
    )


def _ask_follow_up(
    place: Workplace, connection: Connection, member: str, demand: date, deadline: date, on: date,
    sources: Any,
) -> Asked:  # fmt: skip
    with_case = tuple(load_cases(connection))
    return Asked(member, demand, deadline, on, sources, place.settings.follow_up, place.clock(), with_case)


def erase_reply(
    place: Workplace, asked: str, position: int, *, by: str = "", why: str = "", number: int | None = None
) -> Step:
    """Erase the words of a reply, and its letter, for good; the case goes on verifying. Raises StepRefused.

    For what no address or number leads to: a person who is described, or a name that was not masked.
    """
    who = _check_person(place, by)
    if not why.strip():
        raise StepRefused("say why with --why: the audit keeps it")
    with place.exclusively(), forgetting(place.engine) as connection:
        member = find_member(place, connection, asked)
        case = require_case(load_cases(connection, member).get(member, []), number)
        reply = next((step for step in case.replies if step.position == position), None)
        if reply is None:
            there = ", ".join(str(step.position) for step in case.replies)
            raise StepRefused(f"step {position} is no reply of case {case.number}: {there or 'there is none'}")
        erase_words(connection, member, case.number, position, who=who, at=place.clock(), why=_mask(place, why)[0])
    if reply.attachment:
        place.archive.forget(reply.attachment, for_good=True)
    return reply


def verify(place: Workplace, asked: str | None = None) -> tuple[int, int, list[str]]:
    """Return (steps looked at, archived objects read, faults) of one member's cases, or of all."""
    with place.engine.connect() as connection:
        member = find_member(place, connection, asked) if asked else None
        return verify_cases(connection, lambda sha256: _find_fault(place, sha256), member)


def _find_fault(place: Workplace, sha256: str) -> str:
    """Read an archived object to its end, where its hash is compared. What was forgotten on purpose is no fault."""
    try:
        with place.archive.open(sha256) as stream:
            while stream.read(_BLOCK):
                pass
    except ArchiveForgotten:
        return ""
    except ArchiveFault as fault:
        return str(fault)
    return ""


def show_case(place: Workplace, asked: str, number: int | None = None) -> dict[str, Any]:
    """Return a case as plain values: its steps with what each froze. Raises StepRefused when there is none."""
    with place.engine.connect() as connection:
        member = find_member(place, connection, asked)
        case = require_case(load_cases(connection, member).get(member, []), number)
        names = _load_names(connection)
        waiting = compare_times(place, connection, case, place.today()) if case.is_open else None
    last = case.steps[-1].evidence
    return {
        "member": member,
        "name": names.get(member) or last.get("name"),
        "number": case.number,
        "open": case.is_open,
        "stands_at": str(case.last.kind),
        "next_step": str(case.next_step) if case.next_step else None,
        "deadline": case.demand.deadline if case.demand else None,
        "follow_up_on": case.demand.follow_up_on if case.demand else None,
        "contested": sorted(case.contested),
        "steps": [_show_step(step) for step in case.steps],
        "follow_up_today": waiting,
        "complaints": last.get("complaints", []),
    }


def require_case(cases: list[Case], number: int | None) -> Case:
    """Return the case with this number, or the last one. Raises StepRefused."""
    case = pick_case(cases, number)
    if case is None:
        raise StepRefused(
            "no case for this member yet: open one with `koll case open MEMBER --why ...`"
            if not cases
            else f"no case {number}: this member has {', '.join(str(one.number) for one in cases)}"
        )
    return case


def _show_step(step: Step) -> dict[str, Any]:
    evidence = step.evidence
    kept = ("known_at", "window", "total", "total_at_least", "phone_at_least", "by_source_channel", "ranks")
    return {
        "position": step.position,
        "step": str(step.kind),
        "on": step.on,
        "by": step.who,
        "why": step.why,
        "deadline": step.deadline,
        "follow_up_on": step.follow_up_on,
        "text": step.text,
        "erased": step.is_erased,
        "attachment": step.attachment,
        "contested": list(step.contested),
        "hash": step.hash,
        **{name: evidence.get(name) for name in kept},
        "follow_up": evidence.get("follow_up"),
    }


def _load_names(connection: Connection) -> dict[str, str]:
    rows = connection.execute(select(_M.c.member, _M.c.legal_name))
    return {row.member: row.legal_name for row in rows}


def list_cases(place: Workplace, *, every: bool = False) -> list[dict[str, Any]]:
    """Return the open cases, or all, the follow-up that is due first at the top."""
    with place.engine.connect() as connection:
        cases, names = load_cases(connection), _load_names(connection)
    rows = [
        {
            "member": case.member,
            "name": names.get(case.member) or case.steps[-1].evidence.get("name"),
            "number": case.number,
            "stands_at": str(case.last.kind),
            "since": case.last.on,
            "opened": case.steps[0].on,
            "deadline": case.demand.deadline if case.demand else None,
            "follow_up_on": case.demand.follow_up_on if case.last.kind is StepKind.DEMAND and case.demand else None,
            "open": case.is_open,
        }
        for mine in cases.values()
        for case in mine
        if every or case.is_open
    ]
    return sorted(rows, key=lambda row: (not row["open"], row["follow_up_on"] or date.max, row["member"]))
