"""Notice: one line of news from a running batch, for progress bars and logs."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.core.geometry import Frozen


class Notice(Frozen):
    """``stage`` of batch ``index`` of ``task`` has begun; ``detail`` adds numbers a person would like to see.

    The last notice of a batch has its status as the stage (``done``, ``rejected``, ``failed``).
    """

    task: str
    index: int
    stage: str
    detail: str = ""
    written: int = 0


Listener = Callable[[Notice], None]


def silence(notice: Notice) -> None:
    """A listener for which no news is good news."""
    del notice
