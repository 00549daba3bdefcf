"""Prefect's own watch over the nights: told when one fails or breaks off, and when none has ended for too long.

Source: Prefect's event triggers, reactive (it happened) and proactive (it did not happen within a time).
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.automations import AutomationCore, EventTrigger, Posture, ResourceSpecification
from prefect.client.orchestration import get_client
from prefect.events.actions import RunDeployment, SendNotification
from prefect.exceptions import ObjectNotFound

TELL = "tell-operators/tell-operators"
_OURS: dict[str, Any] = {"prefect.resource.id": "prefect.flow-run.*"}
_NIGHTLY: dict[str, Any] = {"prefect.resource.role": "flow", "prefect.resource.name": "nightly"}
_BAD = {f"prefect.flow-run.{state}" for state in ("Failed", "Crashed", "TimedOut")}
_ENDS = {*_BAD, "prefect.flow-run.Completed"}


class NotDeployed(RuntimeError):
    """The flow that writes the mail is not on the server; the text says how it gets there."""


async def set_automations(most: timedelta, notice: SendNotification | None = None) -> list[str]:
    """Create the two automations, or bring them up to date; return their names.

    ``most`` is how long there may be between the ends of two nights. ``notice`` is what the server does by itself when
    none came; without it the deployment writes that mail too, if there is a worker. Raises NotDeployed.
    """
    async with get_client() as client:
        try:
            tell = await client.read_deployment_by_name(TELL)
        except ObjectNotFound as error:
            raise NotDeployed(f"the server has no deployment {TELL}; run `prefect deploy --all` first") from error
        wanted = list(_make_automations(tell.id, most, notice))
        for automation in wanted:
            known = await client.read_automations_by_name(automation.name)
            if known:
                await client.update_automation(known[0].id, automation)
            else:
                await client.create_automation(automation)
    return [automation.name for automation in wanted]


def _make_automations(tell: UUID, most: timedelta, notice: SendNotification | None) -> list[AutomationCore]:
    state = {"__prefect_kind": "jinja", "template": "{{ flow_run.state.name }}"}
    failed = _trigger(Posture.Reactive, _BAD, timedelta(0))
    missing = _trigger(Posture.Proactive, _ENDS, most)
    return [
        AutomationCore(
            name="medlemskoll: a night failed",
            description="Mails the group operators, once for a night.",
            trigger=failed,
            actions=[RunDeployment(deployment_id=tell, parameters={"what": "failed", "state": state})],
        ),
        AutomationCore(
            name="medlemskoll: no night came",
            description=f"Mails the group operators when no night has ended for {most}.",
            trigger=missing,
            actions=[notice or RunDeployment(deployment_id=tell, parameters={"what": "missing"})],
        ),
    ]


def _trigger(posture: Posture, expect: set[str], within: timedelta) -> EventTrigger:
    return EventTrigger(
        # A time that begins anew with every end. Else it is cut into fixed spans, and nearly two of them can go by.
        after=expect if posture is Posture.Proactive else set(),
        expect=expect,
        match=ResourceSpecification(_OURS),
        match_related=ResourceSpecification(_NIGHTLY),
        posture=posture,
        threshold=1,
        within=within,
    )
