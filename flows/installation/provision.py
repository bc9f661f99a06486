"""Provisioning: pools, limits, automations, the key's block and the deployments, made equal to what is asked.

Run as ``python -m flows.installation.provision`` with a client's environment; safe to repeat. Its last line says what
went wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import yaml
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker
from pydantic import SecretStr

from flows.installation.automations import follow_datasets, rescheduling, set_automation, silence_is_a_crash
from flows.installation.environment import MODEL_LIMIT, simulation_limit
from flows.installation.home import this_home
from flows.installation.plan import POOLS, Installation, checkout, load_installation
from pipeline.core.errors import TaskloomError
from pipeline.llm.anthropic import KEYS

DEPLOYMENTS = "prefect.yaml"
FLOW_COMMAND = "python -m flows.installation.flow_process"  # each worker's PATH begins with its own interpreter
MEANINGS = {
    "control": "Light flows that wait for others: plan, pack, validate, check. They never wait for a place.",
    "cpu": "Tasks demonstrated on the CPU.",
    "gpu": "Tasks demonstrated on a GPU; each worker sees one.",
}


def provision(installation: Installation) -> list[str]:
    """Make the server fit; sentences about what could not be done yet."""
    notes = list[str]()
    with get_client(sync_client=True) as client:
        _limits(client, installation)
        if not installation.serves:
            _check_pools(client, installation)
            return notes
        keys = _store_keys(client)
        at_work = {"control": True, "cpu": bool(installation.workers), "gpu": bool(installation.gpus)}
        for pool in POOLS:
            _pool(client, pool, keys, at_work=at_work[pool])
        _deploy()
        set_automation(client, rescheduling(installation.restarts))
        set_automation(client, silence_is_a_crash())
        asked = [] if installation.on_dataset is None else [installation.on_dataset]
        for name in follow_datasets(client, asked):
            notes.append(f"Deployment {name!r} is not known yet: deploy it, then `taskloom on-dataset {name}`.")
    return notes


def _limits(client: SyncPrefectClient, installation: Installation) -> None:
    """Engines at once on each device, as limits of the tag that tasks which use one have; model calls a minute."""
    if installation.workers:
        name = simulation_limit(installation, None)
        client.upsert_global_concurrency_limit_by_name(f"tag:{name}", installation.simulations)
    for gpu in installation.gpus:
        name = simulation_limit(installation, gpu)
        client.upsert_global_concurrency_limit_by_name(f"tag:{name}", installation.gpu_simulations)
    if installation.serves:
        per_second = installation.model_calls / 60
        client.upsert_global_concurrency_limit_by_name(MODEL_LIMIT, installation.model_calls, per_second)


def _store_keys(client: SyncPrefectClient) -> dict[str, str]:
    """Keys of the environment as Secret blocks; references to all that are stored, also by an earlier start."""
    references: dict[str, str] = {}
    for key in KEYS:
        name = key.lower().replace("_", "-")
        if os.environ.get(key):
            Secret[str](value=SecretStr(os.environ[key])).save(name, overwrite=True)
        try:
            client.read_block_document_by_name(name, "secret", include_secrets=False)
        except ObjectNotFound:
            continue
        references[key] = f"{{{{ prefect.blocks.secret.{name} }}}}"
    return references


def _pool(client: SyncPrefectClient, name: str, keys: dict[str, str], *, at_work: bool) -> None:
    template = job_template(keys)
    try:
        held = client.read_work_pool(name)
    except ObjectNotFound:
        pool = WorkPoolCreate(name=name, type="process", description=MEANINGS[name], base_job_template=template)
        client.create_work_pool(pool)
        return
    if held.type != "process":
        if at_work:
            raise TaskloomError(
                f"Work pool {name!r} has type {held.type!r}, and this machine was to work for it. Start without such "
                "workers (--workers 0, --gpus none), or delete the pool: prefect work-pool delete."
            )
        return  # a cluster's, with a template of its own
    client.update_work_pool(name, WorkPoolUpdate(description=MEANINGS[name], base_job_template=template))


def job_template(keys: dict[str, str]) -> dict[str, Any]:
    """Prefect's own for processes, with our command, and the keys' blocks in the environment of every run."""
    template = ProcessWorker.get_default_base_job_template()
    variables = template["variables"]["properties"]
    variables["command"]["default"] = FLOW_COMMAND
    if keys:
        variables["env"]["default"] = keys
    return template


def _deploy() -> None:
    """The deployments of ``prefect.yaml``; Prefect's command is the one that reads that file."""
    file = checkout() / DEPLOYMENTS
    wanted = yaml.safe_load(file.read_text()).get("deployments", ())
    for one in wanted:
        pool = (one.get("work_pool") or {}).get("name")
        if pool not in POOLS:
            raise TaskloomError(f"{file}: deployment {one['name']!r} names work pool {pool!r}; allowed: {POOLS}.")
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
    done = subprocess.run(
        command, cwd=checkout(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    print(done.stdout, done.stderr, sep="\n")  # noqa: T201
    if done.returncode:
        raise TaskloomError(f"The deployments of {file} could not be made.")


def _check_pools(client: SyncPrefectClient, installation: Installation) -> None:
    for pool, wanted in (("cpu", installation.workers), ("gpu", len(installation.gpus))):
        if not wanted:
            continue
        try:
            client.read_work_pool(pool)
        except ObjectNotFound:
            raise TaskloomError(
                f"The server {installation.url} has no work pool {pool!r}. Run `taskloom up` on its machine first."
            ) from None


def main() -> int:
    """Provision for the request in the home; the last line says what went wrong."""
    home = this_home()
    try:
        notes = provision(load_installation(home))
    except Exception as error:  # the one line that the user is shown, whatever it was
        detail = f"{type(error).__name__}: {error}" if not isinstance(error, TaskloomError) else str(error)
        print(f"error: {' '.join(detail.split())}")  # noqa: T201
        return 1
    (home.root / "notes.txt").write_text("\n".join(notes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
