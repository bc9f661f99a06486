"""Geometric perception: clusters and their parts matched to the catalogue's meshes by colour and size; needs no key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from demo_solvers.path3d.articulation import Fit, fit, of_link
from demo_solvers.path3d.clouds import Array, Cloud, Ints
from demo_solvers.path3d.matching import match
from demo_solvers.path3d.perception import Sighting, Thing, named_points, not_found, observed, standing
from demo_solvers.path3d.references import Reference, References
from demo_solvers.path3d.robot_shape import RobotShape
from demo_solvers.path3d.segments import Segment, clusters, parts, parts_like
from demo_solvers.path3d.support import paint
from pipeline.core.doors import Catalog
from pipeline.core.goal import atoms
from pipeline.core.seeing import SeeingProblem, View
from pipeline.holds import parse

JOINED = 0.022  # m; a link may stand so far off the rest of its thing
LEAST_JOINTED = 60  # points of a link that swings
MOST_FITTED = 3  # clusters, the largest, that a drawing is fitted to
FITS = 0.010  # m of mean distance, up to which a drawing explains a cluster
CRUMBS = 0.10  # of a cluster's points, such as a shaded edge: fewer are no other thing
FLAT = 0.002  # m of height below which a reference is paint


@dataclass(frozen=True, eq=False)
class Jointed:
    """Things with swinging links, and how these stand."""

    things: dict[str, Thing]
    fits: dict[str, Fit]


class GeometricPerceiver:
    """Plane removal, Euclidean clusters, parts of them, and a joint match of all queries."""

    name = "geometric"

    def __init__(self, catalog: Catalog, *, pictures: Path | None = None) -> None:
        self.catalog, self.references = catalog, References(catalog, pictures=pictures)
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
        swung = jointed_links(problem, wanted)
        jointed = self._jointed(swung, wanted, above, clusters(above, gap=JOINED) if swung else [], support.height)
        wanted = {n: r for n, r in wanted.items() if n not in jointed.things}
        solid = {n: r for n, r in wanted.items() if not r.extents[2] <= FLAT}  # of unknown height, too
        painted = {n: r for n, r in wanted.items() if n not in solid}
        if len(solid) > 1:
            palettes = [r.palette for r in solid.values()]
            segments += [part for s in segments if s.whole for part in parts_like(above, s, palettes)]
        found = {**match(everything, segments, solid), **match(everything, flats, painted)}
        things = {}
        for name, chosen in found.items():
            whole = next(s for s in (*segments, *flats) if s.whole and s.cluster == chosen.segment.cluster)
            alone = sum(m.segment.cluster == whole.cluster for m in found.values()) == 1
            index = whole_of(chosen.segment.index, whole.index) if alone else chosen.segment.index
            mine, rest = everything.of(index), np.setdiff1d(whole.index, index)
            thing = Thing(name, mine, named_points(mine), flat=name in painted)
            things[name] = replace(thing, touching=everything.of(rest))
        things |= jointed.things
        seen = Sighting(support, things, above, cloud, {n: m.cost for n, m in found.items()}, jointed.fits)
        if missing := [name for name in wanted if name not in found]:
            told = f"{len(segments)} clusters and parts, {len(flats)} painted patches, none like it"
            raise not_found(missing, told, partly=seen)
        return seen

    def cloud(self, problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array) -> Cloud:
        """All points of world ``row`` but the robot's; raises :class:`Unseen`."""
        return observed(problem, views, row, joints, self.shape_of(problem))[0]

    def _jointed(
        self, links: list[str], wanted: dict[str, Reference], above: Cloud, segments: list[Segment], floor: float
    ) -> Jointed:
        """Things with a link that swings: the cluster that the drawing explains best, at a position of its joint."""
        found = Jointed({}, {})
        for name in links:
            owner = name.partition("/")[0]
            base, link = self._parts(wanted[name])
            whole = [s for s in segments if s.kind == "cluster" and len(s.index) > LEAST_JOINTED]
            fits = [(fit(above.points[s.index], base, link, floor=floor), s) for s in whole[:MOST_FITTED]]
            fits = [(f, s) for f, s in fits if f.error < FITS]
            if not fits:
                raise not_found([name], f"{len(whole)} clusters, none that the drawing explains")
            best, segment = min(fits, key=lambda pair: pair[0].error)
            cloud = above.of(segment.index)
            mine = of_link(cloud.points, best, base, link)
            if mine.sum() < LEAST_JOINTED:
                raise not_found([name], "a cluster like it, but without that link")
            found.fits[name] = best
            found.things[name] = Thing(name, cloud.of(mine), named_points(cloud.of(mine)), touching=cloud.of(~mine))
            found.things[owner] = Thing(owner, cloud, named_points(cloud))
        return found

    def _parts(self, link: Reference) -> tuple[Reference, Reference]:
        """A thing as drawn without its ``link``, where all other links count as shut, and the link, both densely."""
        asset, _, own = link.name.partition("/")
        still = [self.references.dense(asset, other) for other in self.references.links(asset) if other != own]
        base = replace(self.references.of(asset), points=np.concatenate(still))
        return base, replace(link, points=self.references.dense(asset, own))

    def shape_of(self, problem: SeeingProblem) -> RobotShape:
        """The robot's own shape, read once."""
        key = problem.robot.sha256
        if key not in self._shapes:
            self._shapes[key] = RobotShape(problem.robot, self.catalog)
        return self._shapes[key]


def jointed_links(problem: SeeingProblem, wanted: Mapping[str, Reference]) -> list[str]:
    """Links whose joint is read off a fit of the drawing: those that swing, and those that slide open or shut."""
    swung = [name for name, r in wanted.items() if r.hinge is not None and r.hinge.kind == "revolute"]
    slid = [a.args[0] for a in atoms(parse(problem.goal)) if a.predicate in ("is_open", "is_closed")]
    return list(dict.fromkeys([*swung, *(name for name in slid if "/" in name)]))


def whole_of(part: Ints, whole: Ints) -> Ints:
    """The points (n,) of a thing that is alone in its cluster: all of them, if what its part leaves is a few crumbs."""
    return whole if len(part) > (1 - CRUMBS) * len(whole) else part


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
