"""Geometric perception: clusters and their parts matched to the catalogue's meshes by colour and size; needs no key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from demo_solvers.path3d.clouds import Array, Cloud
from demo_solvers.path3d.matching import match
from demo_solvers.path3d.perception import Sighting, Thing, named_points, not_found, observed, standing
from demo_solvers.path3d.references import Reference, References
from demo_solvers.path3d.robot_shape import RobotShape
from demo_solvers.path3d.segments import Segment, clusters, parts
from demo_solvers.path3d.support import paint
from pipeline.core.doors import Catalog
from pipeline.core.goal import atoms
from pipeline.core.seeing import SeeingProblem, View
from pipeline.holds import parse

FLAT = 0.002  # m of height below which a reference is paint


class GeometricPerceiver:
    """Plane removal, Euclidean clusters, parts of them, and a joint match of all queries."""

    name = "geometric"

    def __init__(self, catalog: Catalog) -> None:
        self.catalog, self.references = catalog, References(catalog)
        self._shapes: dict[str, RobotShape] = {}

    def perceive(self, problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array) -> Sighting:
        """What is seen of world ``row``; raises :class:`Unseen`."""
        cloud, support = observed(problem, views, row, joints, self.shape_of(problem))
        above = standing(cloud, support)
        patches = paint(cloud, support)
        everything = Cloud.joined([above, *patches])
        segments = clusters(above)
        segments += [part for cluster in list(segments) for part in parts(above, cluster)]
        flats, first, number = list[Segment](), len(above), max((s.cluster for s in segments), default=-1) + 1
        for patch in patches:
            flats.append(Segment(np.arange(first, first + len(patch)), number + len(flats), "paint"))
            first += len(patch)
        wanted = references_of(problem, self.references)
        solid = {n: r for n, r in wanted.items() if r.extents[2] > FLAT}
        painted = {n: r for n, r in wanted.items() if n not in solid}
        found = {**match(everything, segments, solid), **match(everything, flats, painted)}
        if missing := [name for name in wanted if name not in found]:
            raise not_found(missing, f"{len(segments)} clusters and parts, {len(flats)} painted patches, none like it")
        things = {}
        for name, chosen in found.items():
            mine = everything.of(chosen.segment.index)
            thing = Thing(name, mine, named_points(mine), flat=name in painted)
            whole = next(s for s in (*segments, *flats) if s.whole and s.cluster == chosen.segment.cluster)
            rest = np.setdiff1d(whole.index, chosen.segment.index)
            things[name] = replace(thing, touching=everything.of(rest))
        return Sighting(support, things, above, cloud, {n: m.cost for n, m in found.items()})

    def cloud(self, problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array) -> Cloud:
        """All points of world ``row`` but the robot's; raises :class:`Unseen`."""
        return observed(problem, views, row, joints, self.shape_of(problem))[0]

    def shape_of(self, problem: SeeingProblem) -> RobotShape:
        """The robot's own shape, read once."""
        key = problem.robot.sha256
        if key not in self._shapes:
            self._shapes[key] = RobotShape(problem.robot, self.catalog)
        return self._shapes[key]


def references_of(problem: SeeingProblem, references: References) -> dict[str, Reference]:
    """The references of all queries and of the links that the goal speaks of."""
    assets = {q.name: q.asset for q in problem.queries}
    found = {name: references.of(asset) for name, asset in assets.items()}
    for atom in atoms(parse(problem.goal)):
        for argument in atom.args:
            name, _, link = argument.partition("/")
            if link and name in assets:
                found[argument] = references.of(assets[name], link)
    return found
