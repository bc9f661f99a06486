"""Labelled perception: masks from the simulator's segmentation, an upper bound that no real robot has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from demo_solvers.path3d.clouds import Array, Cloud
from demo_solvers.path3d.geometric import GeometricPerceiver, jointed_links, references_of
from demo_solvers.path3d.perception import Sighting, Thing, named_points, not_found, observed, standing
from demo_solvers.path3d.segments import Segment, clusters
from demo_solvers.path3d.support import ON_PLANE
from pipeline.core.errors import InvalidInputError
from pipeline.core.seeing import SeeingProblem, View

LEAST = 8  # points of a thing


class LabelledPerceiver(GeometricPerceiver):
    """As the geometric one, but which point is whose is told, not found; shapes and places are seen as before."""

    name = "simulator segmentation"

    def perceive(self, problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array) -> Sighting:
        """What is seen of world ``row``; raises :class:`Unseen`, and InvalidInputError where labels are not granted."""
        if not problem.labels:
            raise InvalidInputError("Labelled perception needs a Sight with segmentation=True.")
        cloud, support = observed(problem, views, row, joints, self.shape_of(problem))
        above = standing(cloud, support)
        whole = np.full(len(above), -1)
        for number, cluster in enumerate(clusters(above)):
            whole[cluster.index] = number
        wanted = references_of(problem, self.references)
        swung = jointed_links(problem, wanted)
        owners = {name.partition("/")[0] for name in swung}
        mine = [number for number, label in enumerate(problem.labels) if label.partition("/")[0] in owners]
        ours = Segment(np.flatnonzero(np.isin(above.labels, mine)), 0, "cluster")
        jointed = self._jointed(swung, wanted, above, [ours], support.height)
        things, missing = dict[str, Thing](), list[str]()
        for name in wanted:
            if name in jointed.things:
                continue
            body = problem.labels.index(name) if name in problem.labels else None
            mine = above.labels == body
            flat = int(mine.sum()) < LEAST
            found = (
                cloud.of((cloud.labels == body) & (cloud.points[:, 2] > support.height - ON_PLANE))
                if flat
                else above.of(mine)
            )
            if len(found) < LEAST:
                missing.append(name)
                continue
            thing = Thing(name, found, named_points(found), flat=flat)
            beside = np.isin(whole, np.unique(whole[mine])) & ~mine & (whole >= 0)
            things[name] = replace(thing, touching=Cloud.joined([]) if flat else above.of(beside))
        if missing:
            raise not_found(missing, "no pixel with that label")
        return Sighting(support, {**things, **jointed.things}, above, cloud, fits=jointed.fits)
