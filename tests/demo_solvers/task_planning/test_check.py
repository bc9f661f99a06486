"""What is wrong with a program, each fault in words that its author can act on."""

from __future__ import annotations

from typing import Any

import pytest

from demo_solvers.task_planning.check import Fault, check_program
from demo_solvers.task_planning.plan import Plan, plan
from pipeline.core.doors import Problem
from pipeline.core.layout import SceneLayout
from pipeline.core.program import Program, Relation, Stage, Target

TOP = "cabinet/top_drawer"


@pytest.fixture(scope="module")
def kitchen(problem) -> Problem:
    return problem(f"(inside mug {TOP})", "mug", "block_red", "plate", "carton", "zone_red", "cabinet", worlds=1)


@pytest.fixture(scope="module")
def layout(kitchen: Problem) -> SceneLayout:
    return kitchen.layout


def on(anchor: str, predicate: str = "on") -> tuple[Relation, ...]:
    return (Relation(predicate=predicate, anchor=anchor),)


def pick(body: str = "mug", **more: Any) -> Stage:
    return Stage(skill="pick", body=body, **more)


def place(body: str = "mug", **more: Any) -> Stage:
    return Stage(skill="place", body=body, **{"relations": on("plate"), **more})


def faults(layout: SceneLayout, *stages: Stage, held: str | None = None) -> tuple[Fault, ...]:
    return check_program(Program(stages=stages), layout, held=held)


def test_a_planned_program_has_no_faults(kitchen: Problem, layout: SceneLayout, simulator) -> None:
    found = plan(kitchen.task.goal, simulator.load(kitchen.scenes))
    assert isinstance(found, Plan)
    assert check_program(found.program, layout) == ()


@pytest.mark.parametrize(
    ("stage", "kind", "words"),
    [
        (
            Stage(skill="grab", body="mug"),
            "unknown_skill",
            ("no skill 'grab'", "allowed: close", "place, pour, press"),
        ),
        (pick("cup"), "unknown_body", ("no body 'cup'", "mug")),
        (pick("mugg"), "unknown_body", ("did you mean 'mug'?",)),
        (pick("robot"), "unknown_body", ("no body 'robot' to work on",)),
        (pick("cabinet"), "wrong_body", ("'cabinet' is fixed", "allowed: mug, block_red, plate, carton")),
        (pick("carton"), "wrong_body", ("'carton' has no grasp", "push it")),
        (Stage(skill="open", body="mug"), "wrong_body", ("'mug' has none", TOP)),
        (pick(parameters={"force": 3.0}), "unknown_parameter", ("no parameter 'force'", "lift")),
        (pick(parameters={"lift": 9.0}), "out_of_range", ("lift is 9.0", "0.03 to 0.3 m")),
        (pick(parameters={"lift": "high"}), "out_of_range", ("lift is 'high'",)),
        (pick(keypoint="spout"), "unknown_keypoint", ("no point 'spout'",)),
        (pick(axis="pull"), "unknown_axis", ("no axis 'pull'", "x, y, z")),
        (pick(pre="(holdin mug)"), "formula", ("pre cannot be read", "did you mean 'holding'")),
        (pick(post="(holding cup)"), "formula", ("post cannot be read", "unknown object")),
        (pick(post="(and (holding mug)"), "formula", ("')' is missing",)),
        (pick(post="(is_open mug)"), "formula", ("'mug' is no jointed for 'is_open'", TOP)),
        (pick(post="(inside mug plate)"), "formula", ("'plate' is no container",)),
        (pick(relations=on("plate")), "relation", ("pick takes no relation 'on'", "leave it out")),
        (pick(target=Target(pose=(0, 0, 0, 1, 0, 0, 0))), "target", ("pick takes no target",)),
    ],
)
def test_each_fault_of_a_stage_names_the_thing_and_what_is_allowed(layout, stage, kind, words) -> None:
    (fault,) = faults(layout, stage)
    assert (fault.kind, fault.stage) == (kind, 0)
    assert fault.message.startswith(f"Stage 0 ({stage}): ")
    for word in words:
        assert word in fault.message


@pytest.mark.parametrize(
    ("second", "kind", "words"),
    [
        (place(relations=on("plate", "under")), "relation", ("no relation 'under'", "on, inside, within")),
        (place(relations=on("tray")), "unknown_body", ("no body 'tray' to be on", "plate")),
        (place(relations=on("plate", "inside")), "relation", ("'plate' is no container", TOP)),
        (place(relations=on("mug")), "relation", ("'mug' cannot be on itself",)),
        (place(relations=()), "relation", ("not told where to", "on, inside, within")),
        (place(relations=(), target=Target(pose=(0, 0, 0, 1, 0, 0, 0), frame="tray")), "unknown_body", ("'tray'",)),
    ],
)
def test_a_place_that_cannot_be_is_told_where_it_could_be(layout, second, kind, words) -> None:
    (fault,) = faults(layout, pick(), second)
    assert (fault.kind, fault.stage) == (kind, 1)
    for word in words:
        assert word in fault.message


def test_what_is_not_in_the_hand_cannot_be_placed(layout) -> None:
    (fault,) = faults(layout, place())
    assert fault.kind == "hand"
    assert "needs 'mug' in the hand, which is empty; pick 'mug' before it" in fault.message
    assert faults(layout, place(), held="mug") == ()


def test_a_full_hand_takes_and_works_nothing(layout) -> None:
    for skill, body in (("pick", "block_red"), ("open", TOP), ("close", TOP)):
        (fault,) = faults(layout, pick(), Stage(skill=skill, body=body))
        assert (fault.kind, fault.stage) == ("hand", 1)
        assert "needs an empty hand, which holds 'mug'; place 'mug' before it" in fault.message


def test_the_wrong_thing_in_the_hand_is_named(layout) -> None:
    (fault,) = faults(layout, pick("block_red"), place())
    assert "which holds 'block_red'; put 'block_red' down and pick 'mug' before it" in fault.message


def test_a_hand_is_empty_again_after_a_place(layout) -> None:
    assert faults(layout, pick(), place(), pick("block_red"), place("block_red")) == ()


def test_a_target_in_the_frame_of_a_body_is_enough_for_a_place(layout) -> None:
    target = Target(pose=(0, 0, 0.1, 1, 0, 0, 0), frame="plate")
    assert faults(layout, pick(), place(relations=(), target=target)) == ()


def test_all_faults_are_found_at_once(layout) -> None:
    found = faults(layout, pick("cup", parameters={"force": 1.0}), Stage(skill="throw", body="mug"), place())
    assert [(f.stage, f.kind) for f in found] == [
        (0, "unknown_body"), (0, "unknown_parameter"), (1, "unknown_skill"), (2, "hand"),
    ]  # fmt: skip
