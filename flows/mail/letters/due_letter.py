"""What members owe: the list for staff, and the polite letter to one member, which tells nothing but its own facts."""

from collections.abc import Iterator, Sequence

from flows.mail.letters.desktop import Desktop, run_footer
from flows.mail.letters.letter import Block, Enclosure, Heading, Letter, Line, Table, Text
from flows.mail.words.wording import plain
from models.alerting.evaluation import Due, Window
from models.alerting.kinds.deadlines import can_be_reached, key_of
from models.alerting.ledger.ledger import AlertEvent, Reason, What
from models.alerting.rules import MEMBERS, DeadlineRule
from models.members.org_number import show_org_number


def is_about_due(event: AlertEvent, desk: Desktop) -> bool:
    """Tell whether an event is about something a member owes (a member that left is told of like any other)."""
    return isinstance(desk.rule(event), DeadlineRule) and event.kind is not What.CLOSED


def find_due(event: AlertEvent, desk: Desktop) -> Due | None:
    """Return what the event's member owes, as known tonight."""
    return next((due for due in desk.night.dues or () if key_of(due) == event.key), None)


def write_dues(events: Sequence[AlertEvent], desk: Desktop) -> Letter:
    """Return the staff's letter: who has been asked tonight, who could not be, and what is missing already."""
    words = desk.words
    before = [event for event in events if event.reason is Reason.RULE_INTRODUCED]
    said = words.say("subject_dues" if len(events) > 1 else "subject_dues_one", count=len(events))
    blocks: list[Block] = [Text(words.say("dues_text"), "quiet")]
    blocks += list_dues("dues", [event for event in events if event not in before], desk)
    blocks += list_dues("introduced_dues", before, desk)
    if before:
        rules = words.listing(sorted({event.rule_id for event in before}))
        blocks.append(Text(words.say("introduced_dues_text", rules=rules)))
    blocks += run_footer(desk)
    return Letter(desk.tag(said), said, tuple(blocks), words.language)


def list_dues(name: str, events: Sequence[AlertEvent], desk: Desktop) -> Iterator[Block]:
    """Yield the staff's list under the heading ``name``, the latest first."""
    if not events:
        return
    words = desk.words
    rows = sorted(events, key=lambda event: (-(event.count or 0), event.note, event.member))
    yield Heading(words.say(name))
    yield Table(
        tuple(words.say(label) for label in ("due_member", "due_year", "due_on", "due_state")),
        tuple(_write_row(event, desk) for event in rows),
    )


def _write_row(event: AlertEvent, desk: Desktop) -> tuple[str, ...]:
    words, due = desk.words, find_due(event, desk)
    name = f"{plain(desk.name(event.member), 36)} ({show_org_number(event.member)})"
    return name, event.subject, words.day(due.on) if due else "", _say_state(event, due, desk)


def _say_state(event: AlertEvent, due: Due | None, desk: Desktop) -> str:
    words = desk.words
    if due is None:
        return ""
    if event.reason is Reason.RESOLVED and due.received_on:
        return words.say("due_came", day=words.day(due.received_on))
    left = (due.on - event.business_date).days
    state = words.say("due_today")
    if left:
        state = words.say("due_in" if left > 0 else "due_late", days=words.days(abs(left)))
    return words.say(_tell_why(event, due, desk), state=state)


def _tell_why(event: AlertEvent, due: Due, desk: Desktop) -> str:
    """Return the phrase that says whether the member is written to, or why not."""
    if MEMBERS in event.groups:
        return "due_told"
    if due.waiting:
        return "due_waiting"
    facts = desk.night.members.get(due.member)
    return "due_not_told" if facts and can_be_reached(facts) else "due_no_contact"


def write_reminder(event: AlertEvent, desk: Desktop, enclosed: Enclosure | None = None) -> Letter | None:
    """Return the letter to the member itself, with the form to fill in; None when it is not known what it owes."""
    due, words = find_due(event, desk), desk.words
    if due is None:
        return None
    late = due.on < event.business_date
    name, year = desk.name(due.member), str(due.year)
    subject = words.say("declare_subject_late" if late else "declare_subject", year=year, name=name)
    asked = words.say(
        "declare_late" if late else "declare_soon",
        name=desk.who(due.member), span=words.span(Window(due.start, due.end)), day=words.day(due.on),
    )  # fmt: skip
    blocks = (
        Text(words.say("declare_hello")),
        Text(asked),
        Text(words.say("declare_enclosed" if enclosed else "declare_how")),
        Text(words.say("declare_crossed")),
        Text(words.say("declare_regards")),
        Text(plain(desk.association, 80)),
        Line(),
        Text(words.say("declare_why", name=name), "quiet"),
    )
    thread = f"declaration-{due.member}-{year}"
    return Letter(desk.tag(subject), subject, blocks, words.language, thread=thread, enclosed=enclosed)
