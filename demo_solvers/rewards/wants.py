"""Wants: what each literal of a goal asks of a hand: where to touch, what to hold, and what has to come to 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from demo_solvers.contacts.wish import SLIDING, TURNING
from demo_solvers.grasping.rim import takes_as_it_lies
from demo_solvers.rewards.tree import KEYWORDS
from demo_solvers.skill import SKILLS, Signature
from pipeline.core.geometry import BodyGeometry
from pipeline.core.goal import Atom, Goal, literals
from pipeline.core.layout import SceneLayout
from pipeline.core.program import Program

FINGER = 0.01  # m; half a fingertip
STANDOFF = 0.015  # m between a pushing finger and the face it will touch
SLIM = 0.08  # m; what every side of is wider cannot be taken as it lies
OUT = 0.05  # m that a body has to stick out for a hand to take it by its edge
RAISED = 0.10  # m; a little more than the predicate asks
END = 0.8  # of the half length of a side at which a push turns a body


@dataclass(frozen=True)
class Want:
    """One literal in the language of rewards; expressions are texts.

    ``sites`` are points to reach before touching ``body``, any of them, ``gap`` a number that is 0 when the literal is
    true, in units of ``unit``, ``scale`` what it is at the start, roughly. ``held`` says that the hand has to take
    ``body``; ``touch`` that touching it is worth something: not where a hand that pushes has to change sides, or has
    it from the beginning. What ``waits`` is reached for once all before it is true.
    """

    name: str
    formula: str
    body: str
    sites: tuple[str, ...]
    gap: str | None
    unit: str = "m"
    scale: float = 0.15
    held: bool = False
    touch: bool = True
    waits: bool = False


def wants(goal: Goal, layout: SceneLayout, program: Program | None = None) -> tuple[Want, ...]:
    """What a goal asks for, in the order of the program's stages, else of the formula.

    A literal that nothing dense is known for has no gap; it still pays when it is true.
    """
    found = [want for atom, positive in literals(goal) for want in _of(atom, layout, program, positive=positive)]
    order = {stage.body: i for i, stage in reversed(list(enumerate(program.stages)))} if program else {}
    return tuple(_together(sorted(found, key=lambda want: order.get(want.body, len(order))), layout))


def _together(found: Sequence[Want], layout: SceneLayout) -> Iterator[Want]:
    """Where a body is that is pushed, and how it is turned, become one gap, since every push changes both.

    A turn counts as far as it moves the corners. Apart, the one that is true at the start would punish any push.
    """
    joined = {
        body: [want for want in found if want.body == body and not want.touch and want.gap is not None]
        for body in dict.fromkeys(want.body for want in found)
    }
    for want in found:
        parts = joined[want.body]
        if {part.unit for part in parts} != {"m", "rad"} or want not in parts:
            yield want
            continue
        yield replace(want, gap=None, waits=True)
        if want == parts[-1]:
            corner = math.hypot(*layout.geometry[want.body].bounds.half[:2])
            gap = " + ".join(f"{_cm(corner)} / 1 rad * {p.gap}" if p.unit == "rad" else str(p.gap) for p in parts)
            formula = " and ".join(part.formula for part in parts)
            yield Want(f"lies_{want.body}"[:60], formula, want.body, (), gap, "m", parts[0].scale, touch=False)


def _of(atom: Atom, layout: SceneLayout, program: Program | None, *, positive: bool) -> Iterator[Want]:
    formula = str(atom) if positive else f"(not {atom})"
    gap = GAPS.get(atom.predicate) if positive else REVERSED.get(atom.predicate)
    name = "_".join([atom.predicate, *(a.replace("/", "_") for a in atom.args)])[:60]
    if not atom.args:
        return
    body = atom.args[0]
    held = _held(atom, layout, program)
    if atom.predicate == "holding" and positive and not takes_as_it_lies(layout.geometry[body]):
        yield from _out_over_an_edge(body, layout)
    expression, unit, scale = (None, "", 1.0) if gap is None else gap(atom, layout)
    pushed = positive and not held and "/" not in body and atom.predicate in (*SLIDING, *TURNING)
    in_hand = _in_hand(body, program)
    sites = () if in_hand else _sites(atom, layout, held=held)
    yield Want(name, formula, body, sites, expression, unit, scale, held, touch=not pushed and not in_hand)


def _held(atom: Atom, layout: SceneLayout, program: Program | None) -> bool:
    """Whether the body has to be carried: as the program does it, else where it can be grasped and has to go up."""
    body = atom.args[0]
    skills = _skills(body, program)
    if skills:
        return any(skill.kind == "grasp" for skill in skills)
    return takes_as_it_lies(layout.geometry[body]) and atom.predicate in CARRIED and body not in layout.fixed


def _in_hand(body: str, program: Program | None) -> bool:
    """Whether the program begins with the body in the hand."""
    skills = _skills(body, program)
    return bool(skills) and skills[0].carries


def _skills(body: str, program: Program | None) -> list[Signature]:
    return [SKILLS.get(s.skill).signature for s in program.stages if s.body == body] if program else []


def _out_over_an_edge(body: str, layout: SceneLayout) -> Iterator[Want]:
    """What lies flat and is too wide is first slid over an edge, pressed from above."""
    ground = next((b for b in layout.geometry if b in layout.fixed and layout.geometry[b].support), None)
    if ground is None or min(layout.geometry[body].bounds.half[:2]) * 2 < SLIM:
        return
    top = layout.geometry[body].bounds.half[2] + FINGER
    gap = f"max(0 m, {_cm(OUT)} - overhang({named(body)}, {named(ground)}))"
    yield Want(f"out_{body.replace('/', '_')}"[:60], "", body, (f"over({named(body)}, {_cm(top)})",), gap, "m", 0.15)


def _sites(atom: Atom, layout: SceneLayout, *, held: bool) -> tuple[str, ...]:
    """The points to reach before touching: at a handle, beside any end, or on the far side of where it has to go."""
    body, shape = atom.args[0], layout.geometry[atom.args[0]]
    for point in ("handle", "grip"):
        if point in shape.keypoints:
            return (f"{named(body)}.{point}",)
    x, y, z = shape.bounds.half
    if "/" in body:
        return (f"offset({named(body)}, {_cm(-x)}, 0 m, {_cm(z)})",)
    if held or atom.predicate in ("holding", "raised"):
        return (f"{named(body)}.centre",)
    if atom.predicate == "aligned":
        ends = ((END * x, side * (y + STANDOFF)) for side in (-1, 1))
        return tuple(f"offset({named(body)}, {_cm(end * a)}, {_cm(end * b)}, 0 m)" for a, b in ends for end in (1, -1))
    if len(atom.args) > 1 and atom.predicate != "overhanging":
        return (f"far_side({named(body)}, {named(atom.args[1])}, {_cm(_radius(shape) + STANDOFF)})",)
    return (f"over({named(body)}, {_cm(z + FINGER)})",)


def _radius(shape: BodyGeometry) -> float:
    return (shape.bounds.half[0] + shape.bounds.half[1]) / 2


def _cm(length: float) -> str:
    return f"{100 * length:.4g} cm"


def named(body: str) -> str:
    """A body as rewards write it."""
    plain = body not in KEYWORDS and all(part.isidentifier() and part.isascii() for part in body.split("/"))
    return body if plain else f'"{body}"'


Gap = Callable[[Atom, SceneLayout], tuple[str, str, float]]
"""Of an atom: a number that is 0 when it is true, its unit, and what it is at the start."""


def _beside(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    a, b = map(named, atom.args[:2])
    return f"planar_distance({a}, {b})", "m", 0.15


def _resting(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    """Its bottom on the surface: the centre above the other's by what both measure upwards."""
    a, b = atom.args
    shape, under = layout.geometry[a], layout.geometry[b]
    area = under.support or under.cavity or under.bounds
    low = area.pose[2] - (0.0 if under.support else area.half[2])
    rise = low - under.bounds.pose[2] + shape.bounds.half[2]
    return f"distance({named(a)}, over({named(b)}, {_cm(rise)}))", "m", 0.25


def _turned(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    a, b = map(named, atom.args)
    return f"heading_error({a}, {b})", "rad", 0.8


def _across(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    a, b = map(named, atom.args)
    return f"abs(90 deg - heading_error({a}, {b}))", "rad", 0.8


def _out(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    a, b = map(named, atom.args)
    return f"max(0 m, {_cm(OUT)} - overhang({a}, {b}))", "m", 0.15


def _fitted(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    """Tilt counts as much as what it puts aside at 10 cm."""
    a, b = map(named, atom.args)
    parts = (f"abs(insert_short({a}, {b}))", f"2 * insert_aside({a}, {b})", f"10 cm / 1 rad * insert_tilt({a}, {b})")
    return " + ".join(parts), "m", 0.20


def _level(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    return f"angle({named(atom.args[0])}.z, world.z)", "rad", 1.0


def _on_its_side(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    return f"abs(alignment({named(atom.args[0])}.z, world.z))", "", 1.0


def _fronted(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    a = atom.args[0]
    axis = "front" if "front" in layout.geometry[a].axes else "x"
    return f"1 + alignment({named(a)}.{axis}, world.x)", "", 1.0


def _lifted(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    return f"max(0 m, {_cm(RAISED)} - lift({named(atom.args[0])}))", "m", RAISED


def _apart(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    a, b = map(named, atom.args[:2])
    return f"distance({a}, {b})", "m", 0.20


def _opened(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    return f"1 - clip(opening({named(atom.args[0])}), 0, 1)", "", 1.0


def _shut(atom: Atom, layout: SceneLayout) -> tuple[str, str, float]:
    return f"clip(opening({named(atom.args[0])}), 0, 1)", "", 1.0


GAPS: dict[str, Gap] = {
    "above": _resting, "aligned": _turned, "behind": _beside, "crosswise": _across, "facing": _fronted,
    "holding": _lifted, "in_front_of": _beside, "inserted": _fitted, "inside": _resting, "is_closed": _shut,
    "is_open": _opened, "left_of": _beside, "lying": _on_its_side, "near": _beside, "on": _resting,
    "overhanging": _out, "pressed": _opened, "raised": _lifted, "right_of": _beside, "touching": _apart,
    "turned_off": _shut, "turned_on": _opened, "upright": _level, "within": _beside,
}  # fmt: skip
REVERSED: dict[str, Gap] = {
    "is_closed": _opened, "is_open": _shut, "pressed": _shut, "turned_off": _opened, "turned_on": _shut,
    "lying": _level, "upright": _on_its_side,
}  # fmt: skip
CARRIED = ("above", "holding", "in_front_of", "inserted", "inside", "on", "raised")
"""Predicates for which a body that can be grasped is carried, where no program says how."""
