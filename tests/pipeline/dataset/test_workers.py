"""Several workers write parts while one packer packs those that are whole: none is lost, none is there twice."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.dataset import open_dataset
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import Packer
from pipeline.dataset.part import list_parts
from pipeline.dataset.verify import verify

CHILD = Path(__file__).with_name("batch_child.py")
META = DatasetMeta(name="toys")


def contents(place: Path) -> dict[str, bytes]:
    """Every file of a store by its path."""
    return {str(p.relative_to(place)): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


def work(folder: Path, *, workers: int, batches: int, size: int) -> Path:
    """Workers write ``batches`` parts of ``size`` episodes; meanwhile the packer takes what is next in order."""
    parts, out = folder / "parts", folder / "dataset.zarr"
    command = [sys.executable, str(CHILD), str(parts)]
    environment = {**os.environ, "PYTHONPATH": str(CHILD.parents[3]), "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen([*command, str(k), str(workers), str(batches), str(size)], env=environment)
        for k in range(workers)
    ]
    taken, order = 0, [parts / f"{k:04d}" for k in range(batches)]
    with Packer(out, META) as packer:
        while taken < batches:
            ready = set(list_parts(parts))
            upto = next((k for k in range(taken, batches) if order[k] not in ready), batches)
            if upto - taken >= max(1, min(batches // 8, batches - taken)):
                packer.add(order[taken:upto])
                taken = upto
            else:
                assert any(child.poll() is None for child in running) or upto > taken, "a worker died"
                time.sleep(0.1)
        packer.finish()
    assert [child.wait() for child in running] == [0] * workers
    return out


def check(out: Path, *, batches: int, size: int) -> None:
    reader = open_dataset(out)
    assert reader.column("episode_seed").tolist() == list(range(batches * size))
    assert len(set(reader.column("episode_id").tolist())) == batches * size
    assert len(reader) == reader.attrs["stats_episodes"] == batches * size


def test_three_workers_and_one_packer_lose_nothing_and_leave_what_one_worker_leaves(tmp_path: Path) -> None:
    many = work(tmp_path / "many", workers=3, batches=9, size=2)
    one = work(tmp_path / "one", workers=1, batches=9, size=2)
    check(many, batches=9, size=2)
    assert verify(many) == []
    assert contents(many) == contents(one)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_eight_workers_and_one_packer_lose_none_of_two_thousand_episodes(tmp_path: Path) -> None:
    many = work(tmp_path / "many", workers=8, batches=200, size=10)
    check(many, batches=200, size=10)
    assert verify(many) == []
    one = work(tmp_path / "one", workers=1, batches=200, size=10)
    assert contents(many) == contents(one)
    print(f"\n2000 episodes by 8 workers and by 1: {len(contents(many))} files, equal byte for byte")
