"""Model calls keep to the limit of the server, and to none where there is no server."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from flows import limits
from pipeline.llm.scripted import scripted

ASKING = """
import asyncio, json, time
from flows.limits import paced
from pipeline.core.chat import ChatRequest
from pipeline.llm.scripted import scripted

async def three():
    model = paced(scripted(["a", "b", "c"]))
    times = []
    for word in "abc":
        await model.complete(ChatRequest(model="m", turns=(), max_tokens=1))
        times.append(time.monotonic())
    return times

times = asyncio.run(three())
print(json.dumps([b - a for a, b in zip(times, times[1:])]))
"""


def said(code: str, **environment: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_model_calls_keep_their_distance(flow_rig) -> None:
    flow_rig.post("/v2/concurrency_limits/", {"name": "calls", "limit": 1, "slot_decay_per_second": 0.5})
    apart = said(ASKING, **flow_rig.environment, TASKLOOM_MODEL_LIMIT="calls")
    assert len(apart) == 2
    assert min(apart) > 1


def test_without_a_server_nothing_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKLOOM_MODEL_LIMIT", "calls")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    model = scripted(["a"])
    assert limits.paced(model) is model
