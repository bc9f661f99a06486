"""The JSON record of an episode: everything about it that is not an array, cards replaced by their sha256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from pipeline.core.asset import AssetSpec
from pipeline.core.episode import Diagnosis, Episode, Provenance
from pipeline.core.geometry import Frozen
from pipeline.core.layout import SceneLayout
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.task import TaskSpec
from pipeline.core.world import F32
from pipeline.dataset.frames import object_bodies

Card = AssetSpec | RobotSpec


class Ending(Frozen):
    """How the attempt ended."""

    success: bool
    diagnosis: Diagnosis = Diagnosis()


class Record(Frozen):
    """One entry of ``meta/episode_json``. In ``scene``, robot and assets are the sha256 of cards under ``specs/``."""

    task: TaskSpec
    scene: dict[str, Any]
    solver: str
    stage_names: tuple[str, ...]
    attempt: int
    provenance: Provenance
    trace_sha256: str
    bodies: tuple[str, ...]
    joints: tuple[str, ...]
    outcome: Ending
    instruction: str
    """The wording of this episode; the task's ``paraphrases`` are its variants."""
    seg_names: tuple[str, ...] = ()
    """What each value of ``seg_*`` is; empty without segmentation."""

    @staticmethod
    def of(episode: Episode, *, trace_sha256: str) -> Record:
        """The record of an episode that reached its goal."""
        return Record(
            task=episode.task,
            scene=without_cards(episode.scene),
            solver=episode.solver,
            stage_names=episode.stage_names,
            attempt=episode.attempt,
            provenance=episode.provenance,
            trace_sha256=trace_sha256,
            bodies=object_bodies(episode.scene),
            joints=SceneLayout.of(episode.scene).joints,
            outcome=Ending(success=True),
            instruction=episode.instruction,
            seg_names=episode.seg_names,
        )

    @property
    def cards(self) -> frozenset[str]:
        """The sha256 of the robot's card and of every asset's."""
        return frozenset([self.scene["robot"], *(p["asset"] for p in self.scene["placements"])])

    def episode_id(self, actions: F32) -> str:
        """Twenty hex digits derived from task, scene, attempt and the ``actions`` (time, dof) alone."""
        content = [self.task.model_dump_json(), json.dumps(self.scene), str(self.attempt)]
        digest = hashlib.sha256("\x1f".join(content).encode())
        digest.update(actions.astype("<f4", copy=False).tobytes())
        return digest.hexdigest()[:20]


def without_cards(scene: SceneSpec) -> dict[str, Any]:
    """The scene as JSON data with each card replaced by its sha256."""
    out = scene.model_dump(mode="json", exclude={"robot": True, "placements": {"__all__": {"asset"}}})
    out["robot"] = scene.robot.sha256
    for data, placement in zip(out["placements"], scene.placements, strict=True):
        data["asset"] = placement.asset.sha256
    return out


def with_cards(data: dict[str, Any], card: Callable[[str], Card]) -> SceneSpec:
    """The scene that :func:`without_cards` took apart; ``card`` looks up a sha256."""
    placements = [{**p, "asset": card(p["asset"])} for p in data["placements"]]
    return SceneSpec.model_validate({**data, "robot": card(data["robot"]), "placements": placements})


def cards_of(scenes: Iterable[SceneSpec]) -> dict[str, Card]:
    """Every robot and asset card of the scenes by sha256."""
    cards: dict[str, Card] = {}
    for scene in scenes:
        cards.setdefault(scene.robot.sha256, scene.robot)
        for placement in scene.placements:
            cards.setdefault(placement.asset.sha256, placement.asset)
    return cards
