"""Staffing: the solver of a batch, with those whom its run wants in its roles and the skills that it may use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from assets.catalog import LibraryCatalog
from demo_solvers.learning.shelf import Shelf
from demo_solvers.path3d.experience import Experiences
from demo_solvers.path3d.geometric import GeometricPerceiver
from demo_solvers.path3d.model_paths import ModelPaths, PathSettings
from demo_solvers.path3d.model_perception import EyesSettings, ModelPerceiver
from demo_solvers.path3d.model_verifier import ModelVerifier, VerifierSettings
from demo_solvers.path3d.recall import Recall
from demo_solvers.refinement.model import ModelRefiner, RefinerSettings
from demo_solvers.refinement.procedural import ProceduralRefiner
from demo_solvers.rewards.authors import ProceduralAuthor
from demo_solvers.rewards.model import AuthorSettings, ModelAuthor
from demo_solvers.task_planning.model_programmer import ModelProgrammer, ProgrammerSettings
from flows.authors import reply_cache
from flows.config import SOLVERS, RunConfig, spoken
from flows.limits import paced
from flows.stages import find_solver
from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.asking.meter import Account, Budget, MeteredModel
from pipeline.core.doors import Problem, Solution, TrialWorlds
from pipeline.core.errors import InvalidInputError
from pipeline.core.secrecy import without_secrets
from pipeline.core.seeing import Sight, sight_of
from pipeline.core.streams import stream_seed

ROLES = {
    "refiner": "refiner",
    "programmer": "programmer",
    "reward_author": "author",
    "perceiver": "perceiver",
    "path_writer": "path_writer",
    "verifier": "verifier",
}
"""What a solver calls the role that an option of a run is about."""
LEARNING = {"author", "shelf"}
"""A solver that takes one of these learns."""
EXPERIENCE, PERCEIVER = "experience", "perceiver"
"""A solver that takes these can be given a memory of how things were handled, and pictures of them."""


class Asking(Protocol):
    """Asks a model in a role, and keeps why calls gave nothing that can be used."""

    failed_calls: list[str]


@dataclass(frozen=True, eq=False)
class StaffedSolver:
    """A solver whose roles are filled as a run wants them."""

    solve: Callable[[Problem, TrialWorlds], Solution]
    learns: bool = False
    meter: MeteredModel | None = None
    asking: Mapping[str, Asking] = field(default_factory=dict)

    def __call__(self, problem: Problem, worlds: TrialWorlds) -> Solution:
        """Attempt every scene."""
        return self.solve(problem, worlds)

    @property
    def sight(self) -> Sight | None:
        """What the solver asks to see, if it works from images."""
        return sight_of(self.solve)

    @property
    def account(self) -> Account | None:
        """What the model was asked so far; None where there is none."""
        return None if self.meter is None else self.meter.total

    @property
    def failed_calls(self) -> tuple[str, ...]:
        """Why calls of the model gave nothing that can be used, each after its role; rules stood in for them."""
        failed = [f"{role}: {why}" for role, one in self.asking.items() for why in one.failed_calls]
        return tuple(map(without_secrets, failed))


@dataclass(frozen=True)
class Belongings:
    """What a run holds that a solver may be given: each None, or not there, for none."""

    skills: Path | None = None  # a shelf of learned ones
    experience: Path | None = None  # how things were handled in confirmed attempts
    pictures: Path | None = None  # a folder of reference pictures for each thing


@contextmanager
def staffed_solver(config: RunConfig, held: Belongings | None = None) -> Iterator[StaffedSolver]:
    """The run's solver, with what the run holds for it.

    Raises :class:`InvalidInputError` for a role that the solver does not have.
    """
    asked = check_roles(config)
    solver = find_solver(config.solver)
    takes = set(inspect.signature(solver).parameters)
    given = _belongings(config, takes, held or Belongings())
    learns = not takes.isdisjoint(LEARNING)
    if not asked:
        yield StaffedSolver(partial(solver, **given) if given else solver, learns)
        return
    from pipeline.llm.anthropic import anthropic

    meter = MeteredModel(CachedModel(paced(anthropic()), reply_cache()), Budget(tokens=config.solver_tokens))
    with Asker(meter) as asker:
        asking = {ROLES[option]: _model_as(option, config, asker, given) for option in asked}
        yield StaffedSolver(partial(solver, **{**given, **asking}), learns, meter, asking)


def _belongings(config: RunConfig, takes: set[str], held: Belongings) -> dict[str, Any]:
    """What a solver that ``takes`` such roles is given without a model."""
    given: dict[str, Any] = {}
    if "author" in takes:
        # Of the run's seed alone: what a batch has learned, later ones find under the same rewards.
        given["author"] = ProceduralAuthor(stream_seed(config.seed, "reward_author"))
    if "shelf" in takes and held.skills is not None and held.skills.is_dir():
        given["shelf"] = Shelf(held.skills)
    if EXPERIENCE in takes and held.experience is not None and held.experience.is_file():
        given[EXPERIENCE] = Recall(Experiences.read(held.experience), LibraryCatalog())
    if PERCEIVER in takes and held.pictures is not None and held.pictures.is_dir():
        given[PERCEIVER] = GeometricPerceiver(LibraryCatalog(), pictures=held.pictures)
    return given


def check_roles(config: RunConfig) -> tuple[str, ...]:
    """The options that want a model in a role; raises :class:`InvalidInputError` where the solver does not have it."""
    asked = tuple(option for option in ROLES if getattr(config, option) != "procedural")
    if asked:
        takes = inspect.signature(find_solver(config.solver)).parameters
        for option in asked:
            if ROLES[option] not in takes:
                raise InvalidInputError(_lacking(config, option, ROLES[option]))
    return asked


def check_belongings(config: RunConfig) -> None:
    """Raise :class:`InvalidInputError` where a run holds what its solver can do nothing with."""
    takes = inspect.signature(find_solver(config.solver)).parameters
    for option, role in (("experience", EXPERIENCE), ("pictures", PERCEIVER)):
        if getattr(config, option) and role not in takes:
            raise InvalidInputError(_lacking(config, option, role))


def _model_as(option: str, config: RunConfig, asker: Asker, given: dict[str, Any]) -> Asking:
    from pipeline.llm.anthropic import DEFAULT_MODEL

    model = config.solver_model or DEFAULT_MODEL
    if option == "refiner":
        return ModelRefiner(asker, RefinerSettings(model=model), fallback=ProceduralRefiner())
    if option == "programmer":
        return ModelProgrammer(asker, ProgrammerSettings(model=model))
    if option == "perceiver":
        own = given.get(PERCEIVER)
        pictures = own.references.pictures if isinstance(own, GeometricPerceiver) else None
        return ModelPerceiver(LibraryCatalog(), asker, EyesSettings(model=model), pictures=pictures)
    if option == "path_writer":
        return ModelPaths(asker, PathSettings(model=model))
    if option == "verifier":
        return ModelVerifier(asker, VerifierSettings(model=model))
    return ModelAuthor(asker, AuthorSettings(model=model), fallback=given["author"])


def _lacking(config: RunConfig, option: str, role: str) -> str:
    solver = spoken(config.solver)
    able = [spoken(n) for n in SOLVERS if role in inspect.signature(SOLVERS.get(n)).parameters]
    use = f"use --solver {' or '.join(able)}, or leave it out" if able else "leave it out"
    return f"--{option.replace('_', '-')}: solver {solver!r} takes no {role}; {use}."
