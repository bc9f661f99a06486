"""Pictures of episodes: what the cameras saw side by side, with the stage at work, as frames, strips and films."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import DatasetError, InvalidInputError
from pipeline.dataset.reader import StoredEpisode

Frame = NDArray[np.uint8]
"""(height, width, 3) RGB."""
GAP, CAPTION, LEAST_HEIGHT = 4, 16, 192  # pixels: between cameras, of the line of text, of a small picture enlarged
PAPER, INK = (250, 250, 248), (30, 30, 30)
FAR = 2000.0  # mm that are drawn darkest
CRF = 20
FORMATS = (".mp4", ".gif", ".rrd")


def camera_names(episode: StoredEpisode) -> list[str]:
    """The pictures that an episode has, colour before distance."""
    names = episode.reader.names
    return [n for n in names if n.startswith("rgb_")] + [n for n in names if n.startswith("depth_")]


def frames(episode: StoredEpisode, *, every: int = 1) -> Iterator[Frame]:
    """What all cameras saw, every so many steps and at the last one, each with its step, stage and instruction."""
    names = camera_names(episode)
    if not names:
        raise DatasetError(f"Episode {episode.index} of {episode.reader.place!r} has no pictures.")
    films = {name: episode.arrays[name] for name in names}
    stage, progress = episode.arrays["stage"], episode.arrays["progress"]
    for k in steps(episode.length, every=every):
        tiles = [_enlarged(_shown(name, film[k])) for name, film in films.items()]
        named = episode.stage_names[stage[k]] if stage[k] < len(episode.stage_names) else str(stage[k])
        text = f"{k / episode.reader.control_hz:5.2f} s  {named}  {100 * progress[k]:.0f}%  {episode.instruction}"
        yield _captioned(_beside(tiles), text)


def steps(length: int, *, every: int) -> list[int]:
    """Every so many steps, and the last."""
    return sorted({*range(0, length, every), length - 1})


def strip(episode: StoredEpisode, *, count: int = 6) -> Frame:
    """A contact strip: ``count`` moments from first to last side by side, a row a camera."""
    moments = np.linspace(0, episode.length - 1, min(count, episode.length)).round().astype(int)
    rows = []
    for name in camera_names(episode):
        film = episode.arrays[name]
        rows.append(_beside([_enlarged(_shown(name, film[k]), least=128) for k in moments]))
    return _below(rows)


def png(frame: Frame) -> bytes:
    """A picture as a PNG file."""
    out = io.BytesIO()
    _pillow().fromarray(frame).save(out, "PNG", optimize=True)
    return out.getvalue()


def write_film(episode: StoredEpisode, out: Path, *, every: int = 1) -> int:
    """Write an MP4 or GIF, by the name of ``out``, that plays at the speed of the episode; returns its frames."""
    hz = Fraction(episode.reader.control_hz).limit_denominator(1000) / every
    return encode(frames(episode, every=every), out, hz=hz)


def encode(pictures: Iterator[Frame], out: Path, *, hz: Fraction) -> int:
    """Write frames as an MP4 or GIF, by the name of ``out``, whole or not at all; returns how many there were."""
    writer = {".mp4": _mp4, ".gif": _gif}[out.suffix]
    tmp = out.with_name(f".{out.name}.tmp{out.suffix}")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        count = writer(pictures, tmp, hz)
        tmp.replace(out)
    finally:
        tmp.unlink(missing_ok=True)
    return count


def _mp4(pictures: Iterator[Frame], out: Path, hz: Fraction) -> int:
    try:
        import av
    except ImportError as error:
        raise InvalidInputError(
            "PyAV writes MP4 and is not installed: pip install 'taskloom[view]', or ask for a GIF."
        ) from error
    count = 0
    with av.open(str(out), "w") as container:
        stream: Any = container.add_stream("libx264", rate=hz, options={"crf": str(CRF)})
        for picture in pictures:
            even = picture[: len(picture) // 2 * 2, : picture.shape[1] // 2 * 2]
            if not count:
                stream.height, stream.width, stream.pix_fmt = *even.shape[:2], "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")))
            count += 1
        container.mux(stream.encode(None))
    return count


def _gif(pictures: Iterator[Frame], out: Path, hz: Fraction) -> int:
    images = [_pillow().fromarray(p).quantize(colors=128) for p in pictures]
    step = max(20, round(1000 / hz))  # ms; browsers show shorter ones slowly
    images[0].save(out, "GIF", save_all=True, append_images=images[1:], duration=step, loop=0, optimize=False)
    return len(images)


def _shown(name: str, image: NDArray[Any]) -> Frame:
    if name.startswith("rgb_"):
        return np.asarray(image, np.uint8)
    near = 255 - np.clip(image.astype(np.float64) * (255 / FAR), 0, 255)
    grey = np.where(image == 0, 0, near).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def _enlarged(frame: Frame, *, least: int = LEAST_HEIGHT) -> Frame:
    factor = max(1, -(-least // frame.shape[0]))
    return frame.repeat(factor, axis=0).repeat(factor, axis=1)


def _beside(tiles: list[Frame]) -> Frame:
    height = max(t.shape[0] for t in tiles)
    width = sum(t.shape[1] for t in tiles) + GAP * (len(tiles) - 1)
    out = np.full((height, width, 3), PAPER, np.uint8)
    left = 0
    for tile in tiles:
        out[: tile.shape[0], left : left + tile.shape[1]] = tile
        left += tile.shape[1] + GAP
    return out


def _below(rows: list[Frame]) -> Frame:
    return np.ascontiguousarray(_beside([r.transpose(1, 0, 2) for r in rows]).transpose(1, 0, 2))


def _captioned(frame: Frame, text: str) -> Frame:
    from PIL import ImageDraw

    page = _pillow().new("RGB", (frame.shape[1], frame.shape[0] + CAPTION), PAPER)
    page.paste(_pillow().fromarray(frame), (0, CAPTION))
    ImageDraw.Draw(page).text((3, 2), text, fill=INK)
    return np.asarray(page)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise InvalidInputError(
            "Pillow draws the pictures and is not installed: pip install 'taskloom[view]'."
        ) from error
    return Image
