"""LearnedSkill: what a skill was learned for, so that it is offered to stages alike, and its measured success.

Names of things are left out: what is worked on is ``o0``, the others are ``o1``, ``o2``, ..., whatever a task calls
them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field, model_validator

from demo_solvers.learning.observing import SIGHT
from demo_solvers.learning.stage import LearnedStage
from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import Frozen
from pipeline.core.learning import Way
from pipeline.core.program import Stage
from pipeline.core.scene import SceneSpec
from pipeline.holds import parse

_WORD = re.compile(r"[^\s()]+")


class SkillKey(Frozen):
    """What a stage has to share with the one that a skill was learned for."""

    robot: str
    skill: str = Field(description="the program's skill, in whose place it was learned")
    relations: tuple[str, ...] = Field(default=(), description="predicates of the stage's relations")
    goal: str = Field(description="formula, with o0, o1, ... for the things")
    joints: tuple[str, ...] = Field(default=(), description="joints that it moves, as o0/slide")
    categories: tuple[str, ...] = Field(description="of the assets of o0, o1, ...")
    assets: tuple[str, ...] = Field(description="their names")

    def is_like(self, other: SkillKey) -> bool:
        """Whether they differ in nothing but which assets of the same categories there are."""
        return self == other.model_copy(update={"assets": self.assets})


class LearnedSkill(Frozen):
    """A skill with its measured success."""

    key: SkillKey
    stage: LearnedStage = Field(description="with o0, o1, ... for the things")
    way: Way = Field(description="how it was learned")
    reached: int = Field(ge=0, description="held-out starts from which the goal was reached")
    starts: int = Field(ge=1)
    training: str = Field(description="digest of the training")
    engine: str = Field(default="", description="physics that it was learned and measured in")
    policy: str = Field(default="", description="content address of the weights")
    sight: int = Field(default=1, description="what its policy sees, as :data:`observing.SIGHT` counts")

    @model_validator(mode="after")
    def _reaches_no_more_than_it_tried(self) -> LearnedSkill:
        if self.reached > self.starts:
            raise ValueError(f"{self.reached} reached of {self.starts} starts")
        return self

    @property
    def worth(self) -> float:
        """The mean of a uniform prior after the counts (Laplace): one lucky start is no proof."""
        return (self.reached + 1) / (self.starts + 2)


def learned_skill(
    stage: Stage, learned: LearnedStage, scene: SceneSpec, *, way: Way, reached: int, starts: int, training: str
) -> LearnedSkill:
    """A skill to :meth:`Shelf.put`, from the names of a task; ``training`` is the digest of its record."""
    roles = roles_of(learned, scene)
    return LearnedSkill(
        key=key_of(stage, learned, scene),
        stage=renamed(learned, roles, learned.name),
        way=way,
        reached=reached,
        starts=starts,
        training=training,
        sight=SIGHT,
    )


def key_of(stage: Stage, learned: LearnedStage, scene: SceneSpec) -> SkillKey:
    """What a stage is about; raises :class:`InvalidInputError` where the scene lacks a thing that it names."""
    roles = roles_of(learned, scene)
    assets = [scene.placement(name).asset for name in roles]
    return SkillKey(
        robot=scene.robot.name,
        skill=stage.skill,
        relations=tuple(relation.predicate for relation in stage.relations),
        goal=_worded(str(parse(learned.goal)), roles),
        joints=tuple(_worded(joint, roles) for joint in learned.joints),
        categories=tuple(asset.category for asset in assets),
        assets=tuple(asset.name for asset in assets),
    )


def roles_of(learned: LearnedStage, scene: SceneSpec) -> dict[str, str]:
    """The stage's things, what is worked on first, and the names of their roles; furniture keeps its name."""
    placed = [placement.name for placement in scene.placements]
    named = (learned.body, *learned.others, *learned.joints, *_WORD.findall(learned.goal))
    order = dict.fromkeys(base for one in named if (base := one.partition("/")[0]) in placed)
    if learned.body.partition("/")[0] not in order:
        raise InvalidInputError(f"Stage {learned.name!r}: the scene has no {learned.body!r}; it has {sorted(placed)}.")
    return {name: f"o{i}" for i, name in enumerate(order)}


def renamed(learned: LearnedStage, names: Mapping[str, str], called: str) -> LearnedStage:
    """The stage ``called`` so, with other names for its things."""
    return learned.model_copy(
        update={
            "name": called,
            "goal": _worded(learned.goal, names),
            "body": _worded(learned.body, names),
            "others": tuple(_worded(other, names) for other in learned.others),
            "joints": tuple(_worded(joint, names) for joint in learned.joints),
        }
    )


def _worded(text: str, names: Mapping[str, str]) -> str:
    """A formula or a body with its things renamed; links keep their names."""

    def word(match: re.Match[str]) -> str:
        base, slash, link = match[0].partition("/")
        return names.get(base, base) + slash + link

    return _WORD.sub(word, text)
