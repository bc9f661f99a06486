"""Scheduling a deployment of ours and following its run. Import it only once the environment names the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from pydantic import Field

from flows.installation.plan import Installation
from flows.installation.status import server_error
from pipeline.core.errors import TaskloomError
from pipeline.core.geometry import Frozen

LOOK_SECONDS = 2.0
AWAY_SECONDS = 300.0
"""How long a server may be away before waiting is given up."""


class Submitted(Frozen):
    """A run that was scheduled."""

    id: str
    name: str
    page: str
    state: str = Field(description="what the server calls it, such as Scheduled or AwaitingRetry")
    kind: str = Field(description="SCHEDULED, PENDING, RUNNING, COMPLETED, FAILED, CRASHED, CANCELLED ...")
    message: str = ""

    @property
    def said(self) -> str:
        """The state's message, if it has one."""
        return f" ({self.message})" if self.message else ""


def schedule(deployment: str, parameters: Mapping[str, Any], installation: Installation) -> Submitted:
    """Schedule a run of FLOW/NAME now; raises :class:`TaskloomError` when the server refuses or is away."""
    try:
        with get_client(sync_client=True) as client:
            found = client.read_deployment_by_name(deployment)
            run = client.create_flow_run_from_deployment(found.id, parameters=dict(parameters))
    except ObjectNotFound:
        raise TaskloomError(
            f"The server has no deployment {deployment!r}. `taskloom down`, then `taskloom up`."
        ) from None
    except httpx.HTTPStatusError as error:
        raise TaskloomError(f"The server refuses the run: {error.response.text[:400]}") from None
    except (httpx.HTTPError, RuntimeError) as error:
        raise server_error(error) from None
    return _submitted(run, f"{installation.url}/v2/runs/flow-run/{run.id}")


def watch(run: Submitted, *, say: Callable[[str], None]) -> Submitted:
    """Wait until the run has ended, through restarts of the server."""
    since = time.monotonic()
    while True:
        try:
            with get_client(sync_client=True) as client:
                found = client.read_flow_run(run.id)  # type: ignore[arg-type]
                run, since = _submitted(found, run.page), time.monotonic()
                if found.state is not None and found.state.is_final() and not _comes_back(client, found):
                    return run
        except (httpx.HTTPError, RuntimeError) as error:
            if time.monotonic() - since > AWAY_SECONDS:
                raise server_error(error) from None
        say(f"{run.name}: {run.state}{run.said}")
        time.sleep(LOOK_SECONDS)


def _comes_back(client: SyncPrefectClient, run: FlowRun) -> bool:
    """A crashed run is scheduled again by the automation in a moment, as long as it may be."""
    if run.state is None or not run.state.is_crashed():
        return False
    time.sleep(2 * LOOK_SECONDS)
    again = client.read_flow_run(run.id)
    return again.state is not None and not again.state.is_final()


def _submitted(run: FlowRun, page: str) -> Submitted:
    assert run.state is not None
    return Submitted(
        id=str(run.id),
        name=run.name,
        page=page,
        state=run.state.name or run.state.type.value,
        kind=run.state.type.value,
        message=run.state.message or "",
    )
