"""How the stages of a program came to be done: planned, learned, or by a skill learned before, and what was tried."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.core.geometry import Frozen

Way = Literal["planner", "skill", "residual", "policy", "dense"]
"""The planner's skill; a policy learned for an earlier task; a policy on top of the planner's motion; a policy that
learned from the stage's predicate alone; one that learned from a dense reward. From cheap to dear."""


class LearningBudget(Frozen):
    """What may be spent on learning, counted in actions of all worlds together, never in seconds."""

    steps: int = Field(default=400_000, ge=0, description="actions a stage may practise with each way; 0: no learning")
    candidates: int = Field(default=4, ge=1, le=16, description="rewards that are tried side by side")
    rounds: int = Field(default=2, ge=1, le=10, description="of candidates, each after the author saw the one before")
    worlds: int = Field(default=64, ge=1, description="in which is practised")
    seed: int = Field(default=0, ge=0, description="root of every random stream of learning, the run's")
    judged: int = Field(default=64, ge=1, description="held-out starts that decide whether a way is good enough")


class Curve(Frozen, ser_json_inf_nan="strings"):
    """How a training went, update by update; all tuples are as long as ``steps``.

    Numbers that ran away are written as strings, so that a report that tells of them can be read back.
    """

    name: str = Field(description="which training, e.g. 'policy' or 'candidate 2 of round 1'")
    reward: str = Field(default="", description="text of the reward; empty where it is the predicate alone")
    author: str = Field(default="", description="who wrote the reward")
    steps: tuple[int, ...] = Field(default=(), description="actions so far, of all worlds")
    success: tuple[float, ...] = Field(default=(), description="share of the newest episodes that reached")
    value: tuple[float, ...] = Field(default=(), description="mean reward of an action")
    terms: dict[str, tuple[float, ...]] = Field(default_factory=dict, description="mean of each term of the reward")


class WayTried(Frozen):
    """One way of doing a stage, and how it did on starts that it was not made from."""

    way: Way
    reached: int = Field(ge=0, description="starts from which the stage's goal was reached")
    starts: int = Field(ge=0)
    steps: int = Field(default=0, ge=0, description="actions spent on learning it, candidates included")
    curves: tuple[Curve, ...] = ()


class StageWay(Frozen):
    """How one stage is done in the end, and why."""

    number: int = Field(ge=0, description="of the program's stages, from 0")
    stage: str = Field(description="in words")
    way: Way
    reason: str
    tried: tuple[WayTried, ...] = ()
