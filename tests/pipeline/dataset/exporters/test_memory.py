"""Memory holds about an episode, however many there are."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.exporters import _flat_zarr
from pipeline.dataset.exporting import EXPORTERS, export_dataset
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.reader import DatasetReader

FEW, MANY, STEPS = 1, 6, 40


@pytest.fixture(scope="module")
def datasets(builder, motions, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Of few and of many equally long episodes, each of 0.7 MB of pictures."""
    folder, places = tmp_path_factory.mktemp("memory"), {}
    episodes = [motions.episode(builder, k, steps=STEPS) for k in range(MANY)]
    for count in (FEW, MANY):
        write_part(folder / f"part{count}", episodes[:count], store=builder.ToyStore())
        places[count] = folder / f"{count}.zarr"
        pack([folder / f"part{count}"], places[count], meta=DatasetMeta(name="memory", val_fraction=0))
    return places


@pytest.mark.parametrize("format", [name for name in EXPORTERS if name != "dp3"])
def test_many_episodes_take_no_more_than_few(
    datasets: dict[int, Path], tmp_path: Path, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_flat_zarr, "CHUNK_BYTES", 100_000)  # a chunk is held too, here less than an episode
    for module in EXPORTERS.get(format).needs:
        pytest.importorskip(module)
    export_dataset(DatasetReader(datasets[FEW]), tmp_path / "first", format=format)  # what imports keep
    peaks: dict[int, int] = {}
    for count, place in datasets.items():
        reader = DatasetReader(place)
        tracemalloc.start()
        export_dataset(reader, tmp_path / str(count), format=format)
        peaks[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    pictures = 2 * (MANY - FEW) * STEPS * 48 * 64 * 3
    assert peaks[MANY] - peaks[FEW] < pictures / 8, peaks
