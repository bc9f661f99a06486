"""Frames of a demonstration as small pictures: a still, a filmstrip or a short animation, and data URIs of them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Video = NDArray[np.uint8]
"""(time, height, width, 3) RGB."""


def animation(video: Video, *, frames: int = 36, hold: int = 4, duration: float = 4.0) -> bytes:
    """A looping WebP of ``frames`` evenly spaced frames over ``duration`` seconds that rests on the last one."""
    picked = [Image.fromarray(video[i]) for i in _spread(len(video), frames)]
    step = round(1000 * duration / len(picked))
    times = [step] * (len(picked) - 1) + [step * hold]
    out = io.BytesIO()
    picked[0].save(out, "WEBP", save_all=True, append_images=picked[1:], duration=times, loop=0, quality=70, method=4)
    return out.getvalue()


def filmstrip(video: Video, *, count: int = 8, gap: int = 2) -> bytes:
    """``count`` evenly spaced frames side by side, first and last among them, as a still WebP."""
    height, width = video.shape[1:3]
    index = _spread(len(video), count)
    strip = Image.new("RGB", (len(index) * (width + gap) - gap, height), "white")
    for column, i in enumerate(index):
        strip.paste(Image.fromarray(video[i]), (column * (width + gap), 0))
    return _webp(strip, 72)


def still(frame: Video, *, side: int | None = None, quality: int = 72) -> bytes:
    """One frame (height, width, 3) as a WebP, made smaller where it is wider than ``side`` pixels."""
    image = Image.fromarray(frame)
    if side is not None:
        image.thumbnail((side, side))
    return _webp(image, quality)


def smaller(webp: bytes, *, height: int, quality: int = 60) -> bytes:
    """A stored still again at ``height`` pixels, for places where bytes are counted."""
    image = Image.open(io.BytesIO(webp)).convert("RGB")
    if image.height > height:
        image = image.resize((max(1, round(image.width * height / image.height)), height))
    return _webp(image, quality)


def row(webps: Sequence[bytes], *, height: int, gap: int = 2) -> bytes:
    """Stored stills side by side at ``height`` pixels."""
    images = [Image.open(io.BytesIO(smaller(webp, height=height, quality=90))) for webp in webps]
    strip = Image.new("RGB", (sum(i.width + gap for i in images) - gap, height), "white")
    left = 0
    for image in images:
        strip.paste(image, (left, 0))
        left += image.width + gap
    return _webp(strip, 60)


def data_uri(webp: bytes) -> str:
    """The picture as text that an ``src`` attribute can hold."""
    return "data:image/webp;base64," + base64.b64encode(webp).decode()


def _webp(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()


def _spread(length: int, count: int) -> list[int]:
    return sorted(set(np.linspace(0, length - 1, min(count, length)).round().astype(int).tolist()))
