"""Fixtures: the builder of toy episodes, their files, and a small packed dataset."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part

BUILDER = Path(__file__).with_name("builder.py")


@pytest.fixture(scope="session", autouse=True)
def unsynced() -> Iterator[None]:
    """Syncing to disk is half the time of these tests and matters only when the power fails; children do it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dataset_builder", BUILDER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["dataset_builder"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def meta() -> DatasetMeta:
    return DatasetMeta(name="toys", created="2026-01-01T00:00:00Z", generator={"package": "taskloom"}, val_fraction=0.5)


@pytest.fixture(scope="session")
def episodes(builder: ModuleType) -> list:
    """Four episodes of two tasks with different object and joint counts, in two batches."""
    return [
        builder.episode(1, steps=5),
        builder.episode(2, steps=9, objects=("cup", "plate", "lemon")),
        builder.episode(3, steps=4, drawers=2, task_name="open_drawer"),
        builder.episode(4, steps=6),
    ]


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory, builder: ModuleType, episodes: list, meta: DatasetMeta) -> Path:
    """A dataset of the four episodes; tests must not change it (copy it first)."""
    folder = tmp_path_factory.mktemp("packed")
    parts = [folder / "parts" / "0", folder / "parts" / "1", folder / "parts" / "2"]
    for part, batch in zip(parts, [episodes[:2], [], episodes[2:]], strict=True):
        write_part(part, batch, store=builder.ToyStore())
    pack(parts, folder / "dataset.zarr", meta=meta)
    return folder / "dataset.zarr"


@pytest.fixture
def child() -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs Python in a process of its own, with ``builder`` loaded, so that it can be killed or limited."""
    header = (
        "import os, signal, sys, importlib.util; from pathlib import Path\n"
        f"spec = importlib.util.spec_from_file_location('dataset_builder', {str(BUILDER)!r})\n"
        "builder = importlib.util.module_from_spec(spec); sys.modules['dataset_builder'] = builder\n"
        "spec.loader.exec_module(builder)\n"
    )

    def run(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", header + code], capture_output=True, text=True, check=False)

    return run
