"""What may be spent on refining programs, and the record of the rounds that were."""

from __future__ import annotations

from pydantic import Field

from pipeline.core.geometry import Frozen
from pipeline.core.program import Program


class Budget(Frozen):
    """Counted in rounds and variants, never in seconds: the same budget buys the same result on any machine."""

    rounds: int = Field(default=0, ge=0, description="rounds of patched programs after the first attempt")
    variants: int = Field(default=4, ge=1, description="programs that run side by side in a round")
    target: float = Field(default=0.9, ge=0, le=1, description="solved share of the scenes that ends the refinement")
    recover: int = Field(default=0, ge=0, le=5, description="times a world may try a stage again that failed in it")


class Variant(Frozen):
    """A program as it was tried in one round, and how it did."""

    program: Program
    patches: tuple[str, ...] = Field(default=(), description="what was changed since the round before, in words")
    solved: int = Field(ge=0, description="reached the goal in a way that a demonstration may be written of")
    attempts: int = Field(ge=0)
    progress: float = Field(default=0.0, ge=0, le=1, description="mean share of the goal that was reached")
    jerk: float | None = Field(default=None, description="mean square jerk of the solved rows' joints [rad^2/s^6]")
    causes: dict[str, int] = Field(default_factory=dict, description="failures by cause")


class Round(Frozen):
    """Programs that ran side by side on the same scenes, and which of them went on.

    ``chosen`` None means that none was better than what the rounds before had chosen.
    """

    variants: tuple[Variant, ...]
    chosen: int | None = None
    author: str = Field(default="", description="who proposed the patches")
    diagnosis: str = Field(default="", description="what the patches answer to, in words")
