"""The flow ``check-assets``: cards, licences, masses, and by physics that assets load, rest, contain and move.

Import it only once the environment says which server to use; see :mod:`flows.server`.
"""

from __future__ import annotations

from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact

from assets.catalog import LibraryCatalog
from flows.flow_runs import refuse_endless
from flows.machine import rendering_environment
from flows.parameters import AssetCheck
from flows.secrecy import keeps_secrets
from flows.stages import make_simulator
from pipeline.core.errors import AssetError, UnknownNameError

ROBOT = "panda"  # every scene has one; it stands aside


@flow(name="check-assets", flow_run_name="check assets")
@keeps_secrets
def check_library(request: AssetCheck) -> dict[str, int]:
    """Check assets; the run fails if anything is wrong.

    Args:
        request: Which assets, and in which physics.
    """
    refuse_endless()
    catalog = LibraryCatalog()
    for name in request.names:
        if name not in (*catalog.assets, *catalog.made_for_tasks):
            raise UnknownNameError("asset", name, catalog.assets)
    findings = _check(request.names or catalog.assets, request.backends)
    wrong = [f for f in findings if not f.ok]
    create_table_artifact(
        [{"asset": f.asset, "check": f.check, "seen": f.seen} for f in wrong] or [{"asset": "all", "check": "sound"}],
        key="assets",
        description=f"{len(findings)} checks, {len(wrong)} failed",
    )
    if wrong:
        names = sorted({f.asset for f in wrong})
        raise AssetError(f"{len(names)} assets have something wrong: {', '.join(names)}. See the artifact 'assets'.")
    return {"checks": len(findings), "wrong": 0}


@task(name="check", task_run_name="check in {backends}", persist_result=False)
@keeps_secrets
def _check(names: tuple[str, ...], backends: tuple[str, ...]) -> list[Any]:
    from assets.check import check_assets  # brings a physics engine, which a machine that only schedules has not

    catalog = LibraryCatalog()
    for backend in backends:
        rendering_environment(backend)
    simulators = {backend: make_simulator(backend, catalog) for backend in backends}
    try:
        return list(check_assets(names, catalog, simulators, robot=catalog.robot(ROBOT)))
    finally:
        for simulator in simulators.values():
            simulator.close()
