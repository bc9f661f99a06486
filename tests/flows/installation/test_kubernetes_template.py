"""The job template for Kubernetes: what Prefect's server and its Kubernetes worker accept, and what comes of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.server.schemas.actions import WorkPoolCreate

import flows.installation

pytest.importorskip("prefect_kubernetes", reason="pip install -e '.[dev]' has prefect-kubernetes")
FILE = Path(flows.installation.__path__[0]) / "kubernetes_job_template.json"


def template() -> dict[str, Any]:
    return json.loads(FILE.read_text())


def job(**values: Any) -> dict[str, Any]:
    """The job that the worker would create; no cluster and no server are asked."""
    from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration

    nobody = PrefectClient("http://127.0.0.1:9/api")
    making = KubernetesWorkerJobConfiguration.from_template_and_values(template(), values, client=nobody)
    configuration = asyncio.run(making)
    run = FlowRun.model_validate({"id": "00000000-0000-0000-0000-000000000001", "flow_id": 32 * "0", "name": "stack 1"})
    configuration.prepare_for_flow_run(run)
    return configuration.job_manifest


def test_the_server_takes_it_as_a_pools_template() -> None:
    pool = WorkPoolCreate(name="gpu", type="kubernetes", base_job_template=template())
    assert pool.base_job_template["variables"]["properties"]["gpus"]["default"] == 1


def test_every_variable_is_used_and_every_placeholder_is_a_variable() -> None:
    held = template()
    used = json.dumps(held["job_configuration"])
    for name in held["variables"]["properties"]:
        assert f"{{{{ {name} }}}}" in used, name


def test_a_task_gets_one_gpu_and_the_shared_runs() -> None:
    pod = job()["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert {"name": "runs", "mountPath": "/runs"} in container["volumeMounts"]
    assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": "taskloom-runs"}
    assert {"name": "TASKLOOM_RUNS", "value": "/runs"} in container["env"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False


def test_a_deployment_may_choose_its_nodes_and_go_without_a_gpu() -> None:
    made = job(gpus=0, node_selector={"gpu": "a100"}, memory_limit="30Gi", image="registry.example/taskloom:1")
    pod = made["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert pod["nodeSelector"] == {"gpu": "a100"}
    assert container["resources"]["limits"] == {"memory": "30Gi", "nvidia.com/gpu": 0}
    assert container["image"] == "registry.example/taskloom:1"
    assert made["metadata"]["namespace"] == "taskloom"


def test_an_evicted_pod_is_not_run_twice_by_kubernetes() -> None:
    """Prefect schedules the run again; a second pod of the same job would be a second process of the same run."""
    spec = job()["spec"]
    assert spec["backoffLimit"] == 0
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
