"""What a stage of a program is to be learned as: its motions, what is seen, and what says that it is done."""

from __future__ import annotations

from collections.abc import Sequence

from demo_solvers.contacts.wish import SLIDING, ContactWish, wishes
from demo_solvers.learning.stage import Fingers, Freedom, LearnedStage
from demo_solvers.skill import SKILLS
from pipeline.core.goal import atoms, literals
from pipeline.core.layout import ROBOT, SceneLayout
from pipeline.core.program import Program, Stage
from pipeline.core.world import WorldState
from pipeline.holds import parse, true_of

PUSHING: tuple[Freedom, ...] = ("x", "y", "yaw")
PRESSING: tuple[Freedom, ...] = ("x", "y", "z")
HELD: tuple[Freedom, ...] = ("x", "y", "z", "roll", "pitch")


def learnable(stage: Stage) -> bool:
    """Whether a stage works on something by touch, or fits what is held into something."""
    signature = SKILLS.get(stage.skill).signature
    return signature.kind == "contact" or "inserted" in signature.relations


def learned_stage(program: Program, number: int, goal: str, layout: SceneLayout) -> LearnedStage:
    """Stage ``number`` of ``program`` for the task's ``goal``, as something to learn.

    The last stage has the whole goal as its own; an earlier one what it says of itself, or what its skill brings about.
    """
    stage, signature = program.stages[number], SKILLS.get(program.stages[number].skill).signature
    formula = goal if number == len(program.stages) - 1 else _brought(stage)
    body, held = stage.body, signature.carries
    named = [arg for atom in atoms(parse(formula)) for arg in atom.args]
    others = tuple(dict.fromkeys(b for b in (*(r.anchor for r in stage.relations), *named) if b != body))
    link = "/" in body
    joints = (layout.joint_of_body(body),) if link else ()
    press = any(wish.manner == "press" for wish in contact_wishes(stage, formula, layout))
    freedoms = HELD if held else PRESSING if press else PUSHING
    fingers: Fingers = "releasing" if held else "kept"
    return LearnedStage(
        name=f"{number}_{stage.skill}_{body.replace('/', '_')}",
        goal=formula,
        body=body,
        others=others,
        joints=joints,
        freedoms=freedoms,
        fingers=fingers,
        # Hands that push faster, or with more of a command ahead of them, touch too hard before they learn anything;
        # what is free slips away under one that presses harder, and a link needs as much to follow.
        speed=0.04 if held else 0.06 if press and not link else 0.1,
        turning=0.15 if held else 0.8,
        leash=0.01 if held else 0.02 if not press else 0.03 if link else 0.012,
        repeat=1 if press else 2,
        decisions=120 if press else 80,
    )


def contact_wishes(stage: Stage, formula: str, layout: SceneLayout) -> tuple[ContactWish, ...]:
    """Where the body of a stage is to be touched, as geometry tells from what is to become true; () where it cannot."""
    return tuple(wish for wish in wishes(parse(formula), layout) if wish.body == stage.body)


def useful(named: Sequence[ContactWish], formula: str, world: WorldState) -> tuple[ContactWish, ...]:
    """Those of ``named`` that serve what is not true yet in all of ``world``: a body that is to go somewhere is pushed
    that way; only one that is there is turned from its sides.
    """
    open_anchors = {
        ROBOT if atom.predicate == "overhanging" else atom.args[1]
        for atom, wanted in literals(parse(formula))
        if wanted and atom.predicate in (*SLIDING, "overhanging") and not true_of(atom, world).all()
    }
    towards = [wish for wish in named if wish.toward in open_anchors]
    turning = [wish for wish in named if wish.toward is None]
    return tuple(towards or turning or named)


def _brought(stage: Stage) -> str:
    """What a stage is to make true."""
    if stage.post is not None:
        return stage.post
    said = [f"({r.predicate} {stage.body} {r.anchor})" for r in stage.relations]
    if said:
        return said[0] if len(said) == 1 else f"(and {' '.join(said)})"
    brings = SKILLS.get(stage.skill).signature.brings
    return (brings or "(at_rest {body})").format(body=stage.body)
