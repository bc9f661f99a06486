"""Modes of proposing: from objects, from goals, by composing skills, by changing tasks that were solved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from pipeline.asking.prompts import Prompt
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.task import TaskSpec
from task_gen import vocabulary
from task_gen.curriculum import Curriculum
from task_gen.pantry import Pantry

Mode = Literal["objects", "goals", "skills", "mutations"]
MODES: tuple[Mode, ...] = get_args(Mode)
PROMPTS = Path(__file__).parent / "prompts"
OBJECTS, SITUATIONS_TOLD, SKILLS, PARENTS = 8, 3, 3, 4  # that one call is told
SITUATIONS = (
    "someone clears the table after breakfast",
    "someone lays the table for guests",
    "someone puts the shopping away",
    "someone cooks and has no hand free",
    "someone cannot bend or reach far and asks for things to be brought near",
    "a child tidies up after playing",
    "someone goes out and packs what they need",
    "someone comes home and puts things where they belong",
    "someone starts work and wants a free desk",
    "someone ends work and puts everything out of sight",
    "someone looks for something and wants drawers and doors opened",
    "someone sorts things by what they are or look like",
    "someone in a workshop wants tools within reach",
    "someone cleans and wants things off a surface",
)


@dataclass(frozen=True)
class Material:
    """What the modes draw from. ``solved`` are tasks that worked at least once, ``existing`` all there are."""

    pantry: Pantry
    curriculum: Curriculum
    existing: Sequence[TaskSpec] = ()
    solved: Sequence[TaskSpec] = ()


class Brief:
    """The opening of a call in each mode, one Markdown file a mode."""

    def __init__(self) -> None:
        self.prompts: dict[Mode, Prompt] = {mode: Prompt.load(PROMPTS / f"{mode}.md") for mode in MODES}

    def told(self, mode: Mode, material: Material, draw: np.random.Generator) -> str:
        """What a call in this mode begins with. Without a task to start from, mutations become objects."""
        if mode == "mutations" and not (material.solved or material.existing):
            mode = "objects"
        return self.prompts[mode].render(**_VALUES[mode](material, draw))


def shares(mix: Mapping[str, float] | None) -> dict[Mode, float]:
    """Shares of the modes, summing to 1; None is all of them evenly.

    Raises UnknownNameError for a mode that does not exist, InvalidInputError for shares that cannot be.
    """
    wanted = dict(mix) if mix else dict.fromkeys(MODES, 1.0)
    for name in wanted:
        if name not in MODES:
            raise UnknownNameError("mode", name, MODES)
    total = sum(wanted.values())
    if min(wanted.values()) < 0 or total <= 0:
        raise InvalidInputError(f"Shares of modes must not be negative and not all be zero, got {wanted}.")
    return {mode: wanted[mode] / total for mode in MODES if wanted.get(mode, 0) > 0}


def schedule(mix: Mapping[Mode, float], calls: int, *, done: Mapping[Mode, int]) -> list[Mode]:
    """The modes of the next calls: each time the one that lags most behind its share; ``done`` counts earlier ones."""
    counts = {mode: done.get(mode, 0) for mode in mix}
    found: list[Mode] = []
    for _ in range(calls):
        total = sum(counts.values()) + 1
        mode = max(mix, key=lambda m: mix[m] * total - counts[m])
        counts[mode] += 1
        found.append(mode)
    return found


def _objects(material: Material, draw: np.random.Generator) -> dict[str, str]:
    every = [a for a in material.pantry.everything if a.affordances]
    weights = [material.curriculum.object_weight(a.name) for a in every]
    chosen = {every[i].name for i in _some(weights, OBJECTS, draw)}
    lines = vocabulary.assets(material.pantry).splitlines()
    return {"objects": "\n".join(line for line in lines if line.split("`")[1] in chosen)}


def _goals(material: Material, draw: np.random.Generator) -> dict[str, str]:
    chosen = _some([1.0] * len(SITUATIONS), SITUATIONS_TOLD, draw)
    return {"situations": "\n".join(f"- {SITUATIONS[i]};" for i in chosen)}


def _skills(material: Material, draw: np.random.Generator) -> dict[str, str]:
    lines = vocabulary.families().splitlines()
    weights = [material.curriculum.family_weight(line.split("`")[1]) for line in lines]
    return {"skills": "\n".join(lines[i] for i in _some(weights, SKILLS, draw))}


def _mutations(material: Material, draw: np.random.Generator) -> dict[str, str]:
    parents = material.solved or material.existing
    weights = [material.curriculum.objects_weight(t) for t in parents]
    fields = {"name", "family", "instruction", "objects", "initial", "goal", "horizon"}
    shown = [parents[i].model_dump(mode="json", include=fields) for i in _some(weights, PARENTS, draw)]
    return {"tasks": "\n".join(map(json.dumps, shown))}


def _some(weights: Sequence[float], most: int, draw: np.random.Generator) -> list[int]:
    """Different indices, as often as their weights say, in order."""
    p = np.array(weights) / sum(weights)
    return sorted(int(i) for i in draw.choice(len(weights), size=min(most, len(weights)), replace=False, p=p))


_VALUES: dict[Mode, Callable[[Material, np.random.Generator], dict[str, str]]] = {
    "objects": _objects,
    "goals": _goals,
    "skills": _skills,
    "mutations": _mutations,
}
