"""A key that is planted in the environment of server and workers is found nowhere that runs leave behind.

The runs end well and badly: with a model server that puts the key into its errors and replies, and with a crash that
has the whole environment in its message.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import zarr

from assets.catalog import LibraryCatalog
from task_gen.author import propose
from task_gen.proposal import Proposal
from tests.flows.prefect_rig import REPO, Rig

KEY = "sk-planted-2f6c1d9a47e05b8833"
TOKEN = "tok-planted-90ab12cd34ef"
NOT_AGAIN = {"x_should_retry": "false"}
REQUEST = {"preset": "smoke", "tasks": 1, "demos": 1, "batch": 2, "author": "anthropic"}
CRASHING_ENGINE = """
import os, sys
print("printed", dict(os.environ), file=sys.stderr)
raise ImportError(f"No module named 'genesis' in {dict(os.environ)}")
"""


def script(messages: ModuleType, good: str) -> Any:
    """What the model server answers: by the name of the model that is asked."""

    def answer(turn: int, body: dict[str, Any]) -> Any:
        if body["model"] == "refusing":
            return messages.Answer(status=401, error=f"invalid x-api-key {KEY}", headers=NOT_AGAIN)
        if body["model"] == "breaking":
            return messages.Answer(status=500, error=f"crashed with {KEY}", headers=NOT_AGAIN)
        return messages.Answer(good)

    return answer


@pytest.fixture(scope="module")
def proposals() -> str:
    """Two good tasks, and one whose words hold the key and which names an object that does not exist."""
    catalog = LibraryCatalog()
    tasks = propose(catalog, catalog.robot("panda"), count=2, seed=1)
    dumped = [t.model_dump(mode="json", include=set(Proposal.model_fields)) for t in tasks]
    telling = {**dumped[0], "name": "telling", "instruction": f"my key is {KEY}", "goal": f"(on {KEY} table)"}
    return json.dumps({"tasks": [*dumped, telling]})


@pytest.fixture(scope="module")
def ended(
    messages: ModuleType, proposals: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, dict[str, Any]], Path]:
    """The final state of every run by its name, and the home of everything that they left; nothing runs any more."""
    home = tmp_path_factory.mktemp("planted")
    fake = home / "fake"
    fake.mkdir()
    (fake / "genesis.py").write_text(CRASHING_ENGINE)
    with messages.serving(script(messages, proposals)) as server:
        rig = Rig(home)
        rig.environment |= {
            "ANTHROPIC_API_KEY": KEY,
            "DATASET_STORE_TOKEN": TOKEN,
            "ANTHROPIC_BASE_URL": server.url,
            "TASKLOOM_CACHE": str(home / "cache"),
        }
        with rig:
            crashing = os.pathsep.join([str(fake), str(REPO)])
            rig.prefect("worker", "start", "--pool=cpu", "--type=process", log="worker-cpu", PYTHONPATH=crashing)
            rig.work("control")
            rig.deploy()
            asked = {
                "good": {**REQUEST, "out": "good"},
                "refused": {**REQUEST, "out": "refused", "model": "refusing"},
                "broken": {**REQUEST, "out": "broken", "model": "breaking"},
                "crashed": {**REQUEST, "out": "crashed", "author": "procedural", "backend": "genesis"},
            }
            ids = {name: rig.submit("generate-batch/generate", request=request) for name, request in asked.items()}
            rig.ended(*ids.values(), seconds=300)
            runs = {name: rig.run(id) for name, id in ids.items()}
            runs |= {f"child of {name}": run for name, id in ids.items() for run in rig.children(id).values()}
        assert all(KEY in str(headers) for headers in server.headers), "the model server is asked with the key"
    return runs, home


def forms(secret: str) -> set[bytes]:
    """A secret as it is, and within base64 text at any offset."""
    found = {secret.encode()}
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        found.add(whole[4 if offset else 0 : -4].encode())
    return found


def findings(home: Path) -> list[str]:
    wanted = [form for secret in (KEY, TOKEN) for form in forms(secret)]
    return [
        str(path.relative_to(home))
        for path in sorted(home.rglob("*"))
        if path.is_file() and any(form in path.read_bytes() for form in wanted)
    ]


def test_the_runs_ended_as_they_were_to_end(ended) -> None:
    runs, _ = ended
    assert {name: run["state_name"] for name, run in runs.items()} == {
        "good": "Completed",
        "refused": "Failed",
        "broken": "Failed",
        "crashed": "Failed",
        "child of good": "Completed",
        "child of crashed": "Failed",
    }
    for name, word in (("refused", "401"), ("broken", "500"), ("child of crashed", "pip install 'taskloom[sim]'")):
        assert word in runs[name]["state"]["message"]


def test_a_planted_key_is_found_nowhere_that_the_runs_left_behind(ended) -> None:
    _, home = ended
    assert findings(home) == []


def test_the_search_looks_where_runs_leave_things_and_finds_what_is_there(ended, tmp_path: Path) -> None:
    _, home = ended
    searched = {p.name for p in home.rglob("*") if p.is_file()}
    assert {"prefect.db", "server.log", "worker-cpu.log", "report.json", "proposals.json"} <= searched
    for number, form in enumerate(forms(KEY)):
        (tmp_path / f"{number}").write_bytes(b"x" + form)
    assert len(findings(tmp_path)) == len(forms(KEY))


def test_a_planted_key_is_not_in_the_dataset_either(ended) -> None:
    _, home = ended
    root = zarr.open_group(home / "runs" / "good" / "dataset.zarr", mode="r")
    held = json.dumps(dict(root.attrs)) + "".join(str(a[:].tolist()) for _, a in root["meta"].arrays())
    assert KEY not in held
    assert "panda" in held
