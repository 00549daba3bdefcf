"""The matcher of one installation: over its register, people's answers, and the file of all companies."""

from collections.abc import Callable

from flows.intake.known_members import list_turning_days, load_members
from flows.intake.linking import Linker, find_public, hash_phones
from flows.review.questions import load_answers
from flows.workplace import Workplace
from models.matching.companies import Companies
from models.matching.matcher import Matcher

Linkers = Callable[[str], Linker]


def make_matcher(place: Workplace) -> Matcher:
    """Return the matcher over the register, people's answers, and the file of all companies where there is one."""
    companies = place.settings.members.companies
    known = Companies.read(companies) if companies else None
    return Matcher(load_members(place.engine), known, load_answers(place.engine), place.settings.country)


def make_linkers(place: Workplace, matcher: Matcher | None = None) -> Linkers:
    """Return what gives each source its linker, over one matcher, with the answers that hold now."""
    answers = load_answers(place.engine)
    matcher = matcher.remembering(answers) if matcher else make_matcher(place)
    phones = hash_phones(matcher.members, place.hash_key)
    public = find_public(matcher.members, place.hash_key)
    days = None if place.settings.members.companies else list_turning_days(matcher.members)
    return lambda source: Linker(matcher, source, phones, answers, public, days)
