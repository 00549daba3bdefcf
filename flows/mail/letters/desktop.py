"""What every letter is written from and has in common: names, commands, the sources' state, the small print."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flows.mail.letters.letter import Block, Commands, Heading, Line, Pairs, Table, Text
from flows.mail.words.wording import Wording, plain
from models.alerting.evaluation import Evaluation, Findings, MemberFacts, Night, SourceState
from models.alerting.ledger.ledger import AlertEvent, Reason, alert_id
from models.alerting.rules import EventRule, RuleConfig
from models.members.org_number import show_org_number

_SILENCE_DAYS = 30


@dataclass(frozen=True)
class Desktop:
    """What lies before whoever writes a letter: the night, the rules, the findings, the reader's groups."""

    night: Night
    rules: Mapping[str, RuleConfig]
    findings: Mapping[tuple[str, str], Findings]
    words: Wording
    association: str
    groups: tuple[str, ...]
    false_alerts_per_year: float = 12.0
    page_url: str = ""
    charts: bool = False

    def rule(self, event: AlertEvent) -> RuleConfig | None:
        """The rule an event is about, when it is still configured."""
        return self.rules.get(event.rule_id)

    def found(self, event: AlertEvent) -> Findings:
        """What the mail shows of the event's member; just the count when nothing more was looked up."""
        found = self.findings.get((event.rule_id, event.member))
        return found or Findings(total=event.count or 0)

    def evaluation(self, event: AlertEvent) -> Evaluation | None:
        """Tonight's count for the event's rule and member."""
        same = (
            e
            for e in self.night.evaluations
            if (e.rule_id, e.member, e.channel) == (event.rule_id, event.member, event.channel)
        )
        return next(same, None)

    def name(self, member: str) -> str:
        """A member's name on one line, harmless."""
        facts = self.night.members.get(member)
        return (plain(facts.name, 80) or self.words.say("unnamed")) if facts else self.words.say("former")

    def who(self, member: str) -> str:
        """``Exempel AB (559021-6296)``."""
        return f"{self.name(member)} ({show_org_number(member)})"

    def title(self, source: str, longest: int = 60) -> str:
        """A source's title for people; with its name where another source has the same title."""
        state = self.night.sources.get(source)
        if state is None:
            return plain(source, longest)
        alike = sum(other.title == state.title for other in self.night.sources.values()) > 1
        return plain(state.title, longest) + (f" ({plain(source, 40)})" if alike else "")

    def tag(self, subject: str) -> str:
        """A subject line with the association's name first."""
        return f"[{plain(self.association, 40)}] {subject}"


def say_odd_source(event: AlertEvent, desk: Desktop) -> str:
    """Return in one line what was odd about a batch."""
    words, name = desk.words, event.subject.partition(" ")[0]
    if event.note not in ("few", "many"):
        return words.say("subject_refused", source=desk.title(name), code=plain(event.note, 40))
    usual = words.decimal(event.expected or 0.0)
    return words.say("subject_odd", source=desk.title(name), rows=event.count or 0, usual=usual)


def ask_about(member: str, step: str | None, desk: Desktop) -> str:
    """Return the question a letter asks: the rule's next step, or whether the case that is open should go further."""
    facts = desk.night.members.get(member)
    if facts is None or facts.open_case is None:
        return desk.words.next_step(step, desk.name(member))
    return desk.words.say("ask_in_case", name=desk.name(member), step=desk.words.case_step(facts.open_case.step))


def show_answers(event: AlertEvent, desk: Desktop) -> Iterator[Block]:
    """Yield the commands that answer an alert, and where the member's page is."""
    words, number = desk.words, alert_id(event.key)
    show = "cmd_show_case" if isinstance(desk.rule(event), EventRule) else "cmd_show"
    until = event.business_date + timedelta(days=_SILENCE_DAYS)
    facts = desk.night.members.get(event.member)
    case = (words.say("cmd_open_case"), f'koll case open {event.member} --why "..."')
    if facts is not None and facts.open_case is not None:
        case = (words.say("cmd_see_case"), f"koll case show {event.member}")
    yield Commands(
        (
            (words.say(show), f"koll alerts show {number}"),
            (words.say("cmd_ack"), f"koll alerts ack {number}"),
            case,
            (words.say("cmd_silence"), f"koll alerts silence {number} --until {until}"),
            (words.say("cmd_close"), f'koll alerts close {number} --reason "..."'),
        )
    )
    if desk.page_url:
        yield Text(words.say("member_page", url=f"{desk.page_url}/members/{event.member}.html"))
    yield Text(words.say("nothing_happens"), "quiet")


def remind_of(said: str, words: Wording) -> str:
    """Return a subject as a reminder of itself."""
    return words.say("subject_reminder", rest=said[0].lower() + said[1:])


def remind(event: AlertEvent, words: Wording) -> Iterator[Block]:
    """Yield how long the question has waited, in a reminder."""
    if event.reason is Reason.REMINDER:
        asked = date.fromisoformat(event.occasion.partition(" ")[0])
        yield Text(words.say("reminded", days=words.days((event.business_date - asked).days)))


def late_banners(names: Sequence[str], desk: Desktop) -> Iterator[Text]:
    """Yield one red line for each source that is late."""
    for name in names:
        source = desk.night.sources.get(name)
        if source is None or not source.late:
            continue
        title = desk.title(name)
        if source.complete_through is None:
            yield Text(desk.words.say("never_banner", source=title), "warning")
        else:
            age = (desk.night.business_date - source.complete_through).days
            day, days = desk.words.day(source.complete_through), desk.words.days(age)
            yield Text(desk.words.say("late_banner", source=title, day=day, days=days), "warning")


def source_table(names: Sequence[str], desk: Desktop, counts: Mapping[str, int]) -> Iterator[Block]:
    """Yield one row per source: its count where there is one, complete through, when and how it was last read."""
    words = desk.words
    states = [desk.night.sources[name] for name in names if name in desk.night.sources]
    if not states:
        return
    labels = ["source", *(["count"] if counts else []), "complete_through", "last_read"]
    rows = [_source_row(state, desk, counts) for state in states]
    yield Heading(words.say("sources"))
    yield Table(
        tuple(words.say(label) for label in labels),
        tuple(rows),
        frozenset(number for number, state in enumerate(states) if state.late),
    )


def _source_row(state: SourceState, desk: Desktop, counts: Mapping[str, int]) -> tuple[str, ...]:
    words = desk.words
    when = f"{words.moment(state.last_read)}, " if state.last_read else ""
    how = f"{when}{words.verdict(state.verdict)}"
    return (
        desk.title(state.name, 40),
        *([words.number(counts.get(state.name, 0))] if counts else []),
        words.day(state.complete_through) if state.complete_through else words.say("never"),
        f"{words.say('late')}; {how}" if state.late and state.complete_through else how,
    )


def ladder(facts: MemberFacts | None, words: Wording) -> Iterator[Block]:
    """Yield where a member's open case stands."""
    if facts is None or facts.open_case is None:
        return
    case = facts.open_case
    rows = [(words.say("step"), words.case_step(case.step)), (words.say("opened_on"), words.day(case.opened_on))]
    if len(case.steps) > 1:
        taken = ", ".join(f"{words.case_step(step)} {words.day(day)}" for step, day in case.steps)
        rows.append((words.say("taken"), taken))
    if case.deadline:
        rows.append((words.say("deadline"), words.day(case.deadline)))
    if case.follow_up_on:
        rows.append((words.say("follow_up_on"), words.day(case.follow_up_on)))
    if case.next_step:
        rows.append((words.say("proposed"), words.case_step(case.next_step)))
    yield Heading(words.say("ladder"))
    yield Pairs(tuple(rows))


def thread_of(event: AlertEvent, desk: Desktop) -> str:
    """Return the conversation a mail belongs to: one per member and case."""
    facts = desk.night.members.get(event.member)
    number = facts.open_case.number if facts and facts.open_case else 0
    return f"case-{event.member}-{number}"


def footer(event: AlertEvent, desk: Desktop) -> Iterator[Block]:
    """Yield the small print: rule and version, run, as known at, why you get this."""
    words = desk.words
    assert event.reason is not None
    rule = desk.rule(event)
    yield Line()
    yield from _say_missed(desk)
    yield Text(
        words.say(
            "footer_rule",
            rule=event.rule_id,
            version=event.config_hash,
            run=event.run_id,
            known=words.moment(event.known_at),
        ),
        "quiet",
    )
    yield Text(
        words.say(
            "footer_why",
            groups=words.listing(desk.groups),
            reason=words.reason(event.reason, rule.type if rule else "limit"),
            code=event.reason.value,
        ),
        "quiet",
    )


def _say_missed(desk: Desktop) -> Iterator[Text]:
    missed = desk.night.missed
    if missed is not None:
        phrase = "no_run_day" if missed.start == missed.end else "no_run"
        words = desk.words
        yield Text(words.say(phrase, day=words.day(missed.start), span=words.span(missed)), "quiet")


def run_footer(desk: Desktop, reason: Reason | None = None) -> Iterator[Block]:
    """Yield the small print of a letter about many alerts: run, as known at, why you get this."""
    words, groups = desk.words, desk.words.listing(desk.groups)
    yield Line()
    yield from _say_missed(desk)
    yield Text(words.say("footer_run", run=desk.night.run_id, known=words.moment(desk.night.known_at)), "quiet")
    why = words.say("footer_why_digest", groups=groups)
    if reason is not None:
        why = words.say("footer_why", groups=groups, reason=words.reason(reason), code=reason.value)
    yield Text(why, "quiet")
