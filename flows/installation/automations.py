"""The automations of an installation: crashed runs come back, silent ones are found, finished datasets start others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.actions import ActionTypes, ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from flows.announcing import READY
from flows.flow_runs import RESUME
from flows.installation.environment import HEARTBEAT_SECONDS

RESCHEDULE = "taskloom: a crashed run is scheduled again"
SILENT = "taskloom: a run without a heartbeat has crashed"
DATASET = "taskloom: dataset ready"
MISSED = 4
"""Heartbeats that may be missed: a server that restarts swallows one or two."""

ENDS = ("Completed", "Failed", "Cancelled", "Crashed", "Scheduled", "AwaitingRetry", "Pending", "Paused", "Suspended")
"""After these no process is expected to give signs of life."""

COUNTS = ("episodes", "tasks")
PASSED_ON = ("path", *COUNTS, "out", "preset")
"""What a deployment may be told of a dataset, if its flow has a parameter of that name; numbers arrive as numbers."""


def rescheduling(restarts: int) -> AutomationCore:
    """A crashed run with the tag is scheduled again, ``restarts`` times at most; its results so far are kept."""
    return _automation(
        name=RESCHEDULE,
        description=f"At most {restarts} times a run. Made by `taskloom up`.",
        enabled=restarts > 0,
        trigger=EventTrigger(
            expect={"prefect.flow-run.Crashed"},
            match={"prefect.resource.id": "prefect.flow-run.*", "prefect.run-count": _counts(restarts)},
            match_related={"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{RESUME}"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.SCHEDULED,
                name="AwaitingRetry",
                message="Its process had ended; it goes on.",
                force=False,
            )
        ],
    )


def silence_is_a_crash() -> AutomationCore:
    """A run that stops giving signs of life, as when its whole machine is gone, has crashed."""
    return _automation(
        name=SILENT,
        description=f"After {MISSED} missed heartbeats. Made by `taskloom up`.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{state}" for state in ENDS)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=MISSED * HEARTBEAT_SECONDS),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED, name=None, message="It gave no sign of life any more.", force=False
            )
        ],
    )


def on_dataset(deployment: DeploymentResponse, name: str) -> AutomationCore:
    """Each finished dataset runs a deployment, with those of :data:`PASSED_ON` that its flow takes."""
    takes = (deployment.parameter_openapi_schema or {}).get("properties", {})
    return _automation(
        name=f"{DATASET} -> {name}",
        description=f"Runs {name} with {', '.join(p for p in PASSED_ON if p in takes) or 'no parameters'}.",
        trigger=EventTrigger(
            expect={READY},
            match={"prefect.resource.id": "taskloom.dataset.*"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            RunDeployment(
                source="selected",
                deployment_id=deployment.id,
                parameters={p: _from_event(p) for p in PASSED_ON if p in takes},
                job_variables=None,
            )
        ],
    )


def set_automation(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    """Create it, or make the one of this name equal to it."""
    known = client.read_automations_by_name(wanted.name)
    if known:
        client.update_automation(known[0].id, wanted)
    else:
        client.create_automation(wanted)
    for double in known[1:]:
        client.delete_automation(double.id)


def follow_datasets(client: SyncPrefectClient, names: Sequence[str]) -> list[str]:
    """Run each named deployment (FLOW/NAME) on finished datasets; those that the server does not know are returned."""
    unknown = list[str]()
    for name in names:
        try:
            set_automation(client, on_dataset(client.read_deployment_by_name(name), name))
        except ObjectNotFound:
            unknown.append(name)
    return unknown


def followers(client: SyncPrefectClient) -> dict[str, Any]:
    """Deployments that run on finished datasets, with the ids of their automations."""
    prefix = f"{DATASET} -> "
    return {a.name.removeprefix(prefix): a.id for a in client.read_automations() if a.name.startswith(prefix)}


def _automation(*, actions: Sequence[ActionTypes], **fields: Any) -> AutomationCore:
    return AutomationCore(actions=[*actions], **fields)


def _counts(restarts: int) -> list[str]:
    """A run that crashed before it began has run 0 times."""
    return [str(n) for n in range(restarts + 1)]


def _from_event(field: str) -> dict[str, Any]:
    """A template that keeps the type of what the event says."""
    said = {"__prefect_kind": "jinja", "template": f"{{{{ event.payload.{field} }}}}"}
    return {"__prefect_kind": "json", "value": said} if field in COUNTS else said
