"""Where the exports are and what is expected of them; only numpy is needed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@dataclass(frozen=True)
class Exports:
    """The folder that ``write_exports.py`` wrote, and the dataset's own arrays."""

    folder: Path
    arrays: dict[str, np.ndarray]
    told: dict[str, Any]

    @property
    def camera(self) -> str:
        """The fixed camera whose pictures are expected."""
        return self.told["camera"]

    @property
    def images(self) -> np.ndarray:
        """Its pictures."""
        return self.arrays[f"rgb_{self.camera}"]

    def rows(self, episode: int) -> slice:
        """An episode's rows of the arrays."""
        ends = self.arrays["ends"]
        return slice(int(ends[episode - 1]) if episode else 0, int(ends[episode]))

    @property
    def train_first(self) -> list[int]:
        """The episodes as LeRobot has them."""
        return np.argsort(self.arrays["split"], kind="stable").tolist()


@pytest.fixture(scope="session")
def exports() -> Exports:
    folder = os.environ.get("TASKLOOM_CONSUMERS_EXPORTS")
    if not folder or not (Path(folder) / "expected.npz").is_file():
        pytest.fail(f"no exports in {folder!r}: run this through `make test-consumers`")
    told = json.loads((Path(folder) / "expected.json").read_text())
    with np.load(Path(folder) / "expected.npz") as file:
        return Exports(Path(folder), dict(file), told)


@pytest.fixture
def run() -> Callable[[Sequence[str]], str]:
    """Runs a trainer's own command offline on the CPU and gives what it said; fails with it when it fails."""

    def call(words: Sequence[str]) -> str:
        settings = {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
        done = subprocess.run(
            [*words], env={**os.environ, **settings}, text=True, capture_output=True, check=False, timeout=500
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said

    return call
