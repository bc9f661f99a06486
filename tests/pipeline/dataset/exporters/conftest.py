"""Fixtures: episodes with known motions and a small dataset of them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.reader import DatasetReader


@pytest.fixture(scope="session")
def motions() -> ModuleType:
    spec = importlib.util.spec_from_file_location("export_motions", Path(__file__).with_name("motions.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["export_motions"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, builder: ModuleType, motions: ModuleType) -> Path:
    """Five episodes of two tasks, of 21, 12, 17, 9 and 30 steps; one has a third object."""
    folder = tmp_path_factory.mktemp("exported")
    episodes = [
        motions.episode(builder, 1, steps=21),
        motions.episode(builder, 2, steps=12),
        motions.episode(builder, 3, steps=17, objects=("cup", "plate", "lemon"), task_name="clear_up"),
        motions.episode(builder, 4, steps=9),
        motions.episode(builder, 5, steps=30),
    ]
    write_part(folder / "part", episodes, store=builder.ToyStore())
    pack([folder / "part"], folder / "dataset.zarr", meta=DatasetMeta(name="motions", val_fraction=0.5))
    return folder / "dataset.zarr"


@pytest.fixture
def reader(dataset: Path) -> DatasetReader:
    return DatasetReader(dataset)
