"""The letter that a demand's deadline has passed and its follow-up is due: it comes whatever the verdict is."""

from collections.abc import Iterator
from datetime import date

from flows.dossier.verdict import say_beside, say_channel, say_counts, say_verdict
from flows.dossier.wording import CaseWording
from flows.mail.letters.desktop import (
    Desktop,
    footer,
    ladder,
    late_banners,
    remind,
    remind_of,
    source_table,
    thread_of,
)
from flows.mail.letters.letter import Block, Commands, Heading, Letter, Text
from models.alerting.evaluation import FollowUpDue
from models.alerting.ledger.ledger import AlertEvent, Reason


def say_due(event: AlertEvent, desk: Desktop) -> str:
    """Return in one line that a follow-up is due, and what it shows."""
    words = CaseWording(desk.words.language, desk.words.timezone)
    return words.say("subject_follow_up", said=words.say(f"short_{event.note}"))


def write_follow_up(event: AlertEvent, desk: Desktop) -> Letter:
    """Return the letter about one demand whose follow-up is due."""
    words = CaseWording(desk.words.language, desk.words.timezone)
    due = next(one for one in desk.night.follow_ups if (one.member, one.subject) == (event.member, event.subject))
    said = say_due(event, desk)
    if event.reason is Reason.REMINDER:
        said = remind_of(said, words)
    blocks: list[Block] = [*late_banners(due.comparison["sources"], desk), Heading(words.say("ask"))]
    deadline = words.day(date.fromisoformat(due.comparison["deadline"]))
    asked = words.say("follow_up_ask", name=desk.name(event.member), deadline=deadline)
    blocks += [Text(asked, "strong"), *remind(event, words), Text(say_verdict(due.comparison, words), "strong")]
    blocks += [_commands(event, words), Text(words.say("nothing_happens"), "quiet")]
    blocks += _show_counts(due, desk, words)
    blocks += [
        *source_table(due.comparison["sources"], desk, {}),
        *ladder(desk.night.members.get(event.member), words),
        *footer(event, desk),
    ]
    subject = f"{desk.tag(said)}: {desk.who(event.member)}"
    return Letter(subject, f"{desk.who(event.member)}: {said[0].lower()}{said[1:]}", tuple(blocks), words.language,
                  say_verdict(due.comparison, words), thread_of(event, desk))  # fmt: skip


def _show_counts(due: FollowUpDue, desk: Desktop, words: CaseWording) -> Iterator[Block]:
    found = due.comparison
    yield Heading(words.say("since_demand"))
    yield from (Text(line) for line in say_counts(found, words))
    if found["after"] and found["channels"]["phone"]["before"] + found["channels"]["phone"]["after"]:
        yield Text(f"{words.say('verdict_phone')}: {words.say('verdict_' + found['channels']['phone']['verdict'])}")
        yield Text(say_channel(found, "phone", words))
    yield Text(words.say("not_proven"), "quiet")
    yield Heading(words.say("beside"))
    titles = {name: desk.title(name) for name in desk.night.sources}
    yield from (Text(line) for line in say_beside(found, titles, words))


def _commands(event: AlertEvent, words: CaseWording) -> Commands:
    return Commands(
        (
            (words.say("cmd_case_show"), f"koll case show {event.member}"),
            (words.say("cmd_case_step"), f'koll case step {event.member} follow_up --why "..."'),
            (words.say("cmd_case_dossier"), f"koll case dossier {event.member} -o DIR"),
            (words.say("cmd_case_close"), f'koll case close {event.member} --why "..."'),
        )
    )
