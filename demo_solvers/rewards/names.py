"""What the names of a reward stand for in a scene: bodies, keypoints, axes, links; and formulas over them."""

from __future__ import annotations

from collections.abc import Iterable

from demo_solvers.rewards import limits
from demo_solvers.rewards.fault import RewardError, shown
from demo_solvers.rewards.term import Kind
from demo_solvers.rewards.terms.contact import PARTS
from demo_solvers.rewards.tree import Name
from demo_solvers.rewards.truths import has_way_in
from demo_solvers.task_planning.check import misused
from pipeline.core.errors import GoalSyntaxError, UnknownNameError
from pipeline.core.geometry import Vec3
from pipeline.core.goal import Goal, atoms
from pipeline.core.layout import SceneLayout
from pipeline.holds import parse
from pipeline.predicates._fits import SEAT, TIP

TOOL, WORLD = "tool", "world"
LETTERS: dict[str, Vec3] = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
CENTRE, ORIGIN = "centre", "origin"
SHOWN = 300  # characters of what is said about a formula


class Names:
    """The names that a scene has; each method raises :class:`RewardError` at ``place`` with the allowed ones."""

    def __init__(self, layout: SceneLayout) -> None:
        self.layout = layout

    def reserved(self, name: str) -> bool:
        """Whether a let may not be called so."""
        return name in self.layout.bodies or name in (TOOL, WORLD, *PARTS)

    def known(self, node: object, kind: Kind, place: str) -> str:
        """The name of a body, a toucher, a link or something with a way in."""
        allowed = self._allowed(kind)
        if not isinstance(node, Name) or node.member is not None:
            raise RewardError(place, f"expected {WANTED[kind]}, by its name alone", allowed)
        if node.name not in allowed:
            raise RewardError(place, f"{shown(node.name)} is not {WANTED[kind]} of this scene", allowed, node.name)
        return node.name

    def point(self, node: Name, place: str) -> tuple[str, Vec3]:
        """A body and a point of its frame; ``tool`` has its own frame's origin only."""
        self._body(node, place, (TOOL,))
        if node.name == TOOL:
            if node.member is not None:
                raise RewardError(place, f"tool has no point {shown(node.member)}; write tool", (TOOL,))
            return TOOL, (0.0, 0.0, 0.0)
        geometry = self.layout.geometry[node.name]
        x, y, z = geometry.bounds.pose[:3]
        points: dict[str, Vec3] = {CENTRE: (x, y, z), ORIGIN: (0.0, 0.0, 0.0), **geometry.keypoints}
        member = node.member or CENTRE
        if member not in points:
            raise RewardError(place, f"{node.name} has no point {shown(member)}", sorted(points), member)
        return node.name, points[member]

    def direction(self, node: Name, place: str) -> tuple[str, Vec3]:
        """A body, ``tool`` or ``world``, and a direction of its frame."""
        self._body(node, place, (TOOL, WORLD))
        own = {} if node.name in (TOOL, WORLD) else self.layout.geometry[node.name].axes
        axes: dict[str, Vec3] = {**LETTERS, **own}
        if node.member is None or node.member not in axes:
            asked = "" if node.member is None else f" {shown(node.member)}"
            named = [f"{node.name}.{axis}" for axis in sorted(axes)]
            raise RewardError(place, f"{node.name} needs an axis, not{asked or ' itself alone'}", named)
        return node.name, axes[node.member]

    def formula(self, text: str, place: str) -> Goal:
        """A formula whose atoms can be true in this scene."""
        depth = deepest = 0
        for letter in text:
            depth += (letter == "(") - (letter == ")")
            deepest = max(deepest, depth)
        if deepest > limits.DEPTH:
            raise RewardError(place, f"the formula is nested deeper than {limits.DEPTH}")
        try:
            goal = parse(text, tuple(self.layout.geometry))
        except GoalSyntaxError as error:
            raise RewardError(place, str(error)[:SHOWN].rstrip(".")) from None
        for atom in atoms(goal):
            fits = atom.predicate != "inserted" or (
                has_way_in(self.layout, atom.args[0], TIP) and has_way_in(self.layout, atom.args[1], SEAT)
            )
            why = misused(atom, self.layout) or ("" if fits else "the cards have no axis 'insert' with tip and seat")
            if why:
                raise RewardError(place, f"{str(atom)[:SHOWN]} can never be true: {why[:SHOWN].rstrip('.')}")
        return goal

    def _body(self, node: Name, place: str, more: Iterable[str]) -> None:
        allowed = (*self.layout.geometry, *more)
        if node.name not in allowed:
            raise RewardError(place, f"unknown body {shown(node.name)}", allowed, node.name)

    def _allowed(self, kind: Kind) -> tuple[str, ...]:
        bodies = tuple(self.layout.geometry)
        if kind == "toucher":
            return (*self.layout.bodies, *PARTS)
        if kind in ("plug", "socket"):
            return tuple(b for b in bodies if has_way_in(self.layout, b, TIP if kind == "plug" else SEAT))
        return tuple(b for b in bodies if self._jointed(b)) if kind == "link" else bodies

    def _jointed(self, body: str) -> bool:
        try:
            self.layout.joint_of_body(body)
        except UnknownNameError:
            return False
        return True


WANTED: dict[Kind, str] = {
    "body": "a body",
    "toucher": "a body or a part of the robot",
    "link": "a link with a joint",
    "plug": "a body with an axis 'insert' and a point 'tip'",
    "socket": "a body with an axis 'insert' and a point 'seat'",
}
