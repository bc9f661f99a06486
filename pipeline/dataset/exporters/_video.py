"""Video of many episodes in a row: frame k of a file is shown at exactly k / fps."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

Codec = Literal["h264", "av1"]
_ENCODERS = {"h264": "libx264", "av1": "libsvtav1"}
_QUALITY = {"h264": 18, "av1": 30}
_EXTRA = {"h264": {"preset": "medium", "bf": "0"}, "av1": {"preset": "10"}}
_THREADS = 1  # the bits of a video must not depend on the machine's cores


class VideoFile:
    """An MP4 file that is being written. ``crf`` None is the codec's own default (18 for h264, 30 for av1)."""

    def __init__(self, place: Path, *, fps: Fraction, codec: Codec, crf: int | None, gop: int) -> None:
        self._place, self._fps, self._codec, self._gop = place, fps, codec, gop
        self._crf = _QUALITY[codec] if crf is None else crf
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self.frames = 0

    @property
    def seconds(self) -> float:
        """Where the next frame will be."""
        return float(self.frames / self._fps)

    @property
    def bytes(self) -> int:
        """What has been written to disk so far."""
        return self._place.stat().st_size if self._place.exists() else 0

    def append(self, images: NDArray[np.uint8]) -> None:
        """The next frames, (steps, height, width, 3) RGB."""
        import av

        container, stream = self._opened(*images.shape[1:3])
        for image in images:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.time_base = self.frames, 1 / self._fps
            container.mux(stream.encode(frame))
            self.frames += 1

    def close(self) -> None:
        """Flush the encoder and finish the file."""
        if self._container is not None and self._stream is not None:
            self._container.mux(self._stream.encode(None))
            self._container.close()
        self._container = self._stream = None

    def abandon(self) -> None:
        """Let go of a file that will be removed."""
        if self._container is not None:
            self._container.close()
        self._container = self._stream = None

    def _opened(self, height: int, width: int) -> tuple[OutputContainer, VideoStream]:
        import av

        if self._container is not None and self._stream is not None:
            return self._container, self._stream
        self._place.parent.mkdir(parents=True, exist_ok=True)
        container = av.open(str(self._place), "w", options={"fflags": "+bitexact"})
        options = {"crf": str(self._crf), "g": str(self._gop), **_EXTRA[self._codec]}
        stream: Any = container.add_stream(_ENCODERS[self._codec], rate=self._fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format(height, width)
        stream.time_base, stream.codec_context.time_base = 1 / self._fps, 1 / self._fps
        stream.thread_count = _THREADS
        self._container, self._stream = container, stream
        return container, stream


def pixel_format(height: int, width: int) -> str:
    """Colour at half the resolution, which every player decodes; in full where a side is odd."""
    return "yuv420p" if height % 2 == 0 and width % 2 == 0 else "yuv444p"
