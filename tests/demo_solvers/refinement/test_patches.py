"""Patches: each changes a program in one way, in words, and nothing that cannot be carried out gets through."""

import pytest
from pydantic import TypeAdapter, ValidationError

from demo_solvers.refinement.patches import (
    InsertStage,
    MoveStage,
    Patch,
    Proposal,
    Regrasp,
    RemoveStage,
    Reopen,
    ReplaceStages,
    SetAxis,
    SetKeypoint,
    SetParameter,
    SlowDown,
    all_in_words,
    apply,
    check,
    patched,
)
from demo_solvers.skill import SKILLS
from pipeline.core.errors import InvalidInputError
from pipeline.core.program import Program, Relation, Stage

PICK = Stage(skill="pick", body="mug")
PLACE = Stage(skill="place", body="mug", relations=(Relation(predicate="on", anchor="plate"),))
PROGRAM = Program(stages=(PICK, PLACE))


@pytest.fixture(scope="module")
def layout(problem):
    return problem("(on mug plate)", "mug", "plate").layout


def named(program):
    return [s.skill for s in program.stages]


def test_stages_are_added_left_out_moved_and_replaced():
    opened = apply(PROGRAM, Reopen(stage=0, body="cabinet/top_drawer"))
    assert named(opened) == ["open", "pick", "place"]
    assert opened.stages[0].post == "(is_open cabinet/top_drawer)"
    assert named(apply(PROGRAM, InsertStage(stage=2, new=PICK))) == ["pick", "place", "pick"]
    assert named(apply(PROGRAM, RemoveStage(stage=0))) == ["place"]
    assert named(apply(opened, MoveStage(stage=1, count=2, to=0))) == ["pick", "place", "open"]
    assert named(apply(opened, ReplaceStages(stage=1, count=2, new=(PLACE,)))) == ["open", "place"]


def test_a_parameter_at_its_default_is_not_written_so_that_equal_programs_have_equal_digests():
    default = SKILLS.get("pick").signature.parameters["lift"].default
    changed = apply(PROGRAM, SetParameter(stage=0, name="lift", value=0.2))
    assert changed.stages[0].parameters == {"lift": 0.2}
    assert changed.digest != PROGRAM.digest
    assert apply(changed, SetParameter(stage=0, name="lift", value=default)).digest == PROGRAM.digest


def test_to_slow_down_scales_every_pace_and_stays_in_range():
    declared = SKILLS.get("pick").signature.parameters
    slower = apply(PROGRAM, SlowDown(stage=0, factor=0.5)).stages[0].parameters
    assert slower == {n: pytest.approx(0.5 * declared[n].default) for n in ("speed", "effort")}
    slowest = PROGRAM
    for _ in range(8):
        slowest = apply(slowest, SlowDown(stage=0, factor=0.2))
    assert slowest.stages[0].parameters == {n: declared[n].low for n in ("speed", "effort")}


def test_to_regrasp_leaves_out_more_and_more_grasps():
    once = apply(PROGRAM, Regrasp(stage=0))
    assert once.stages[0].parameters == {"skip": 1.0}
    assert apply(once, Regrasp(stage=0, by=2)).stages[0].parameters == {"skip": 3.0}
    with pytest.raises(InvalidInputError, match="place chooses no grasps"):
        apply(PROGRAM, Regrasp(stage=1))


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        (SetParameter(stage=0, name="lift", value=3.0), r"lift is 3.0; allowed: 0.03 to 0.3 m"),
        (SetParameter(stage=0, name="lifd", value=0.1), "did you mean 'lift'"),
        (SetParameter(stage=0, name="region", value="knob"), "allowed: any, top"),
        (SetKeypoint(stage=0, keypoint="spout"), "has no point 'spout'"),
        (SetAxis(stage=0, axis="pull"), "has no axis 'pull'"),
        (RemoveStage(stage=2), "the program has stages 0 to 1"),
        (InsertStage(stage=0, new=Stage(skill="juggle", body="mug")), "no skill 'juggle'"),
        (InsertStage(stage=0, new=Stage(skill="pick", body="mog")), "did you mean 'mug'"),
        (InsertStage(stage=0, new=Stage(skill="pick", body="robot")), "no body 'robot' to work on"),
        (InsertStage(stage=0, new=Stage(skill="place", body="mug")), "place is not told where to"),
        (InsertStage(stage=0, new=PICK.model_copy(update={"post": "(hot mug)"})), "unknown predicate"),
        (
            InsertStage(
                stage=0, new=Stage(skill="push", body="mug", relations=(Relation(predicate="on", anchor="mug"),))
            ),
            "no relation 'on'; allowed: within",
        ),
    ],
)
def test_what_cannot_be_carried_out_is_refused_with_what_is_allowed(layout, patch, told):
    with pytest.raises(InvalidInputError, match=told):
        patched(PROGRAM, Proposal(patches=(patch,)), layout)


def test_a_program_without_stages_is_no_program(layout):
    with pytest.raises(InvalidInputError, match="remove_stage"):
        patched(Program(stages=(PICK,)), Proposal(patches=(RemoveStage(stage=0),)), layout)


def test_who_refined_a_program_follows_its_author(layout):
    first = patched(PROGRAM, Proposal(patches=(Regrasp(stage=0),)), layout)
    assert first.author == "search+procedural"
    again = patched(first, Proposal(patches=(Regrasp(stage=0),), author="a_model"), layout)
    assert again.author == "search+a_model"
    check(again, layout)


def test_patches_are_told_apart_by_their_kind_in_json():
    adapter = TypeAdapter(Patch)
    for patch in (Regrasp(stage=0), SlowDown(stage=1, factor=0.5), InsertStage(stage=0, new=PICK)):
        assert adapter.validate_json(patch.model_dump_json()) == patch
    with pytest.raises(ValidationError, match="does not match any of the expected tags"):
        adapter.validate_json('{"kind": "explode", "stage": 0}')
    with pytest.raises(ValidationError, match="Extra inputs"):
        adapter.validate_json('{"kind": "regrasp", "stage": 0, "code": "import os"}')


def test_each_patch_is_told_against_the_program_that_the_ones_before_it_left():
    words = all_in_words(Proposal(patches=(RemoveStage(stage=0), SlowDown(stage=0, factor=0.5))), PROGRAM)
    assert words == ("without stage 0 (pick mug)", "stage 0 (place mug on plate): 0.5 times as fast")
