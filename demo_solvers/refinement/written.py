"""Patches as a model writes them: no free keys, so that every server can hold it to the schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from demo_solvers.refinement.patches import (
    InsertStage,
    MoveStage,
    Patch,
    Place,
    Regrasp,
    RemoveStage,
    Reopen,
    ReplaceStages,
    SetAxis,
    SetKeypoint,
    SetParameter,
    SlowDown,
)
from demo_solvers.task_planning.written import WrittenStage
from pipeline.core.geometry import Frozen


class WrittenInsert(Frozen):
    """Add a stage before stage ``stage`` (or after the last, where ``stage`` is their number)."""

    kind: Literal["insert_stage"] = "insert_stage"
    stage: Place
    new: WrittenStage

    def patch(self) -> InsertStage:
        """As programs are patched."""
        return InsertStage(stage=self.stage, new=self.new.stage())


class WrittenReplacement(Frozen):
    """Put other stages in the place of ``count`` stages from ``stage`` on."""

    kind: Literal["replace_stages"] = "replace_stages"
    stage: Place
    count: int = Field(default=1, ge=0, le=40)
    new: tuple[WrittenStage, ...] = Field(min_length=1, max_length=40)

    def patch(self) -> ReplaceStages:
        """As programs are patched."""
        return ReplaceStages(stage=self.stage, count=self.count, new=tuple(w.stage() for w in self.new))


WrittenPatch = Annotated[
    SetParameter
    | SetKeypoint
    | SetAxis
    | WrittenInsert
    | RemoveStage
    | MoveStage
    | WrittenReplacement
    | Regrasp
    | Reopen
    | SlowDown,
    Field(discriminator="kind"),
]


class Change(Frozen):
    """Patches that belong together."""

    patches: tuple[WrittenPatch, ...] = Field(min_length=1, max_length=6)
    reason: str = Field(default="", max_length=400, description="one sentence: why this should help")

    def as_patches(self) -> tuple[Patch, ...]:
        """As programs are patched."""
        return tuple(p.patch() if isinstance(p, WrittenInsert | WrittenReplacement) else p for p in self.patches)


class Changes(Frozen):
    """What one call proposes."""

    changes: tuple[Change, ...] = Field(min_length=1, max_length=8)
