"""Mutations without a model: possible, new, of the same form as their parents, and the same ones every time."""

from __future__ import annotations

import re

import pytest

from pipeline.core.errors import InvalidInputError
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from task_gen.author import propose
from task_gen.gate import static_gate
from task_gen.mutation import exchanged, mutations
from task_gen.novelty import signature


@pytest.fixture(scope="module")
def parents(catalog, robot) -> tuple[TaskSpec, ...]:
    return propose(catalog, robot, count=10, seed=6)


@pytest.fixture(scope="module")
def children(catalog, robot, parents) -> tuple[TaskSpec, ...]:
    return mutations(parents, catalog, robot, count=15, seed=0)


def test_mutations_pass_the_gate_and_are_unlike_each_other_and_their_parents(catalog, robot, parents, children) -> None:
    assert len(children) == 15
    assert all(static_gate(t, catalog, robot).ok for t in children)
    everything = (*parents, *children)
    assert len({t.name for t in everything}) == len({signature(t) for t in everything}) == 25


def test_one_object_is_exchanged_in_objects_formulas_and_words(catalog, parents, children) -> None:
    for child in children:
        assets = [o.asset for o in child.objects]
        parent = next(
            p
            for p in parents
            if p.family == child.family
            and len(p.objects) == len(assets)
            and sum(o.asset != a for o, a in zip(p.objects, assets, strict=True)) == 1
        )
        (new,) = [o for o in child.objects if o not in parent.objects]
        (old,) = [o for o in parent.objects if o not in child.objects]
        assert new.role == old.role
        assert child.goal == re.sub(rf"\b{old.name}\b", new.name, parent.goal)
        assert catalog.asset(new.asset).noun in child.instruction
        assert len(set(child.paraphrases)) >= 5


def test_the_same_seed_gives_the_same_and_fewer_are_the_first_of_them(catalog, robot, parents, children) -> None:
    assert mutations(parents, catalog, robot, count=5, seed=0) == children[:5]
    assert mutations(parents, catalog, robot, count=5, seed=1) != children[:5]


def test_what_the_words_do_not_name_is_not_exchanged(catalog, parents) -> None:
    mute = parents[0].model_copy(update={"instruction": "Do what I showed you."})
    assert all(exchanged(mute, catalog, stream(seed, "t")) is None for seed in range(20))


def test_nothing_to_mutate_is_said_plainly(catalog, robot) -> None:
    with pytest.raises(InvalidInputError, match="Only 0 of 3 mutations of 0 tasks"):
        mutations([], catalog, robot, count=3, seed=0)
