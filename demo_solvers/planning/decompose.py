"""From a goal formula to a program: which skills, on which bodies, in which order."""

from __future__ import annotations

from collections import defaultdict

from demo_solvers.planning.placement import SPATIAL
from pipeline.core.goal import Atom, Goal, literals
from pipeline.core.layout import SceneLayout
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.world import WorldState
from pipeline.holds import holds, parse

# What comes true, or stays so, by doing the rest carefully.
SIDE_CONDITIONS = (("upright", True), ("at_rest", True), ("touching", True), ("holding", False))
CARRIERS = ("on", "inside", "within")


def decompose(goal: str, world: WorldState) -> Program | None:
    """A program for a conjunctive goal from the present state, or None when no skill serves one of its literals.

    Drawers that something is to go into are opened first; then objects are moved, supports before what they carry;
    what is to be closed comes last. Literals that hold by themselves once the rest is done (``at_rest``,
    ``not (holding x)``) need no stage.
    """
    layout = world.layout
    relations: dict[str, list[Relation]] = defaultdict(list)
    opened, closed = list[str](), list[str]()
    formula = parse(goal)
    if _disjunctive(formula):
        return None
    for atom, positive in literals(formula):
        if atom.predicate in SPATIAL and positive:
            relations[atom.args[0]].append(Relation(predicate=atom.predicate, anchor=atom.args[1]))
        elif atom.predicate in ("is_open", "is_closed"):
            (opened if (atom.predicate == "is_open") == positive else closed).append(atom.args[0])
        elif (atom.predicate, positive) not in SIDE_CONDITIONS and not (holds(atom, world) == positive).all():
            return None
    opened += [d for d in _shut_receptacles(relations, world) if d not in opened]
    opened = [d for d in opened if not holds(parse(f"(is_open {d})"), world).all()]
    stages = [Stage(skill="open", body=d, post=f"(is_open {d})") for d in dict.fromkeys(opened)]
    for body in _supports_first(relations):
        moves = _moves(body, relations[body], layout)
        if moves is None:
            return None
        stages += moves
    stages += [Stage(skill="close", body=d, post=f"(is_closed {d})") for d in dict.fromkeys(closed)]
    return Program(stages=tuple(stages)) if stages else None


def _disjunctive(goal: Goal) -> bool:
    """Whether the goal is more than a conjunction of literals."""
    if isinstance(goal, Atom):
        return False
    return (
        goal.op == "or"
        or (goal.op == "not" and not isinstance(goal.parts[0], Atom))
        or any(map(_disjunctive, goal.parts))
    )


def _moves(body: str, relations: list[Relation], layout: SceneLayout) -> list[Stage] | None:
    # The carrier decides the height, so it leads; directions and nearness only restrict it.
    ordered = tuple(sorted(relations, key=lambda r: r.predicate not in CARRIERS))
    post = f"(and {' '.join(f'({r.predicate} {body} {r.anchor})' for r in ordered)})"
    if layout.geometry[body].grasps:
        return [Stage(skill="pick", body=body), Stage(skill="place", body=body, relations=ordered, post=post)]
    if ordered[0].predicate == "within":
        return [Stage(skill="push", body=body, relations=ordered, post=post)]
    return None


def _shut_receptacles(relations: dict[str, list[Relation]], world: WorldState) -> list[str]:
    anchors = [r.anchor for rs in relations.values() for r in rs if r.predicate == "inside" and "/" in r.anchor]
    return [a for a in dict.fromkeys(anchors) if not holds(parse(f"(is_open {a})"), world).all()]


def _supports_first(relations: dict[str, list[Relation]]) -> list[str]:
    """Bodies to move, each after the bodies it is placed relative to; cycles fall back to the written order."""
    order, pending = list[str](), list(relations)
    while pending:
        ready = [b for b in pending if not any(r.anchor in pending and r.anchor != b for r in relations[b])]
        for body in ready or pending[:1]:
            order.append(body)
            pending.remove(body)
    return order
