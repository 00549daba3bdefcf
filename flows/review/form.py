"""Review questions as a form in Prefect: the `decide` deployment offers what is open as a drop-down."""

from pathlib import Path
from typing import Annotated, Any, Literal

from prefect import flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Failed
from pydantic import Field

from flows.commands.shared import show
from flows.review.answers import Answer, AnswerRefused, Desk
from flows.review.questions import NoSuchQuestion, Question, list_questions
from flows.workplace import Workplace, configured, open_workplace

_LONGEST = 60  # letters of a question's text
_OFFERED = 200  # questions in the drop-down, those with most complaints first
Says = Literal["the likeliest", "this member", "none of them", "nobody can tell"]


def list_choices(place: Workplace) -> list[str]:
    """Return what waits for an answer as lines of a drop-down, each beginning with the question's id."""
    with place.engine.connect() as connection:
        return [_offer(question) for question in list_questions(connection)[:_OFFERED]]


def _offer(question: Question) -> str:
    likeliest = next((candidate.get("name") or "" for candidate in question.candidates), "")
    asked = f"{show(question.text)[:_LONGEST]} = {show(likeliest)[:_LONGEST]}?" if likeliest else show(question.text)
    return f"{question.id}  {asked}  ({len(question.complaints)})"


def offer_questions(place: Workplace) -> None:
    """Bring the drop-down of the `decide` deployment up to date; nothing where it is not deployed."""
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name("decide/decide")
        except ObjectNotFound:
            return
        schema: dict[str, Any] = dict(deployment.parameter_openapi_schema or {})
        question = schema.setdefault("properties", {}).setdefault("question", {})
        choices = list_choices(place)
        question.pop("enum", None)
        if choices:
            question["enum"] = choices
        client.update_deployment(deployment.id, DeploymentUpdate(parameter_openapi_schema=schema))


@flow(name="decide", flow_run_name="decide", validate_parameters=True)
def decide(
    question: Annotated[str, Field(description="Brought up to date by every night; or an id of `koll review list`.")],
    answer: Says,
    by: Annotated[str, Field(min_length=1, description="Who answers; it stands in the audit.")],
    member: Annotated[str, Field(description="The organisation number, for: this member.")] = "",
    why: str = "",
    config: str | None = None,
) -> State[Any]:
    """Answer one question about a doubtful mention; it is remembered, audited, and counted at once."""
    log = get_run_logger()
    place = open_workplace(Path(config or configured()))
    desk = Desk(place, by)
    try:
        given = _give(desk, question.split(maxsplit=1)[0], answer, member, why)
    except (AnswerRefused, NoSuchQuestion) as error:
        return Failed(message=str(error))
    counted = desk.count_anew(log.info)
    offer_questions(place)
    return Completed(message=f"{given}; {counted}")


def _give(desk: Desk, asked: str, answer: Says, member: str, why: str) -> Answer:
    question = desk.find(asked)
    if answer == "none of them":
        return desk.reject(question, None, why)
    if answer == "nobody can tell":
        return desk.doubt(question, why)
    if answer == "this member" and not member.strip():
        raise AnswerRefused("this member: whose organisation number? Fill in `member`")
    return desk.accept(question, member if answer == "this member" else None, why)
