"""A configuration is composed from a preset and overrides, and a wrong word is answered with the right one."""

from __future__ import annotations

import pytest

from flows.config import RunConfig, compose, presets
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.task import TaskObject, TaskSpec


def test_every_preset_is_the_file_it_is_named_after() -> None:
    assert {"demo", "smoke"} <= set(presets())
    for name in presets():
        assert compose(name) == presets().get(name)


def test_the_demo_asks_for_enough_tasks_to_meet_every_family() -> None:
    demo = compose("demo")
    assert (demo.backend, demo.batch) == ("genesis", 8)
    assert demo.tasks >= 6
    assert demo.demos >= 4


def test_overrides_replace_defaults_and_none_does_not() -> None:
    config = compose("smoke", seed=7, demos=3, robot=None)
    assert (config.seed, config.demos, config.robot) == (7, 3, compose("smoke").robot)


def test_asking_for_one_demonstration_lowers_the_minimum_with_it() -> None:
    assert compose("demo", demos=1).minimum == 1


@pytest.mark.parametrize(("word", "meant"), [("smoek", "smoke"), ("dmeo", "demo")])
def test_a_misspelt_preset_is_answered_with_the_nearest_one(word: str, meant: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Unknown preset '{word}'. Did you mean '{meant}'"):
        compose(word)


def test_a_misspelt_backend_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'genesis'"):
        compose("smoke", backend="genisis")


def test_a_value_out_of_range_names_the_option_and_its_meaning() -> None:
    with pytest.raises(InvalidInputError, match=r"--tasks.*greater than or equal to 1.*got 0.*How many tasks"):
        compose("smoke", tasks=0)


def test_every_field_has_a_docstring_for_help_and_forms() -> None:
    assert all(len(field.description or "") > 10 for field in RunConfig.model_fields.values())


def test_equal_configurations_have_equal_digests_and_others_do_not() -> None:
    task = TaskSpec(
        name="lift",
        family="pick_place",
        instruction="Lift it.",
        objects=(TaskObject(name="a", asset="b"),),
        goal="(x a)",
    )
    assert compose("smoke").digest == compose("smoke").digest
    others = [compose("smoke", seed=1), compose("smoke", given=(task,)), compose("smoke", batch=5)]
    assert len({c.digest for c in [compose("smoke"), *others]}) == 4


def test_presets_propose_only_what_the_solver_solves_whatever_families_there_are() -> None:
    five = ("pick_place", "stack", "push", "articulate", "sequence")
    assert compose("demo").families == compose("smoke").families == five
    assert compose("demo", families=["door"]).families == ("door",)
    with pytest.raises(UnknownNameError, match=r"Unknown family 'dor'. Did you mean 'door'"):
        compose("demo", families=["dor"])
