"""``taskloom on-dataset``: have a deployment run with every finished dataset."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from flows.installation.home import this_home
from flows.installation.state import running_state
from flows.installation.status import connect
from pipeline.core.errors import TaskloomError, UnknownNameError


def on_dataset(
    deployment: Annotated[str | None, typer.Argument(help="FLOW/NAME of a deployment; none lists what is set.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="No longer run it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what is set as JSON.")] = False,
) -> None:
    """Run a deployment whenever a dataset is ready, e.g. a training of yours.

    Of path, episodes, tasks, out and preset it is given those that its flow has as parameters.

    Example: `taskloom on-dataset train/nightly`
    """
    home = this_home()
    connect(home, running_state(home).installation)
    import httpx
    from prefect.client.orchestration import get_client

    from flows.installation.automations import follow_datasets, followers
    from flows.installation.status import server_error

    try:
        with get_client(sync_client=True) as client:
            known = followers(client)
            if deployment is not None and remove:
                if deployment not in known:
                    raise UnknownNameError("deployment", deployment, known)
                client.delete_automation(known[deployment])
            elif deployment is not None and follow_datasets(client, [deployment]):
                told = ", ".join(f"{d.name}" for d in client.read_deployments())
                raise TaskloomError(f"The server has no deployment {deployment!r} (FLOW/NAME). Names there: {told}.")
            names = list(followers(client))
    except httpx.HTTPError as error:
        raise server_error(error) from None
    typer.echo(json.dumps(names) if as_json else "\n".join(names) or "A finished dataset starts nothing.")
