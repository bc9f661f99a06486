"""Lay out formulas: joints to their ends, then each object where the relations about it send it and its twin agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.core.doors import Unplaceable
from pipeline.core.goal import Atom, Goal
from pipeline.core.poses import compose, inverse
from pipeline.core.registry import Registry
from pipeline.holds import holds
from scene_gen.arrangement import TABLE, Arrangement
from scene_gen.choice import Choice, Sampler
from scene_gen.footprint import Rectangle, footprint, free
from scene_gen.openings import JOINTS, set_joint
from scene_gen.swept import swept
from scene_gen.workspace import Surface

RELATIONS: Registry[Sampler] = Registry("scene_gen.relations", "relation")
LANDINGS = ("on", "inside", "within", "inserted")
# What a relation fills in first binds those after it: the side it lies on, its heading, its place.
ORDER = (
    "upright",
    "lying",
    "aligned",
    "crosswise",
    "facing",
    *LANDINGS,
    "in_a_row",
    "left_of",
    "right_of",
    "in_front_of",
    "behind",
    "near",
)
GRANTED = ("at_rest",)  # true of everything that is laid out
TRIES = 60
MARGIN = 0.01  # m by which things may move while they settle

Literal = tuple[Atom, bool]


def conjunction(goal: Goal) -> list[Literal]:
    """The literals of one way to reach the goal: the first branch of every ``or``."""
    return list(_literals(goal, positive=True))


def _literals(goal: Goal, *, positive: bool) -> Iterable[Literal]:
    if isinstance(goal, Atom):
        return [(goal, positive)]
    if goal.op == "not":
        return _literals(goal.parts[0], positive=not positive)
    parts = goal.parts if (goal.op == "and") == positive else goal.parts[:1]
    return [literal for part in parts for literal in _literals(part, positive=positive)]


def realise(arrangement: Arrangement, literals: Sequence[Literal], stream: np.random.Generator) -> None:
    """Change ``arrangement`` so that the literals hold once it has settled; raises :class:`Unplaceable`.

    Every relation's sampler in :mod:`scene_gen.relations` proposes, and the predicates of all literals about an object
    accept or refuse, in at most ``TRIES`` tries an object.
    """
    for atom, positive in literals:
        if atom.predicate in JOINTS:
            contents = _contents(arrangement, atom.args[0])
            set_joint(arrangement, atom.args[0], stream, opened=JOINTS[atom.predicate] == positive)
            for name, at in contents.items():
                arrangement.put(name, compose(arrangement.body_pose(atom.args[0]), at))
    wanted = [atom for atom, positive in literals if positive and atom.predicate not in (*JOINTS, *GRANTED)]
    _refuse_unknown(wanted)
    unwanted = [atom for atom, positive in literals if not positive and atom.predicate not in JOINTS]
    movers = _movers(arrangement, [*wanted, *_away(arrangement, wanted, unwanted)])
    for name, about in _in_order(movers):
        aside = {name, *_above(name, movers), *_below(name, movers)}
        others = {a: r for a, r in _standing(arrangement).items() if a not in aside}
        checks = [(a, True) for a in about] + [(a, False) for a in unwanted if name in _owners(a.args)]
        _place(arrangement, name, checks, others, stream, shared=_shares_place(name, movers))


def _contents(arrangement: Arrangement, link: str) -> dict[str, np.ndarray]:
    """``T_link_object`` (7,) of the free objects in a link such as a drawer; they move along with it."""
    free = [n for n, a in arrangement.assets.items() if not a.fixed and n in arrangement.poses]
    if not free or link.partition("/")[0] not in arrangement.poses:
        return {}
    world, frame = arrangement.world(), inverse(arrangement.body_pose(link))
    held = [n for n in free if holds(Atom("inside", (n, link)), world)[0]]
    return {n: compose(frame, np.array(arrangement.poses[n])) for n in held}


def _refuse_unknown(wanted: Iterable[Atom]) -> None:
    for atom in wanted:
        if atom.predicate not in RELATIONS:
            raise Unplaceable(
                f"{atom} cannot be laid out without the robot. Say where things end, by "
                f"{', '.join((*RELATIONS, *JOINTS))}."
            )


def _movers(arrangement: Arrangement, wanted: Sequence[Atom]) -> dict[str, list[Atom]]:
    """The free objects that have to move, each with the relations about it."""
    movers: dict[str, list[Atom]] = {}
    for atom in (*wanted, *_row_starts(arrangement, wanted)):
        name = atom.args[0]
        if name not in arrangement.assets or arrangement.assets[name].fixed:
            raise Unplaceable(f"{atom} asks {name!r} to be moved, but it is not a free object.")
        movers.setdefault(name, []).append(atom)
    return {name: about for name, about in movers.items() if not _stands(name, about, arrangement)}


def _stands(name: str, about: Sequence[Atom], arrangement: Arrangement) -> bool:
    """Whether all that is asked of an object is to be upright, as things without a place of their own will be."""
    if any(a.predicate != "upright" for a in about):
        return False
    return name not in arrangement.poses or bool(holds(about[0], arrangement.world())[0])


def _away(arrangement: Arrangement, wanted: Sequence[Atom], unwanted: Sequence[Atom]) -> list[Atom]:
    """What has to leave where it is, and is not sent anywhere else, goes to the table."""
    sent = {a.args[0] for a in wanted}
    leaving = [
        a.args[0] for a in unwanted if a.args[0] in arrangement.poses and _owners(a.args) <= arrangement.poses.keys()
    ]
    free = [n for n in dict.fromkeys(leaving) if n not in sent and not arrangement.assets[n].fixed]
    if not free:
        return []
    touching = [a.args for a in unwanted if a.predicate in LANDINGS]
    world = arrangement.world(touching)  # type: ignore[arg-type]
    return [Atom("on", (n, TABLE)) for n in free if any(holds(a, world)[0] for a in unwanted if a.args[0] == n)]


def _row_starts(arrangement: Arrangement, wanted: Sequence[Atom]) -> list[Atom]:
    """A row begins with two things next to each other, unless its second one has a place of its own."""
    placed = {a.args[0] for a in wanted if a.predicate not in ("upright", "lying", "aligned", "crosswise")}
    rows = [a.args for a in wanted if a.predicate == "in_a_row"]
    starts = {
        b: Atom("near", (b, c)) for _, b, c in rows if b in arrangement.assets and not arrangement.assets[b].fixed
    }
    return [atom for b, atom in starts.items() if b not in placed]


def _in_order(movers: dict[str, list[Atom]]) -> list[tuple[str, list[Atom]]]:
    """Movers such that what others refer to comes first; raises :class:`Unplaceable` on a circle."""
    left, done = dict(movers), list[tuple[str, list[Atom]]]()
    while left:
        ready = [n for n, about in left.items() if not any(_owners(a.args[1:]) & left.keys() for a in about)]
        if not ready:
            raise Unplaceable(f"The relations of {', '.join(map(repr, left))} refer to each other in a circle.")
        done += [(n, left.pop(n)) for n in ready]
    return done


def _owners(bodies: Iterable[str]) -> set[str]:
    """The objects that the bodies belong to."""
    return {body.partition("/")[0] for body in bodies}


def _below(name: str, movers: dict[str, list[Atom]]) -> set[str]:
    """What carries ``name`` in the end, down to the table: it shares its footprint."""
    under = _owners(a.args[1] for a in movers.get(name, []) if a.predicate in LANDINGS)
    return under.union(*(_below(n, movers) for n in under))


def _above(name: str, movers: dict[str, list[Atom]]) -> set[str]:
    """What ``name`` carries or has beside it in the end: it still has to move and gives way."""
    direct = {n for n, about in movers.items() if any(name in _owners(a.args[1:]) for a in about)}
    return direct.union(*(_above(n, movers) for n in direct))


def _shares_place(name: str, movers: dict[str, list[Atom]]) -> bool:
    """Whether something else is to end in or on the same body."""
    carriers = {n: {a.args[1] for a in about if a.predicate in LANDINGS} for n, about in movers.items()}
    return any(carriers[name] & ends for n, ends in carriers.items() if n != name)


def _standing(arrangement: Arrangement) -> dict[str, Rectangle]:
    """What everything but the table and painted regions takes up, the travel of doors and drawers included."""
    return {
        name: swept(asset, np.array(arrangement.poses[name]), arrangement.links(name))
        if asset.joints
        else arrangement.footprint(name)
        for name, asset in arrangement.assets.items()
        if name != TABLE and name in arrangement.poses and not asset.can("region")
    }


def _place(
    arrangement: Arrangement,
    name: str,
    checks: Sequence[Literal],
    others: dict[str, Rectangle],
    stream: np.random.Generator,
    *,
    shared: bool,
) -> None:
    """Try places until one is accepted; what shares its place with others leaves them the middle."""
    about = sorted((a for a, positive in checks if positive), key=lambda a: _rank(a, arrangement))
    _refuse_two_places(name, about)
    refused: Counter[str] = Counter()
    for tried in range(int(shared), TRIES + int(shared)):
        choice = _choose(Choice(name, arrangement.assets[name], tried=tried), about, arrangement, stream)
        why = _objection(arrangement, choice, checks, others)
        if why is None:
            arrangement.put(name, choice.pose())
            return
        refused[why] += 1
    reasons = "; ".join(f"{why} ({count} of {TRIES} tries)" for why, count in refused.most_common(3))
    wish = " ".join(map(str, about))
    raise Unplaceable(f"No room for {name!r} to make {wish} true: {reasons}; use smaller objects or fewer of them.")


def _rank(atom: Atom, arrangement: Arrangement) -> tuple[bool, int]:
    """Relations in ``ORDER``, but standing on a whole table says so little that anything else about the place wins."""
    known = atom.predicate in ORDER
    vague = atom.predicate == "on" and any(s.body == atom.args[1] for s in arrangement.surfaces())
    return vague, ORDER.index(atom.predicate) if known else len(ORDER)


def _refuse_two_places(name: str, about: Sequence[Atom]) -> None:
    landing = [a for a in about if a.predicate in LANDINGS and a.args[1] != TABLE]
    if len(landing) > 1:
        raise Unplaceable(f"{name!r} cannot be in several places: {' '.join(map(str, landing))}.")


def _choose(choice: Choice, about: Sequence[Atom], arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    for atom in about:
        choice = RELATIONS.get(atom.predicate)(choice, atom, arrangement, stream)
    if choice.xy is None:  # only how it stands was asked: anywhere on the table
        choice = RELATIONS.get("on")(choice, Atom("on", (choice.name, TABLE)), arrangement, stream)
    return choice


def _objection(
    arrangement: Arrangement, choice: Choice, checks: Sequence[Literal], others: dict[str, Rectangle]
) -> str | None:
    """Why a choice will not do: something in the way, out of reach, or a relation that would not hold."""
    stands = footprint(choice.asset, choice.pose())
    for other, taken in others.items():
        if not free(stands, [taken], choice.clearance):
            return f"{other!r} is in the way"
    if _too_deep(stands, arrangement, [a for a, positive in checks if positive]):
        return "beyond the arm's reach"
    surface = next((s for s in arrangement.surfaces() if s.height == choice.height), None)
    if surface is not None and not _stands_on(stands, surface, arrangement):
        return f"out of reach or over the edge of the {surface.body}"
    before = arrangement.poses.get(choice.name)
    arrangement.put(choice.name, choice.pose())
    world = arrangement.world([a.args for a, positive in checks if positive and a.predicate in LANDINGS])  # type: ignore[misc]
    wrong = next((a for a, positive in checks if _decided(a, arrangement) and holds(a, world)[0] != positive), None)
    if before is not None:
        arrangement.put(choice.name, before)
    else:
        del arrangement.poses[choice.name]
    return (
        None if wrong is None else f"{wrong} would not come true" if (wrong, True) in checks else f"{wrong} would hold"
    )


def _too_deep(stands: Rectangle, arrangement: Arrangement, about: Sequence[Atom]) -> bool:
    """Whether a thing is to lie so far back in a fixture that no hand gets there; drawers come out to the hand."""
    places = [a.args[1] for a in about if a.predicate == "inside"]
    if not any(p in arrangement.assets and arrangement.assets[p].fixed for p in places):
        return False
    near_side = float(np.hypot(stands.x, stands.y)) - (stands.half_x + stands.half_y) / 2
    return near_side > arrangement.workspace.radius - MARGIN


def _stands_on(stands: Rectangle, surface: Surface, arrangement: Arrangement) -> bool:
    return surface.area.holds(stands) and arrangement.workspace.near(stands.x, stands.y)


def _decided(atom: Atom, arrangement: Arrangement) -> bool:
    """Whether everything that the atom names has a place by now."""
    return all(name in arrangement.poses for name in _owners(atom.args))
