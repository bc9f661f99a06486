"""Other layouts that images of demonstrations are kept in: a raw memory map, HDF5 with gzip, and LeRobot's video."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]  # (time, height, width, 3)
Films = Mapping[str, Images]
Read = Callable[[Sequence[int]], list[list[Images]]]
"""Gives, for each of some rows, the two frames (2, height, width, 3) from it on, of every camera."""

VIDEO_OPTIONS: dict[str, dict[str, str]] = {
    "libsvtav1": {"g": "2", "crf": "30", "preset": "12"},  # LeRobot's defaults
    "h264": {"g": "2", "crf": "18", "bf": "0"},
}
PIXELS = "yuv420p"


def memory_map(folder: Path, films: Films) -> Read:
    """One ``.npy`` file a camera, mapped into memory."""
    for name, images in films.items():
        np.save(folder / f"{name}.npy", images)
    maps = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in films]
    return lambda rows: [[np.array(m[row : row + 2]) for m in maps] for row in rows]


def hdf5_gzip(folder: Path, films: Films) -> Read:
    """One HDF5 file, a chunk a frame, gzip at level 4: what robomimic-like datasets use."""
    import h5py

    with h5py.File(folder / "films.hdf5", "w") as file:
        for name, images in films.items():
            chunk = (1, *images.shape[1:])
            file.create_dataset(name, data=images, chunks=chunk, compression="gzip", compression_opts=4)
    opened = h5py.File(folder / "films.hdf5", "r")
    arrays: list[Any] = [opened[name] for name in films]
    return lambda rows: [[a[row : row + 2] for a in arrays] for row in rows]


def video(folder: Path, films: Films, *, codec: str, hz: int, keep_open: bool = False) -> Read:
    """One MP4 a camera with all episodes, as LeRobot v3.0 writes them with ``codec``, read the way it reads with PyAV.

    It opens the file for every sample, seeks the key frame before it and decodes up to it; ``keep_open`` spares the
    opening.
    """
    import av

    paths = [folder / f"{name}.mp4" for name in films]
    for path, images in zip(paths, films.values(), strict=True):
        if not path.exists():
            _encode(path, images, codec=codec, hz=hz)
    held = [av.open(str(path)) for path in paths] if keep_open else []

    def one(row: int) -> list[Images]:
        if held:
            return [_decode(container, row, hz=hz) for container in held]
        out: list[Images] = []
        for path in paths:
            with av.open(str(path)) as container:
                out.append(_decode(container, row, hz=hz))
        return out

    return lambda rows: [one(row) for row in rows]


def _encode(path: Path, images: Images, *, codec: str, hz: int) -> None:
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, hz, options=VIDEO_OPTIONS[codec])
        stream.pix_fmt, stream.height, stream.width = PIXELS, *images.shape[1:3]
        stream.time_base = Fraction(1, hz)
        for image in images:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode())


def _decode(container: Any, row: int, *, hz: int) -> Images:
    stream = container.streams.video[0]
    first, last = row / hz, (row + 1) / hz
    container.seek(round(first / stream.time_base) - 1, backward=True, any_frame=False, stream=stream)
    frames, times = list[Images](), list[float]()
    for frame in container.decode(stream):
        frames.append(frame.to_ndarray(format="rgb24"))
        times.append(float(frame.pts * stream.time_base))
        if times[-1] >= last - 0.5 / hz:
            break
    nearest = [int(np.abs(np.array(times) - t).argmin()) for t in (first, last)]
    return np.stack([frames[k] for k in nearest])
