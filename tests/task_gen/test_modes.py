"""The modes of proposing: one prompt each, mixed by shares, fed from assets, situations, families and solved tasks."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.streams import stream
from task_gen.author import FAMILIES, propose
from task_gen.curriculum import Curriculum, TaskOutcome, curriculum_of
from task_gen.modes import MODES, OBJECTS, SITUATIONS, Brief, Material, schedule, shares
from task_gen.pantry import Pantry

NOTHING = Curriculum(families={}, objects={})


@pytest.fixture(scope="module")
def solved(catalog, robot):
    return propose(catalog, robot, count=10, seed=2)


@pytest.fixture(scope="module")
def material(catalog, robot, solved) -> Material:
    return Material(Pantry(catalog, robot), NOTHING, existing=solved, solved=solved)


def told(mode: str, material: Material, seed: int = 0) -> str:
    return Brief().told(mode, material, stream(seed, "test"))


def test_each_mode_tells_what_it_is_about(material, catalog, solved) -> None:
    objects = told("objects", material)
    assert sum(f"`{name}`" in objects for name in catalog.assets) == OBJECTS
    assert any(situation in told("goals", material) for situation in SITUATIONS)
    assert sum(f"`{family}`" in told("skills", material) for family in FAMILIES) >= 2
    mutations = told("mutations", material)
    assert sum(t.name in mutations for t in solved) == 4
    assert solved[0].goal in told("mutations", Material(material.pantry, NOTHING, solved=solved[:1]))


@pytest.mark.parametrize("mode", MODES)
def test_the_same_draw_says_the_same_and_another_draw_says_something_else(material, mode: str) -> None:
    assert told(mode, material, 1) == told(mode, material, 1)
    assert len({told(mode, material, seed) for seed in range(6)}) > 1


def test_mutations_start_from_what_was_solved_and_without_any_task_from_objects(material, solved) -> None:
    only = Material(material.pantry, NOTHING, existing=solved, solved=solved[:1])
    assert solved[0].name in told("mutations", only)
    assert not any(t.name in told("mutations", only) for t in solved[1:])
    assert told("mutations", Material(material.pantry, NOTHING)) == told("objects", material)


def test_objects_that_never_work_are_rarely_laid_out(material, solved, catalog) -> None:
    never = solved[0].objects[-1].asset
    hopeless = curriculum_of([TaskOutcome(task=solved[0], attempted=500, solved=0)])
    leaning = Material(material.pantry, hopeless)
    seen = [sum(f"`{never}`" in told("objects", m, seed) for seed in range(60)) for m in (material, leaning)]
    assert seen[1] < seen[0]


def test_calls_follow_the_shares_also_across_rounds() -> None:
    mix = shares({"objects": 2, "goals": 1, "mutations": 1})
    first = schedule(mix, 3, done={})
    second = schedule(mix, 5, done=Counter(first))
    assert Counter([*first, *second]) == {"objects": 4, "goals": 2, "mutations": 2}
    assert Counter(schedule(shares(None), 8, done={})) == dict.fromkeys(MODES, 2)


def test_a_mode_that_does_not_exist_and_shares_that_cannot_be_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'goals'"):
        shares({"goal": 1})
    with pytest.raises(InvalidInputError, match="must not be negative"):
        shares({"goals": 1, "skills": -1})
