"""A worker process that writes its share of the episodes as parts, one batch after the other."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from pipeline.dataset.part import write_part


def main(folder: str, worker: str, workers: str, batches: str, size: str) -> None:
    spec = importlib.util.spec_from_file_location("dataset_builder", Path(__file__).with_name("builder.py"))
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    sys.modules["dataset_builder"] = builder
    spec.loader.exec_module(builder)
    for batch in range(int(worker), int(batches), int(workers)):
        seeds = range(batch * int(size), (batch + 1) * int(size))
        episodes = [builder.episode(seed, steps=3 + seed % 4, cameras=("front",)) for seed in seeds]
        write_part(Path(folder, f"{batch:04d}"), episodes, store=builder.ToyStore())


if __name__ == "__main__":
    main(*sys.argv[1:])
