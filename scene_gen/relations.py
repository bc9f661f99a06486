"""Lay out relations: joints to their ends, things on, in, within and beside others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.core.doors import Unplaceable
from pipeline.core.geometry import Box
from pipeline.core.goal import Atom, Goal
from pipeline.core.poses import Array, compose, pose, quat_from_yaw, yaw_of
from scene_gen.arrangement import Arrangement
from scene_gen.footprint import Rectangle, bottom, footprint, free
from scene_gen.workspace import DROP, on_table, sample_free

TABLE = "table"
DIRECTIONS = {"left_of": (0.0, 1.0), "right_of": (0.0, -1.0), "in_front_of": (-1.0, 0.0), "behind": (1.0, 0.0)}
LANDINGS = ("on", "inside", "within")
BESIDE = ("near", *DIRECTIONS)
JOINTS = ("is_open", "is_closed")
AGREEABLE = ("upright", "at_rest")
OPEN_SHARE = (0.85, 0.98)  # of the travel: clear of the predicate's 75 % and of the end stop
INTO = 0.010  # m above a cavity's floor: curved bowls carry higher than their deepest point
TRIES = 60

Literals = Sequence[tuple[Atom, bool]]


def conjunction(goal: Goal) -> list[tuple[Atom, bool]]:
    """The literals of one way to reach the goal: the first branch of every ``or``."""
    return list(_literals(goal, positive=True))


def _literals(goal: Goal, *, positive: bool) -> Iterable[tuple[Atom, bool]]:
    if isinstance(goal, Atom):
        return [(goal, positive)]
    if goal.op == "not":
        return _literals(goal.parts[0], positive=not positive)
    parts = goal.parts if (goal.op == "and") == positive else goal.parts[:1]
    return [literal for part in parts for literal in _literals(part, positive=positive)]


def realise(arrangement: Arrangement, literals: Literals, stream: np.random.Generator) -> None:
    """Change ``arrangement`` so that the literals hold once it has settled; raises :class:`Unplaceable`."""
    for atom, positive in literals:
        if atom.predicate in JOINTS:
            _set_joint(arrangement, atom.args[0], stream, opened=(atom.predicate == "is_open") == positive)
    wanted = [atom for atom, positive in literals if positive and atom.predicate not in (*JOINTS, *AGREEABLE)]
    _refuse_unknown(wanted)
    movers = _movers(arrangement, wanted)
    for name, about in _in_order(movers):
        aside = {name, *_above(name, movers), *_below(name, movers)}
        others = {a: r for a, r in _standing(arrangement).items() if a not in aside}
        _place(arrangement, name, about, others, stream)


def set_opening(arrangement: Arrangement, body: str, share: float) -> None:
    """Move a link to a share of its travel from the closed end."""
    joint = arrangement.joint(body)
    travel = (joint.upper - joint.lower) * share
    position = joint.lower + travel if joint.opens == "upper" else joint.upper - travel
    arrangement.joints.setdefault(body.partition("/")[0], {})[joint.name] = float(position)


def _set_joint(arrangement: Arrangement, body: str, stream: np.random.Generator, *, opened: bool) -> None:
    set_opening(arrangement, body, float(stream.uniform(*OPEN_SHARE)) if opened else 0.0)


def _refuse_unknown(wanted: Iterable[Atom]) -> None:
    placeable = (*LANDINGS, *BESIDE)
    for atom in wanted:
        if atom.predicate not in placeable:
            raise Unplaceable(
                f"{atom} cannot be laid out without the robot. Say where things end, by "
                f"{', '.join((*placeable, *JOINTS))}."
            )


def _movers(arrangement: Arrangement, wanted: Iterable[Atom]) -> dict[str, list[Atom]]:
    """The free objects that have to move, each with the relations about it."""
    movers: dict[str, list[Atom]] = {}
    for atom in wanted:
        name = atom.args[0]
        if name not in arrangement.assets or arrangement.assets[name].fixed:
            raise Unplaceable(f"{atom} asks {name!r} to be moved, but it is not a free object.")
        movers.setdefault(name, []).append(atom)
    return movers


def _in_order(movers: dict[str, list[Atom]]) -> list[tuple[str, list[Atom]]]:
    """Movers such that what carries another comes first; raises :class:`Unplaceable` on a circle."""
    left, done = dict(movers), list[tuple[str, list[Atom]]]()
    while left:
        ready = [n for n, about in left.items() if not any(a.args[1].split("/")[0] in left for a in about)]
        if not ready:
            raise Unplaceable(f"The relations of {', '.join(map(repr, left))} refer to each other in a circle.")
        done += [(n, left.pop(n)) for n in ready]
    return done


def _below(name: str, movers: dict[str, list[Atom]]) -> set[str]:
    """What carries ``name`` in the end, down to the table: it shares its footprint."""
    under = {a.args[1].split("/")[0] for a in movers.get(name, []) if a.predicate in LANDINGS}
    return under.union(*(_below(n, movers) for n in under))


def _above(name: str, movers: dict[str, list[Atom]]) -> set[str]:
    """What ``name`` carries or has beside it in the end: it still has to move and gives way."""
    return {n for n, about in movers.items() if any(a.args[1].split("/")[0] == name for a in about)}


def _standing(arrangement: Arrangement) -> dict[str, Rectangle]:
    """Footprints of everything but the table and painted regions."""
    return {
        name: arrangement.footprint(name)
        for name, asset in arrangement.assets.items()
        if name != TABLE and name in arrangement.poses and not asset.can("region")
    }


def _place(
    arrangement: Arrangement,
    name: str,
    about: Sequence[Atom],
    others: dict[str, Rectangle],
    stream: np.random.Generator,
) -> None:
    landing = [a for a in about if a.predicate in LANDINGS and a.args[1] != TABLE]
    beside = [a for a in about if a.predicate in BESIDE]
    if len(landing) > 1:
        raise Unplaceable(f"{name!r} cannot be in several places: {' '.join(map(str, landing))}.")
    if landing:
        _land(arrangement, name, landing[0], others, stream)
    elif beside:
        _beside(arrangement, name, beside, list(others.values()), stream)
    else:
        arrangement.put(name, sample_free(name, arrangement.assets[name], list(others.values()), stream))


def _land(
    arrangement: Arrangement, name: str, atom: Atom, others: dict[str, Rectangle], stream: np.random.Generator
) -> None:
    """Put ``name`` on, in or within the atom's second argument, as near to its middle as others allow."""
    area, lift = _landing(arrangement, atom)
    frame = arrangement.box_pose(atom.args[1], area)
    asset, yaw = arrangement.assets[name], float(yaw_of(frame[3:]))
    height = frame[2] + lift - bottom(asset.links[""])
    for offset in _offsets(area, stream, exact=atom.predicate != "within"):
        spot = compose(frame, pose((*offset, 0.0)))
        at = pose((spot[0], spot[1], height), quat_from_yaw(yaw))
        if free(footprint(asset, tuple(at)), others.values(), DROP):
            arrangement.put(name, at)
            return
    raise Unplaceable(f"No room for {name!r} to make {atom} true; use smaller objects or fewer of them.")


def _landing(arrangement: Arrangement, atom: Atom) -> tuple[Box, float]:
    """The area to land on, as a box in the carrier's frame, and how far above its middle plane to start [m]."""
    shape = arrangement.geometry(atom.args[1])
    if atom.predicate == "inside":
        if shape.cavity is None:
            raise Unplaceable(f"{atom}: {atom.args[1]!r} has no cavity.")
        return shape.cavity, INTO - shape.cavity.half[2]
    area = shape.support or shape.bounds
    return area, area.half[2] + DROP


def _offsets(area: Box, stream: np.random.Generator, *, exact: bool) -> Iterable[tuple[float, float]]:
    """Places in an area: its middle first where that is natural, then anywhere in its inner 60 percent."""
    reach = 0.6 * np.array(area.half[:2])
    if exact:
        yield (0.0, 0.0)
    for _ in range(TRIES):
        x, y = stream.uniform(-reach, reach)
        yield (float(x), float(y))


def _beside(
    arrangement: Arrangement, name: str, about: Sequence[Atom], taken: list[Rectangle], stream: np.random.Generator
) -> None:
    """Stand ``name`` next to one other thing, in the middle of the cone that the direction predicates allow."""
    targets = {a.args[1] for a in about}
    if len(targets) != 1:
        raise Unplaceable(f"{name!r} is to stand beside several things: {', '.join(sorted(targets))}; name one.")
    target = targets.pop()
    middle = arrangement.box_pose(target, arrangement.geometry(target).bounds)[:2]
    heading = np.sum([DIRECTIONS[a.predicate] for a in about if a.predicate in DIRECTIONS] or [(0.0, 0.0)], axis=0)
    asset = arrangement.assets[name]
    reach = _mean_radius(arrangement, target) + float(np.mean(asset.links[""].bounds.half[:2]))
    for _ in range(TRIES):
        angle = _angle(heading, stream)
        at = middle + (reach + stream.uniform(0.03, 0.08)) * np.array([np.cos(angle), np.sin(angle)])
        spot = on_table(asset, at, float(stream.uniform(-np.pi, np.pi)))
        if free(footprint(asset, tuple(spot)), taken, DROP):
            arrangement.put(name, spot)
            return
    raise Unplaceable(f"No room for {name!r} beside {target!r}; use smaller objects or fewer of them.")


def _mean_radius(arrangement: Arrangement, body: str) -> float:
    return float(np.mean(arrangement.geometry(body).bounds.half[:2]))


def _angle(heading: Array, stream: np.random.Generator) -> float:
    if not heading.any():
        return float(stream.uniform(-np.pi, np.pi))
    return float(np.arctan2(heading[1], heading[0]) + stream.uniform(-0.35, 0.35))
