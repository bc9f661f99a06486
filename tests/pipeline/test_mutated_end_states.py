"""A seeded mutator over true end states: each kind of damage, in every state it applies to, and no goal survives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.core.goal import Atom, literals
from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER
from pipeline.core.streams import stream
from pipeline.core.world import WorldState
from pipeline.holds import holds, kinds, parse

if TYPE_CHECKING:
    from tests.pipeline.end_states import CASES, Case
    from tests.pipeline.staging import (
        Edit,
        gripped,
        joint,
        leaned,
        moving,
        settled,
        shifted,
        spinning,
        swapped,
        tampered,
    )
else:
    from end_states import CASES, Case
    from staging import Edit, gripped, joint, leaned, moving, settled, shifted, spinning, swapped, tampered

pytestmark = pytest.mark.physics
DRAWS = 6  # of each mutation in each state
RESTING = ("on", "inside", "within")
Mutation = Callable[[WorldState, Atom, np.random.Generator], Edit | None]


def movable(world: WorldState, atom: Atom) -> bool:
    return atom.args[0] not in world.layout.fixed


def is_a(atom: Atom, *predicates: str) -> bool:
    return atom.predicate in predicates


def raised(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """Up in the air: nothing rests there, nor is anything beside what stands on the table."""
    if not is_a(atom, *RESTING, "near", "touching"):
        return None
    least = {"near": 0.07, "inside": 0.12}.get(atom.predicate, 0.012)
    return shifted(atom.args[0], z=float(draw.uniform(least, 0.3)))


def sunk(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """Down into what carries it."""
    return shifted(atom.args[0], z=-float(draw.uniform(0.012, 0.03))) if is_a(atom, "on", "within") else None


def moved_off(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """Sideways off what carries it, or away from what it is beside."""
    if not is_a(atom, *RESTING, "near", "touching", "above", "in_a_row") or not movable(world, atom):
        return None
    heading, far = draw.uniform(-np.pi, np.pi), draw.uniform(0.6, 0.9) if atom.args[-1] != "table" else 2.0
    return shifted(atom.args[0], float(far * np.cos(heading)), float(far * np.sin(heading)))


def tilted(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """Leaning; on its side for what ought to stand, standing for what ought to lie."""
    if is_a(atom, "upright"):
        return leaned(atom.args[0], float(draw.uniform(20.0, 180.0)), str(draw.choice(["x", "y"])))
    return leaned(atom.args[0], float(draw.choice([-1, 1]) * draw.uniform(40.0, 90.0))) if is_a(atom, "lying") else None


def carrier_tipped(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """What carries it too steep to carry."""
    if not is_a(atom, "on", "inside") or atom.args[1] in world.layout.fixed:
        return None
    return leaned(atom.args[1], float(draw.uniform(35.0, 180.0)), str(draw.choice(["x", "y"])))


def in_motion(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """On its way in any direction, from 2 cm/s."""
    if not movable(world, atom):
        return None
    way = draw.normal(size=3)
    return moving(atom.args[0], tuple(way / np.linalg.norm(way) * draw.uniform(0.021, 1.0)))


def in_a_spin(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """Turning on the spot, from 0.6 rad/s."""
    return spinning(atom.args[0], float(draw.uniform(0.61, 5.0))) if movable(world, atom) else None


def in_the_gripper(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """Between the fingers, where it is; what is to be raised may be held, and so may the vessel that pours."""
    if is_a(atom, "holding", "raised"):
        return None
    args = atom.args[1:] if is_a(atom, "pouring") else atom.args
    return gripped(args[int(draw.integers(len(args)))])


def half_released(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """No longer, or not yet, between both fingers."""
    if not is_a(atom, "holding"):
        return None
    finger = str(draw.choice([LEFT_FINGER, RIGHT_FINGER]))

    def edit(state: WorldState) -> WorldState:
        a, b = state.layout.body(atom.args[0]), state.layout.body(finger)
        state.contact[:, a, b] = state.contact[:, b, a] = False
        return state

    return edit


def exchanged(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """Each where the other should be."""
    if not is_a(atom, "on", "above", "left_of", "right_of", "in_front_of", "behind"):
        return None
    free = movable(world, atom) and atom.args[1] not in world.layout.fixed
    return swapped(*atom.args[:2]) if free else None


def joint_adrift(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """A bit open where it ought to be shut, not quite open where it ought to be open."""
    if kinds(atom.predicate) != ("jointed",):
        return None
    name = world.layout.joint_of_body(atom.args[0])
    spec = world.layout.joint_specs[name]
    travel = spec.upper - spec.lower
    least = max(0.02 * travel, 0.005 if spec.kind == "prismatic" else np.deg2rad(1.0))
    ranges = {
        "is_closed": (least * 1.01, travel),
        "is_open": (0.0, 0.749 * travel),
        "turned_on": (0.0, 0.499 * travel),
        "pressed": (0.0, 0.499 * travel),
        "turned_off": (0.051 * travel, travel),
    }
    return joint(name, spec.lower + float(draw.uniform(*ranges[atom.predicate])))


def joint_in_motion(world: WorldState, atom: Atom, draw: np.random.Generator) -> Edit | None:
    """Passing through where it ought to stay."""
    if kinds(atom.predicate) != ("jointed",):
        return None
    name = world.layout.joint_of_body(atom.args[0])
    speed = float(draw.choice([-1, 1]) * draw.uniform(0.61, 2.0))
    return joint(name, world.joint_position(name).item(), speed)


MUTATIONS: tuple[Mutation, ...] = (
    raised,
    sunk,
    moved_off,
    tilted,
    carrier_tipped,
    in_motion,
    in_a_spin,
    in_the_gripper,
    half_released,
    exchanged,
    joint_adrift,
    joint_in_motion,
)


def mutants(mutation: Mutation) -> list[tuple[Case, WorldState]]:
    """Every mutant of every true state, each of one positive literal of the goal."""
    made: list[tuple[Case, WorldState]] = []
    for case in CASES:
        world = tampered(settled(*case.true.things), *case.true.edits)
        draw = stream(5, "mutate", mutation.__name__, case.name)
        for atom in [a for a, positive in literals(parse(case.goal)) if positive]:
            edits = [mutation(world, atom, draw) for _ in range(DRAWS)]
            made += [(case, tampered(world, edit)) for edit in edits if edit is not None]
    return made


def test_the_mutator_makes_hundreds_of_false_states():
    assert sum(len(mutants(m)) for m in MUTATIONS) >= 500


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.__name__)
def test_no_goal_survives(mutation: Mutation):
    made = mutants(mutation)
    assert len(made) >= DRAWS
    survivors = [f"{case.name}: {case.goal}" for case, world in made if holds(parse(case.goal), world).any()]
    assert survivors == []
