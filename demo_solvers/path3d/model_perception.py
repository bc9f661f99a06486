"""Perception by a model: boxes on the pictures, refined on depth to the segment that lies in them best."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import Field

from demo_solvers.path3d.clouds import Array, Cloud
from demo_solvers.path3d.geometric import GeometricPerceiver
from demo_solvers.path3d.perception import Sighting, Thing, Unseen, named_points, not_found, observed, standing, wanted
from demo_solvers.path3d.segments import Segment, clusters, parts
from demo_solvers.path3d.support import paint
from pipeline.asking.ask import Asker
from pipeline.asking.meter import purpose
from pipeline.asking.prompts import Prompt
from pipeline.core import poses
from pipeline.core.chat import ChatRequest, Picture, Turn
from pipeline.core.doors import Catalog
from pipeline.core.episode import Diagnosis
from pipeline.core.errors import ModelError
from pipeline.core.geometry import Frozen
from pipeline.core.goal import atoms
from pipeline.core.seeing import SeeingProblem, View
from pipeline.holds import parse

PROMPTS = Path(__file__).parent / "prompts"
LEAST_OVERLAP = 0.15  # intersection over union of a box and a segment's, below which the box says nothing


class Spotted(Frozen):
    """One thing on one picture."""

    name: str
    view: str = Field(description="the camera")
    box: tuple[float, float, float, float] = Field(description="left, top, right, bottom in pixels")


class Located(Frozen):
    """Everything that was to be found."""

    things: tuple[Spotted, ...] = Field(max_length=40)


class EyesSettings(Frozen):
    """How a model is asked where things are."""

    model: str
    max_tokens: int = Field(default=3000, ge=200)


class ModelPerceiver(GeometricPerceiver):
    """Asks a model once for each look; what it boxes is refined on depth, without the catalogue's meshes.

    So it also finds things that no one has a mesh of. A call that fails is recorded and left to the geometric
    perception, unless ``alone`` says that there is to be none.
    """

    name = "model"

    def __init__(
        self,
        catalog: Catalog,
        asker: Asker,
        settings: EyesSettings,
        *,
        alone: bool = False,
        pictures: Path | None = None,
    ) -> None:
        super().__init__(catalog, pictures=pictures)
        self.asker, self.settings, self.alone = asker, settings, alone
        self.failed_calls: list[str] = []
        self._prompt = Prompt.load(PROMPTS / "locate.md")

    @property
    def prompt_hashes(self) -> dict[str, str]:
        """For provenance."""
        return {self._prompt.path: self._prompt.sha256}

    def perceive(self, problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array) -> Sighting:
        """What is seen of world ``row``; raises :class:`Unseen`."""
        names = wanted(problem, tuple(a for atom in atoms(parse(problem.goal)) for a in atom.args))
        try:
            with purpose("perceive"):
                reply = self.asker.ask(
                    self._request(problem, views, names), Located, check=lambda said: mistakes(said, views, names)
                )
        except ModelError as error:
            self.failed_calls.append(f"{type(error).__name__}: {error}")
            if self.alone:
                raise Unseen(
                    Diagnosis(cause="answer_unusable", expected="boxes of what is asked for", seen=str(error)[:300])
                ) from None
            return super().perceive(problem, views, row, joints)
        return self._refined(reply.value, problem, views, row, joints)

    def _refined(
        self, said: Located, problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array
    ) -> Sighting:
        cloud, support = observed(problem, views, row, joints, self.shape_of(problem))
        above, patches = standing(cloud, support), paint(cloud, support)
        everything, segments = Cloud.joined([above, *patches]), clusters(above)
        segments += [part for cluster in list(segments) for part in parts(above, cluster)]
        first, number = len(above), len(segments)
        for patch in patches:
            segments.append(Segment(np.arange(first, first + len(patch)), number, "paint"))
            first, number = first + len(patch), number + 1
        things, lost = dict[str, Thing](), list[str]()
        for spotted in said.things:
            overlaps = [overlap(spotted.box, everything.points[s.index], views[spotted.view]) for s in segments]
            if not overlaps or max(overlaps) < LEAST_OVERLAP:
                lost.append(spotted.name)
                continue
            segment = segments[int(np.argmax(overlaps))]
            mine = everything.of(segment.index)
            thing = Thing(spotted.name, mine, named_points(mine), flat=segment.kind == "paint")
            whole = next(s for s in segments if s.whole and s.cluster == segment.cluster)
            rest = np.setdiff1d(whole.index, segment.index)
            things[spotted.name] = replace(thing, touching=everything.of(rest))
        if lost:
            raise not_found(lost, "nothing stands where the model's boxes are")
        return Sighting(support, things, above, cloud)

    def _request(self, problem: SeeingProblem, views: Mapping[str, View], names: tuple[str, ...]) -> ChatRequest:
        height, width = next(iter(views.values())).rgb.shape[1:3]
        nouns = {q.name: noun for q in problem.queries if (noun := self.references.noun_of(q.asset))}
        words = self._prompt.render(
            views=", ".join(views),
            width=str(width),
            height=str(height),
            instruction=problem.instruction,
            things="; ".join(f"`{n}` ({nouns[n]})" if n in nouns else f"`{n}`" for n in names),
        )
        pictures = tuple(picture(view) for view in views.values())
        return ChatRequest(
            model=self.settings.model,
            turns=(Turn(text=words, pictures=pictures),),
            max_tokens=self.settings.max_tokens,
        )


def mistakes(said: Located, views: Mapping[str, View], names: tuple[str, ...]) -> list[str]:
    """What is wrong with an answer, to be told to the model."""
    found = [f"{name!r} is missing." for name in names if name not in {s.name for s in said.things}]
    for number, spotted in enumerate(said.things):
        where, (left, top, right, bottom) = f"things.{number}", spotted.box
        if spotted.name not in names:
            found.append(f"{where}.name: {spotted.name!r} was not asked for; allowed: {', '.join(names)}.")
        if spotted.view not in views:
            found.append(f"{where}.view: {spotted.view!r} is no camera; allowed: {', '.join(views)}.")
            continue
        height, width = views[spotted.view].rgb.shape[1:3]
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            found.append(f"{where}.box: {spotted.box} is not (left < right, top < bottom) within {width} x {height}.")
    return found


def overlap(box: tuple[float, float, float, float], points: Array, view: View) -> float:
    """Intersection over union of a box and the one around points (n, 3) as ``view`` shows them."""
    local = poses.transform_points(poses.inverse(view.pose[0]), points)
    local = local[local[:, 2] > 0.05]
    if not len(local):
        return 0.0
    pixel = (local / local[:, 2:]) @ view.intrinsics.T
    low, high = pixel[:, :2].min(axis=0), pixel[:, :2].max(axis=0)
    a, b = np.array(box[:2]), np.array(box[2:])
    common = np.clip(np.minimum(high, b) - np.maximum(low, a), 0, None).prod()
    return float(common / max((high - low).prod() + (b - a).prod() - common, 1e-9))


def picture(view: View) -> Picture:
    """What a view shows, for a model."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(view.rgb[0]).save(data, "PNG")
    return Picture(png=data.getvalue())
