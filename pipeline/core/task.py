"""TaskSpec: what is to be done, with which objects, and the formula that says when it is done."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from pipeline.core.geometry import Frozen
from pipeline.core.source import Source

Family = Literal["pick_place", "stack", "push", "articulate", "sequence", "arrange", "door", "operate", "stow", "sort"]


class TaskObject(Frozen):
    """An object of the task: the name that formulas use, and the asset it is an instance of."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    asset: str
    role: Literal["manipuland", "receptacle", "fixture", "region", "distractor"] = "manipuland"


class Critique(Frozen):
    """What a second pair of eyes, a model's or a set of rules', thinks of a task."""

    sense: float = Field(
        ge=0,
        le=1,
        description="0: nobody would ask for it, its things do not belong together or it achieves nothing; 1: an "
        "everyday request about things that belong together, every one of which plays a part",
    )
    difficulty: float = Field(
        ge=0,
        le=1,
        description="0: one short motion with a wide margin; 1: at the limit of this robot: many stages, a grip or a "
        "fit with no room to spare, hardly the time for it",
    )
    clarity: float = Field(
        ge=0,
        le=1,
        description="0: the instruction does not tell what is to be done with what; 1: one reading, with every thing, "
        "place and end of the goal named in plain English",
    )
    reasons: tuple[str, ...] = Field(default=(), max_length=20, description="why not better, one sentence each")
    author: str = Field(description="who judged: procedural, or a model's name")


class TaskSpec(Frozen):
    """One task. ``goal`` and each entry of ``initial`` are formulas over object names (``cabinet/top_drawer``)."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)
    family: Family
    instruction: str = Field(min_length=4, max_length=300)
    paraphrases: tuple[str, ...] = Field(default=(), max_length=20, description="the same in other words")
    objects: tuple[TaskObject, ...] = Field(min_length=1)
    initial: tuple[str, ...] = Field(
        default=(), description="relations the scene starts with; unmentioned objects lie free"
    )
    goal: str
    horizon: float = Field(default=20.0, gt=0, le=120, description="seconds")
    author: str = "procedural"
    paraphraser: str = Field(default="procedural", description="who wrote the paraphrases")
    critique: Critique | None = Field(default=None, description="scores of sense, difficulty and clarity")
    source: Source | None = Field(default=None, description="of an imported task: its file's words and success rules")

    @model_validator(mode="after")
    def _names_are_unique(self) -> TaskSpec:
        names = [o.name for o in self.objects]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"task {self.name!r}: object names used twice: {twice}")
        return self

    @model_serializer(mode="wrap")
    def _says_only_what_it_has(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without a critique or a source, and with paraphrases by grammar, a task is written as if there were none."""
        written: dict[str, Any] = handler(self)
        for name in ("critique", "paraphraser", "source"):
            if getattr(self, name) == TaskSpec.model_fields[name].default:
                written.pop(name, None)
        return written
