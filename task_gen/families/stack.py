"""Stack: two or three stackable objects on top of each other."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE, choose, manipuland, receptacle
from task_gen.pantry import Pantry, fits_on
from task_gen.words import phrase, slug, tellings, the

TWO = ("stack {top} on {base}", "put {top} on top of {base}", "place {top} on {base} so that it stays there")
THREE = (
    "build a tower with {base} at the bottom, {middle} in the middle and {top} on top",
    "stack {middle} on {base} and then {top} on {middle}",
)
TWO_TOLD = (
    "[end up with|leave] {base} underneath {top}",
    "{top} should find its place on top of {base}",
    "[two in a pile|a pile of two], please: first {base}, then {top}",
    "[use|keep] {base} as the pedestal of {top}",
    "under {top} [I want|goes] nothing but {base}",
    "{top} is to be carried by {base}",
    "[bring|move] {top} up onto {base} and let go",
    "{base} should carry {top} [in the end|when you are done]",
    "[balance|rest] {top} [on|upon] {base}",
    "[pile|heap] {top} onto {base}",
    "[make|build] a small tower of two: {base} below, {top} above",
    "[could you|would you] get {top} to stand on {base}?",
    "[let|have] {top} sit [right|squarely] on {base}",
    "[lift|raise] {top} and lower it onto {base}",
)
THREE_TOLD = (
    "[start with|begin with] {base}, add {middle}, finish with {top}",
    "[three storeys|three levels]: {base} is the ground floor, {middle} comes next, {top} is the roof",
    "under {top} put {middle}, and under that {base}",
    "[keep|leave] {base} lowest, {top} highest and {middle} sandwiched in between",
    "have {middle} rest on {base} and bear {top}",
    "[I'd like|I want] a column whose foot is {base}, whose waist is {middle} and whose head is {top}",
    "[stand|pile] {middle} upon {base}; after that {top} upon {middle}",
    "[pile|heap] three things up: {base}, on it {middle}, at last {top}",
    "from bottom to top [I want|it should read] {base}, {middle}, {top}",
    "let {top} [crown|top] a pile of {middle} on {base}",
    "[could you|would you] make a pillar: {base} under {middle} under {top}?",
    "[let|have] {base} carry {middle}, and {middle} carry {top}",
    "[the finished|a finished] stack should show {top} above {middle} above {base}",
)
HORIZON = 20.0  # s a block that is moved


def stack(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; every third ``turn`` is a tower of three where the catalogue affords it."""
    towers = _towers(pantry, 3) if turn % 3 == 2 else []
    tower = choose(towers or _towers(pantry, 2), stream, what="pair of stackable objects")
    relations = [f"(on {top.name} {under.name})" for under, top in pairwise(tower)]
    names = dict(zip(("base", "middle", "top") if len(tower) == 3 else ("base", "top"), map(the, tower), strict=True))
    return TaskSpec(
        name=slug("stack", " on ".join(a.noun for a in reversed(tower))),
        family="stack",
        instruction=phrase(THREE if len(tower) == 3 else TWO, stream, **names),
        paraphrases=tellings(THREE_TOLD if len(tower) == 3 else TWO_TOLD, stream, **names),
        objects=(TABLE, receptacle(tower[0]), *map(manipuland, tower[1:])),
        goal=relations[0] if len(relations) == 1 else f"(and {' '.join(relations)})",
        horizon=HORIZON * len(relations),
    )


def _towers(pantry: Pantry, height: int) -> list[tuple[AssetSpec, ...]]:
    """All towers, bottom first; what is moved must fit the gripper."""
    blocks = [a for a in pantry.having("stackable") if not a.fixed]
    return [t for t in permutations(blocks, height) if all(_stacks(a, b, pantry) for a, b in pairwise(t))]


def _stacks(under: AssetSpec, top: AssetSpec, pantry: Pantry) -> bool:
    return top in pantry.graspable and fits_on(top, under.links[""])
