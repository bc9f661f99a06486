"""Variation: what a batch's scenes share and differ in from those of another batch, drawn once and remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.variants import Adopting
from pipeline.core.asset import AssetSpec
from pipeline.core.camera import CameraSpec
from pipeline.core.scene import Light, SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from scene_gen.apply import apply, changed
from scene_gen.distractors import choose_distractors
from scene_gen.draw import Draws, draw
from scene_gen.randomisation._spec import Randomisation
from scene_gen.wording import reword


@dataclass(frozen=True, eq=False)
class Variation:
    """A randomisation and the ``seed`` of the batch it is drawn for; ``root`` is where variants of assets are kept.

    Scenes of one batch must share their build, so everything but poses and wording is drawn from the seed and the
    task's name alone: builders with equal variations build scenes that can be stepped together.
    """

    randomisation: Randomisation
    seed: int
    catalog: Adopting
    root: Path | None = None

    def distractors(self, task: TaskSpec) -> dict[str, AssetSpec]:
        """The distractors of the batch, as the library has them, by object name."""
        drawn = stream(self.seed, "scene_gen", "distractors", task.name)
        count = self.randomisation.clutter.draw(drawn)
        return choose_distractors(task, self.catalog, count, drawn, categories=self.randomisation.clutter_categories)

    def draws(
        self,
        task: TaskSpec,
        things: Mapping[str, AssetSpec],
        cameras: Sequence[CameraSpec],
        lights: Sequence[Light],
    ) -> Draws:
        """Everything of the batch but the wording, which is the task's own here."""
        return draw(
            self.randomisation,
            things,
            cameras,
            lights,
            stream=stream(self.seed, "scene_gen", "randomisation", task.name),
            distractors={name: asset.name for name, asset in self.distractors(task).items()},
            instruction=task.instruction,
            seed=self.seed,
        )

    def changed(self, assets: Mapping[str, AssetSpec], draws: Draws) -> dict[str, AssetSpec]:
        """The variants of library assets by object name."""
        return {name: changed(asset, name, draws, self.catalog, root=self.root) for name, asset in assets.items()}

    def dress(
        self, scene: SceneSpec, draws: Draws, drawn: np.random.Generator, *, ways: Sequence[str] = ()
    ) -> SceneSpec:
        """Apply the batch's draws to a scene of library assets, its instruction worded anew.

        The wording is one of ``ways``, the task's paraphrases; without any it is made by grammar.
        """
        words = draws.instruction
        if drawn.random() < self.randomisation.wording:
            words = ways[int(drawn.integers(len(ways)))] if ways else reword(words, drawn)
        record = draws.model_copy(update={"instruction": words}).record()
        return apply(scene, record, self.catalog, root=self.root)


@dataclass(frozen=True, eq=False)
class Structure:
    """What all scenes of a task in one batch share: its things, furniture and distractors, by object name.

    ``library`` holds them as the catalogue does, ``assets`` as they are in the scene; ``draws`` made the difference.
    """

    library: dict[str, AssetSpec]
    assets: dict[str, AssetSpec]
    distractors: tuple[str, ...] = ()
    draws: Draws | None = None
