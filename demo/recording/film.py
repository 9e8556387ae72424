"""Writes pictures into a film: H.264 in an MP4, which browsers and GitHub play."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import numpy as np
from av.video.stream import VideoStream
from PIL.Image import Image

WIDTH, HEIGHT = 1280, 720
RATE: Final = 20
_ENCODER: Final = "libx264"
# A page that is scrolled is found again as far away as it went: a third of the bytes.
_OPTIONS: Final = {"crf": "25", "preset": "medium", "x264-params": "keyint=400:me=umh:merange=64:subme=7"}


class Film:
    """A film that grows by a picture at a time; ends with its block."""

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: Of the file; is overwritten.
        """
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        stream = self._container.add_stream(_ENCODER, rate=RATE, options=_OPTIONS)
        assert isinstance(stream, VideoStream)  # noqa: S101  # for mypy: libx264 makes one
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        self._stream = stream
        self._length_s, self._frames = 0.0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()

    @property
    def length_s(self) -> float:
        """What it has become."""
        return self._length_s

    def show(self, picture: Image, seconds: float) -> None:
        """Show a picture of the film's size for so long, to the nearest twentieth of a second in the whole."""
        self._length_s += seconds
        frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24").reformat(format="yuv420p")
        while self._frames < round(self._length_s * RATE):
            frame.pts = self._frames
            self._container.mux(self._stream.encode(frame))
            self._frames += 1
