"""Parameters of the flows as forms: what a person fills in on a deployment's page, checked before a run starts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any, Literal

from pydantic import Field

from assets.catalog import LibraryCatalog
from flows.authors import Author
from flows.config import (
    BACKENDS,
    RANDOMISATIONS,
    SUPPORTS,
    FilmChannel,
    RunConfig,
    compose,
    help_of,
    presets,
    solver_names,
)
from pipeline.core.geometry import Frozen
from pipeline.core.task import Family, TaskSpec

DATE = "{date}"
OUT = r"^([A-Za-z0-9{][A-Za-z0-9._{}-]*(/[A-Za-z0-9{][A-Za-z0-9._{}-]*)*)?$"
"""A name as in :data:`flows.home.RUN_NAME`, with braces around what is filled in."""


def _one_of(names: Callable[[], Any]) -> Callable[[dict[str, Any]], None]:
    """Offer the entries of a registry in the form; they are listed when the schema is made, not at import."""

    def offer(schema: dict[str, Any]) -> None:
        for choice in schema.get("anyOf", [schema]):
            if choice.get("type") == "string":
                choice["enum"] = sorted(names())

    return offer


class BatchRequest(Frozen):
    """What to generate. Whatever is left empty is as the preset says."""

    preset: str = Field(
        default="demo", description=help_of("preset"), json_schema_extra=_one_of(lambda: presets().names)
    )
    out: str = Field(
        default="",
        pattern=OUT,
        description=f"Name of the run, a folder under the runs root; {DATE} stands for the day on which it is "
        "scheduled. Empty: named after what it holds, so that the same request goes on with the same run.",
    )
    tasks: int | None = Field(default=None, ge=1, le=10_000, description=help_of("tasks"))
    demos: int | None = Field(default=None, ge=1, le=100_000, description=help_of("demos"))
    minimum: int | None = Field(
        default=None, ge=0, description="A task with fewer demonstrations than this counts as incomplete."
    )
    batch: int | None = Field(default=None, ge=1, le=4096, description=help_of("batch"))
    rounds: int | None = Field(default=None, ge=1, le=1000, description=help_of("rounds"))
    robot: str | None = Field(
        default=None, description=help_of("robot"), json_schema_extra=_one_of(lambda: LibraryCatalog().robots)
    )
    backend: str | None = Field(
        default=None, description="Physics backend.", json_schema_extra=_one_of(lambda: BACKENDS.names)
    )
    device: Literal["cpu", "gpu"] | None = Field(
        default=None, description="Device of the backend, and the pool that the tasks run in."
    )
    support: str | None = Field(
        default=None, description="What the robot works on.", json_schema_extra=_one_of(lambda: SUPPORTS.names)
    )
    randomise: str | None = Field(
        default=None,
        description="Domain randomisation, drawn anew for every batch of attempts.",
        json_schema_extra=_one_of(lambda: RANDOMISATIONS.names),
    )
    solver: str | None = Field(default=None, description=help_of("solver"), json_schema_extra=_one_of(solver_names))
    families: tuple[Family, ...] | None = Field(default=None, description=help_of("families"))
    channels: tuple[FilmChannel, ...] | None = Field(default=None, description=help_of("channels"))
    refine: int | None = Field(default=None, ge=0, le=20, description=help_of("refine"))
    recover: int | None = Field(default=None, ge=0, le=5, description=help_of("recover"))
    refiner: Author | None = Field(default=None, description=help_of("refiner"))
    programmer: Author | None = Field(default=None, description=help_of("programmer"))
    solver_model: str | None = Field(default=None, description=help_of("solver_model"))
    solver_tokens: int | None = Field(default=None, ge=0, description=help_of("solver_tokens"))
    learn_steps: int | None = Field(default=None, ge=0, description=help_of("learn_steps"))
    learn_worlds: int | None = Field(default=None, ge=1, le=65_536, description=help_of("learn_worlds"))
    learn_judged: int | None = Field(default=None, ge=1, description=help_of("learn_judged"))
    reward_author: Author | None = Field(default=None, description=help_of("reward_author"))
    reward_candidates: int | None = Field(default=None, ge=1, le=16, description=help_of("reward_candidates"))
    reward_rounds: int | None = Field(default=None, ge=1, le=10, description=help_of("reward_rounds"))
    perceiver: Author | None = Field(default=None, description=help_of("perceiver"))
    path_writer: Author | None = Field(default=None, description=help_of("path_writer"))
    verifier: Author | None = Field(default=None, description=help_of("verifier"))
    seed: int | None = Field(default=None, ge=0, lt=2**63, description=help_of("seed"))
    daily: bool = Field(
        default=False, description="Add the scheduled day (as 20261126) to the seed, so that every day is another run."
    )
    author: Author = Field(
        default="procedural", description="Who proposes tasks. A model's key comes from the worker's environment."
    )
    model: str | None = Field(default=None, description="Language model of the author; None: the backend's default.")
    budget_usd: float | None = Field(default=None, ge=0, description="Most dollars that the author may cost.")
    budget_tokens: int | None = Field(default=None, ge=0, description="Most tokens that the author may use.")
    critic: Author = Field(default="procedural", description="Who criticises the tasks.")
    paraphraser: Author = Field(default="procedural", description="Who paraphrases the instructions.")
    outcomes: tuple[str, ...] = Field(
        default=(), description="Names of earlier runs; tasks lean towards families and objects that work sometimes."
    )
    task_files: tuple[str, ...] = Field(
        default=(), description="Files with tasks on the worker's machine, instead of an author: JSON, YAML or BDDL."
    )
    memory: str | None = Field(
        default=None,
        description="File of programs that earlier runs measured, on the worker's machine; they are tried.",
    )
    remember: bool = Field(default=False, description="Add what this run measures to that file when it has finished.")
    skills: str | None = Field(
        default=None,
        description="Folder of skills that earlier runs learned, on the worker's machine; they are tried.",
    )
    remember_skills: bool = Field(
        default=False, description="Add what this run learned to that folder when it has finished."
    )
    pictures: str | None = Field(
        default=None,
        description="Folder of reference pictures, one a thing, on the worker's machine; they count before meshes.",
    )
    experience: str | None = Field(
        default=None,
        description="File of how things were handled in earlier runs, on the worker's machine; that is tried first.",
    )
    remember_experience: bool = Field(
        default=False, description="Add this run's confirmed handling to that file when it has finished."
    )

    def config(self, *, day: date, given: tuple[TaskSpec, ...] | None = None) -> RunConfig:
        """The configuration, before an author has proposed anything; raises what :func:`compose` raises."""
        asked = {name: getattr(self, name) for name in RunConfig.model_fields if name in type(self).model_fields}
        for held in ("preset", "memory", "skills", "pictures", "experience"):
            del asked[held]
        if given is not None and self.tasks is None:
            asked["tasks"] = len(given)
        config = compose(self.preset, **asked, given=given)
        if not self.daily:
            return config
        return config.model_copy(update={"seed": config.seed + int(f"{day:%Y%m%d}")})

    def name(self, config: RunConfig, *, day: date) -> str:
        """The name of the run."""
        if self.out:
            return self.out.replace(DATE, f"{day:%Y-%m-%d}")
        content = f"{config.digest}/{self.model_copy(update={'out': ''}).model_dump_json()}"
        return f"{config.preset}-{config.seed}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


class Validation(Frozen):
    """Which datasets to validate, and how."""

    datasets: tuple[str, ...] = Field(
        default=(), description="Names of runs, or paths or URLs of datasets. None: every dataset under the runs root."
    )
    structure_only: bool = Field(default=False, description="Read metadata and sizes only, in seconds.")
    replay: int = Field(default=0, ge=0, description="Replay so many episodes, evenly spread, and compare every state.")


class AssetCheck(Frozen):
    """Which assets to check, and in which physics."""

    names: tuple[str, ...] = Field(default=(), description="Names of assets; none means all.")
    backends: tuple[Literal["mujoco", "genesis"], ...] = Field(
        default=("mujoco",), description="Physics to load them in and let them come to rest."
    )
