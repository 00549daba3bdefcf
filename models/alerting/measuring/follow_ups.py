"""Demands whose follow-up is due, each with what its follow-up shows tonight."""

from collections.abc import Iterator

from models.alerting.evaluation import FollowUpDue
from models.alerting.rules import FollowUpRule
from models.alerting.survey import Survey
from models.cases.chain import load_cases
from models.cases.follow_up import Asked, follow_up
from models.cases.settings import FollowUpConfig
from models.cases.steps import StepKind


def list_follow_ups(rule: FollowUpRule, survey: Survey, config: FollowUpConfig) -> Iterator[FollowUpDue]:
    """Yield each open case that stands at a demand whose follow-up is due."""
    moment, sources = survey.moment, survey.sources
    names = rule.sources or tuple(sources)
    read = {name: sources[name] for name in names if name in sources and sources[name].complete_through}
    cases = load_cases(survey.connection, on=moment.business_date)
    for member, mine in sorted(cases.items()):
        case = mine[-1]
        demand = case.last
        if demand.kind is not StepKind.DEMAND or demand.deadline is None or demand.follow_up_on is None:
            continue
        if demand.follow_up_on <= moment.business_date:
            asked = Asked(
                member, demand.on, demand.deadline, moment.business_date, read, config, moment.known_at, tuple(cases)
            )
            yield FollowUpDue(member, f"{case.number}/{demand.position}", follow_up(survey.connection, asked))
