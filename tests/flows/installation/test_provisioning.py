"""What is put on the server: automations with a cap, what a dataset passes on, the key as a reference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.states import Pending, Running

from flows.installation.automations import on_dataset, rescheduling, silence_is_a_crash
from flows.installation.provision import job_template
from flows.installation.reaper import _may_begin


def deployment(*parameters: str) -> DeploymentResponse:
    schema = {"properties": {name: {} for name in parameters}}
    return DeploymentResponse.model_validate(
        {"id": uuid4(), "name": "nightly", "flow_id": uuid4(), "parameter_openapi_schema": schema}
    )


def test_a_crashed_run_comes_back_so_often_and_not_more_often() -> None:
    trigger: Any = rescheduling(2).trigger
    assert trigger.match.root["prefect.run-count"] == ["0", "1", "2"]
    assert trigger.match_related.root["prefect.resource.id"] == "prefect.tag.resume"
    assert not rescheduling(0).enabled


def test_a_run_that_waits_to_be_run_again_owes_no_heartbeat() -> None:
    trigger: Any = silence_is_a_crash().trigger
    for state in ("AwaitingRetry", "Scheduled", "Completed", "Crashed"):
        assert f"prefect.flow-run.{state}" in trigger.expect


def test_a_finished_dataset_passes_on_what_the_flow_takes_and_no_more() -> None:
    (action,) = on_dataset(deployment("path", "episodes", "epochs"), "train/nightly").actions
    parameters: Any = action.parameters  # type: ignore[union-attr]
    assert set(parameters) == {"path", "episodes"}
    assert parameters["path"]["template"] == "{{ event.payload.path }}"
    assert parameters["episodes"]["__prefect_kind"] == "json"


def test_runs_get_the_key_by_reference() -> None:
    reference = "{{ prefect.blocks.secret.anthropic-api-key }}"
    variables = job_template({"ANTHROPIC_API_KEY": reference})["variables"]["properties"]
    assert variables["env"]["default"] == {"ANTHROPIC_API_KEY": reference}
    assert "default" not in job_template({})["variables"]["properties"]["env"]


@pytest.mark.parametrize(("state", "seconds", "may"), [(Pending, 5, True), (Pending, 500, False), (Running, 5, False)])
def test_a_run_that_was_taken_up_again_is_not_taken_for_its_dead_process(state, seconds, may) -> None:
    now = datetime.now(UTC)
    run = FlowRun.model_validate({"flow_id": uuid4(), "name": "a run", "state": state().model_dump()})
    assert run.state is not None
    run.state.timestamp = now - timedelta(seconds=seconds)  # type: ignore[assignment]
    assert _may_begin(run, now) is may
