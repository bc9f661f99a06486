"""One undisturbed run of the whole line on the kinematic backend, shared by the tests that look at its results."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.config import RunConfig, compose
from flows.report import RunReport
from flows.runners import run


@pytest.fixture(scope="session")
def smoke() -> RunConfig:
    """Two tasks, one demonstration each, no physics."""
    return compose("smoke", tasks=2, demos=1, batch=2)


@pytest.fixture(scope="session")
def undisturbed(smoke: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunReport, Path]:
    """The run's report and OUT."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    return run(smoke, out, workers=2), out
