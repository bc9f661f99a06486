"""How fast are windows of images read, how small are they kept and how fast written, beside other layouts?

    taskloom generate --plain --preset demo --tasks 6 --demos 8 --backend mujoco --out runs/io
    python -m benchmarks.dataset_io runs/io/dataset.zarr [--episodes 48] [--rounds 9]

The dataset's episodes are written again through the part writer and the packer, on one core, and their images in each
other layout. Then random windows of 2 frames of 2 cameras are read from all of them, page cache warm, in rounds that
take the layouts in turn; a ratio is the median over the rounds. Every layout but video must give the same bits.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._cells import Cell, announce, parser, save, table
from benchmarks._image_layouts import Films, Images, Read, hdf5_gzip, memory_map, video
from benchmarks._rewriting import cpu_seconds, rewrite
from pipeline.core.streams import stream
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.windows import Windows, WindowSpec

NAME = "dataset_io"
OURS, RAW, HDF5, AV1, H264 = "taskloom", "memory map", "HDF5 gzip", "LeRobot video (AV1)", "LeRobot video (H.264)"
BATCH = 64  # windows that a loader fetches at once
COUNTS = {OURS: 640, RAW: 640, HDF5: 640}  # windows read in a turn
FEW, CHECKED, SEED = 64, 32, 0  # of the slow ones


def main() -> None:
    """Measure, print and save."""
    options = _options()
    reader = DatasetReader(options.dataset)
    chosen = range(len(reader))[: options.episodes]
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        place = Path(scratch)
        writing = rewrite(reader, chosen, place)
        readers, sizes, films = _layouts(place, hz=round(reader.control_hz))
        rows = _rows(place / "dataset.zarr")
        some = stream(SEED, NAME, "check").choice(rows, CHECKED).tolist()
        quality = {name: _check(read, films, some) for name, read in readers.items()}
        rounds = [_round(readers, rows, number) for number in range(options.rounds)]
    reading = _summary(rounds)
    targets = _targets(rounds, sizes, writing)
    _print(reading, sizes, quality, targets)
    save(NAME, options, targets=targets, reading=reading, sizes=sizes, quality=quality, writing=writing, rounds=rounds)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("dataset", help="folder of a dataset with two cameras of 128x128")
    made.add_argument("--episodes", type=int, default=48, help="only the first so many (default 48)")
    made.add_argument("--rounds", type=int, default=9, help="times that every layout has its turn (default 9)")
    made.add_argument("--scratch", type=Path, help="where the layouts are written (default: the temporary folder)")
    return made.parse_args()


def _layouts(place: Path, *, hz: int) -> tuple[dict[str, Read], Cell, Films]:
    """The images of the dataset in every layout: their readers, their sizes [bytes], and the images themselves."""
    dataset = DatasetReader(place / "dataset.zarr")
    names = tuple(name for name in dataset.names if name.startswith("rgb_"))
    films: Films = {name: np.concatenate([e.arrays[name] for e in dataset]) for name in names}
    spec = WindowSpec(observations=names, obs_horizon=2, action_horizon=16)
    readers = {
        OURS: _ours(Windows(dataset.place, spec, engine="tensorstore"), batch=BATCH),
        "taskloom, one by one": _ours(Windows(dataset.place, spec, engine="tensorstore"), batch=1),
        "taskloom through zarr": _ours(Windows(dataset.place, spec, engine="zarr"), batch=BATCH),
    }
    images = sum(_bytes(place / "dataset.zarr" / "data" / name) for name in names)
    sizes = {OURS: images, "taskloom, all that is no image": _bytes(place / "dataset.zarr") - images}
    for name, make in _others(hz).items():
        announce({"layout": name}, "writing")
        (place / name).mkdir()
        readers[name] = make(place / name, films)
        sizes[name] = _bytes(place / name)
    readers[f"{H264}, kept open"] = video(place / H264, films, codec="h264", hz=hz, keep_open=True)
    return readers, sizes, films


def _others(hz: int) -> dict[str, Callable[[Path, Films], Read]]:
    return {
        RAW: memory_map,
        HDF5: hdf5_gzip,
        AV1: lambda folder, films: video(folder, films, codec="libsvtav1", hz=hz),
        H264: lambda folder, films: video(folder, films, codec="h264", hz=hz),
    }


def _ours(windows: Windows, *, batch: int) -> Read:
    """The window that ends with the second frame; without a selection and with padding, windows count as rows do."""
    names = windows.spec.observations

    def read(rows: Sequence[int]) -> list[list[Images]]:
        samples = []
        for first in range(0, len(rows), batch):
            samples += windows.__getitems__([row + 1 for row in rows[first : first + batch]])
        return [[sample["obs"][name] for name in names] for sample in samples]

    return read


def _rows(place: Path) -> NDArray[np.int64]:
    """Every row that another one of its episode follows."""
    ends = DatasetReader(place).ends
    return np.setdiff1d(np.arange(ends[-1]), ends - 1)


def _check(read: Read, films: Films, rows: Sequence[int]) -> Cell:
    """How far from the original frames are those of some windows, which also warms the cache."""
    wanted = np.stack([[images[row : row + 2] for images in films.values()] for row in rows]).astype(float)
    error = np.array(read(rows)) - wanted
    square = float((error**2).mean())
    return {"exact": square == 0, "psnr_db": None if square == 0 else round(10 * np.log10(255**2 / square), 1)}


def _round(readers: Mapping[str, Read], rows: NDArray[np.int64], number: int) -> dict[str, Cell]:
    """Every layout's turn, in an order that changes, on windows of its own share of the same random ones."""
    random = stream(SEED, NAME, number)
    drawn = random.choice(rows, max(COUNTS.values())).tolist()
    found: dict[str, Cell] = {}
    for name in random.permutation(sorted(readers)).tolist():
        count = COUNTS.get(name, FEW)
        cpu, began = cpu_seconds(), time.perf_counter()
        for first in range(0, count, BATCH):
            readers[name](drawn[first : first + BATCH])
        wall, cpu = time.perf_counter() - began, cpu_seconds() - cpu
        found[name] = {"windows_per_second": count / wall, "cpu_ms_per_window": 1000 * cpu / count}
    announce({"round": number}, f"{found[OURS]['windows_per_second']:.0f} windows/s")
    return found


def _summary(rounds: Sequence[Mapping[str, Cell]]) -> dict[str, Cell]:
    def median(name: str, what: str) -> float:
        return round(statistics.median(r[name][what] for r in rounds), 3)

    return {name: {what: median(name, what) for what in rounds[0][name]} for name in rounds[0]}


def _ratio(rounds: Sequence[Mapping[str, Cell]], fast: str, slow: str) -> Cell:
    """How many times faster, in the median round and in the quarters around it."""
    wall = [r[fast]["windows_per_second"] / r[slow]["windows_per_second"] for r in rounds]
    cpu = [r[slow]["cpu_ms_per_window"] / r[fast]["cpu_ms_per_window"] for r in rounds]
    low, _, high = statistics.quantiles(wall, n=4)
    return {"median": statistics.median(wall), "quartiles": [low, high], "by_cpu_time": statistics.median(cpu)}


def _targets(rounds: Sequence[Mapping[str, Cell]], sizes: Mapping[str, int], writing: Cell) -> list[Cell]:
    """Every target, what was measured, and whether it is met."""
    raw, whole = sizes[RAW], sizes[OURS] + sizes["taskloom, all that is no image"]
    written = {"median": writing["frames_per_second"], "by_cpu_time": writing["frames_per_cpu_second"]}
    found = [
        ("reading, times HDF5 gzip", _ratio(rounds, OURS, HDF5), ">=", 2.5),
        ("reading, times LeRobot video (AV1)", _ratio(rounds, OURS, AV1), ">=", 8.0),
        ("reading, memory map times ours", _ratio(rounds, RAW, OURS), "<=", 15.0),
        ("size, share of the raw images", {"median": whole / raw, "images_only": sizes[OURS] / raw}, "<=", 0.25),
        ("writing, frames/s on one core", written, ">=", 300.0),
    ]
    return [
        {"what": what, "bound": f"{sign} {bound:g}", "met": _within(value["median"], sign, bound), **value}
        for what, value, sign, bound in found
    ]


def _within(value: float, sign: str, bound: float) -> bool:
    return value >= bound if sign == ">=" else value <= bound


def _print(
    reading: Mapping[str, Cell], sizes: Mapping[str, int], quality: Mapping[str, Cell], targets: Sequence[Cell]
) -> None:
    table(
        ("layout", "windows/s", "CPU ms a window", "MB", "PSNR"),
        [
            (
                name,
                f"{speed['windows_per_second']:.0f}",
                f"{speed['cpu_ms_per_window']:.2f}",
                f"{sizes[name] / 1e6:.0f}" if name in sizes else "",
                "exact" if quality[name]["exact"] else f"{quality[name]['psnr_db']} dB",
            )
            for name, speed in sorted(reading.items(), key=lambda item: -item[1]["windows_per_second"])
        ],
    )
    table(
        ("target", "wanted", "measured", "by CPU time", "met"),
        [
            (
                t["what"],
                t["bound"],
                f"{t['median']:.2f}",
                f"{t['by_cpu_time']:.2f}" if "by_cpu_time" in t else "",
                t["met"],
            )
            for t in targets
        ],
    )


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
