"""The plan as data: sub-goals with a question each, from the goal's formula, and 3D paths of a few waypoints."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field

from pipeline.core.geometry import Frozen, Vec3
from pipeline.core.goal import Atom, literals
from pipeline.holds import parse

MOST = 20  # waypoints of a path
TABLE = "table"

Verb = Literal["grasp", "lift", "place", "push", "pull", "press", "rotate", "pour"]
OBJECT_CENTRIC = ("grasp", "place")
Quat = Annotated[tuple[float, float, float, float], Field(description="w x y z")]
LANDINGS = ("on", "inside", "within", "inserted", "near")
HELD = ("holding", "raised", "above")


class Action(Frozen):
    """One action: object-centric ones say what and where to, agent-centric ones how the hand moves."""

    verb: Verb
    thing: str
    to: str | None = Field(default=None, description="where it is put, pushed or raised over")
    relation: str | None = Field(default=None, description="predicate that holds between the two afterwards")
    over: str | None = Field(default=None, description="of grasps: what it is to be tipped over in this hand")

    def __str__(self) -> str:
        return " ".join(filter(None, (self.verb, self.thing, self.relation, self.to)))


class SubGoal(Frozen):
    """An action, the yes/no question that tells whether it worked, and the view that shows it best."""

    action: Action
    question: str
    view: str = Field(default="", description="camera that answers it best; '' = all together")


class Waypoint(Frozen):
    """A tool pose on the way, how to get there, and what the gripper does on arrival."""

    position: Vec3 = Field(description="m, world frame")
    quat: Quat = Field(description="of the tool: +z approaches, +y closes")
    motion: Literal["free", "straight"] = Field(
        default="free", description="free: planned around everything; straight: a line, for contact"
    )
    gripper: float | None = Field(default=None, ge=0, description="opening [m] to set on arrival; None leaves it")
    note: str = Field(default="", max_length=80)


class Path3D(Frozen):
    """At most 20 waypoints for one action."""

    action: Action
    waypoints: tuple[Waypoint, ...] = Field(min_length=1, max_length=MOST)
    author: str = "geometric"


class Unplannable(Frozen):
    """What of the goal no action brings about."""

    literal: str
    reason: str


def sub_goals(
    goal: str, *, graspable: dict[str, bool], sliding: Collection[str] = ()
) -> tuple[SubGoal, ...] | Unplannable:
    """The sub-goals of a goal in order; ``graspable`` says of seen things whether the hand can close on them.

    Links that are ``sliding`` move along rails, others swing.

    Landings come first in the order of the formula, then what has to be held, or poured out of, at the end. Literals
    that only have to stay true (upright, at rest) need no action; the final judgement is not the solver's.
    """
    landed, joints, held = list[SubGoal](), list[SubGoal](), dict[str, Atom]()
    atoms = list(literals(parse(goal)))
    moved = {a.args[0] for a, positive in atoms if positive and a.predicate in LANDINGS and a.args[1:] != (TABLE,)}
    standing = {a.args[0] for a, positive in atoms if positive and a.predicate == "upright"}
    for atom, positive in atoms:
        name = atom.args[0]
        if not positive:
            return Unplannable(literal=f"(not {atom})", reason="nothing is known to undo it from what is seen")
        if atom.predicate in LANDINGS:
            if atom.args[1] == TABLE and (name in moved or name in standing):
                continue
            landed += _landing(atom, graspable=graspable.get(name, True))
        elif atom.predicate in HELD:
            if name not in held or (atom.predicate == "above" and held[name].predicate != "pouring"):
                held[name] = atom
        elif atom.predicate == "pouring":
            held[name] = atom
        elif atom.predicate == "pressed":
            joints.append(_sub_goal(Action(verb="press", thing=name), f"Is the {name} pressed down?"))
        elif atom.predicate in ("is_open", "is_closed"):
            verb: Verb = "pull" if name in sliding else "rotate"
            action = Action(verb=verb, thing=name, relation=atom.predicate)
            joints.append(_sub_goal(action, f"Is the {name} {atom.predicate.removeprefix('is_')}?"))
        elif atom.predicate not in ("upright", "at_rest"):
            return Unplannable(literal=str(atom), reason=f"no action of path3d brings about {atom.predicate!r}")
    for name, atom in held.items():
        over = atom.args[1] if atom.predicate == "above" else None
        grasp = Action(verb="grasp", thing=name, over=atom.args[1] if atom.predicate == "pouring" else None)
        joints.append(_sub_goal(grasp, f"Is the {name} between the fingers?"))
        if atom.predicate == "pouring":
            to = atom.args[1]
            joints.append(_sub_goal(Action(verb="pour", thing=name, to=to), f"Is the {name} tipped over the {to}?"))
            continue
        where = f"above the {over}" if over else "well above the table"
        joints.append(_sub_goal(Action(verb="lift", thing=name, to=over), f"Is the {name} in the hand, {where}?"))
    return (*landed, *joints)


def _landing(atom: Atom, *, graspable: bool) -> list[SubGoal]:
    name, to = atom.args
    question = f"Is the {name} {atom.predicate} the {to}, and let go?"
    if not graspable:
        return [_sub_goal(Action(verb="push", thing=name, to=to, relation=atom.predicate), question)]
    return [
        _sub_goal(Action(verb="grasp", thing=name), f"Is the {name} between the fingers?"),
        _sub_goal(Action(verb="place", thing=name, to=to, relation=atom.predicate), question),
    ]


def _sub_goal(action: Action, question: str) -> SubGoal:
    return SubGoal(action=action, question=question)
