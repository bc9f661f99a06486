"""RunConfig: everything that decides what a run's dataset contains, composed once from a preset and overrides."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from demo_solvers.families import SOLVED
from pipeline.core.doors import Channel, Solver
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.geometry import Frozen
from pipeline.core.learning import LearningBudget
from pipeline.core.program import Program
from pipeline.core.registry import Registry
from pipeline.core.task import Family, TaskSpec

BACKENDS: Registry[Any] = Registry("pipeline.sim", "simulator")
SUPPORTS: Registry[Any] = Registry("scene_gen.supports", "support")
RANDOMISATIONS: Registry[Any] = Registry("scene_gen.randomisation", "randomisation")
SOLVERS: Registry[Solver] = Registry("demo_solvers.solvers", "solver")
PROGRAM_AUTHORS = ("procedural", "anthropic")
LEARNING = LearningBudget()
LEARN_STEPS = 100_000  # a minute or two of practice a way: no run is to learn for long unless it is asked to

FilmChannel = Literal["rgb", "depth", "seg"]
RENDERED: dict[FilmChannel, Channel] = {"rgb": "rgb", "depth": "depth", "seg": "segmentation"}
"""What a simulator calls the channels of a dataset."""


class RunConfig(Frozen):
    """One run. Equal configurations give equal dataset contents, whatever the number of workers or interruptions."""

    preset: str = Field(description="Named set of defaults that the other options override.")
    tasks: int = Field(ge=1, le=10_000, description="How many tasks to demonstrate.")
    demos: int = Field(ge=1, le=100_000, description="How many demonstrations to write for each task.")
    minimum: int = Field(
        default=1, ge=0, description="A task with fewer demonstrations than this makes the run exit with 3."
    )
    batch: int = Field(default=8, ge=1, le=4096, description="Parallel worlds in one attempt batch.")
    rounds: int = Field(
        default=4, ge=1, le=1000, description="Most batches tried for one task before it is left short."
    )
    robot: str = Field(default="panda", description="Robot of the asset library.")
    backend: str = Field(default="genesis", description="Physics backend, a file name of pipeline/sim.")
    device: str = Field(default="cpu", description="Device of the backend: cpu or gpu.")
    support: str = Field(default="table", description="What the robot works on, a file of scene_gen/supports.")
    randomise: str = Field(
        default="off",
        description="Domain randomisation, a file of scene_gen/randomisation; drawn anew for every batch.",
    )
    solver: str = Field(
        default="auto",
        description="Demonstration solver, a file of demo_solvers/solvers; auto plans, and learns what fails by touch.",
    )
    refine: int = Field(
        default=0, ge=0, le=20, description="Rounds of patched programs that a batch may try after its first attempt."
    )
    variants: int = Field(default=4, ge=1, le=64, description="Programs that run side by side in one such round.")
    target: float = Field(
        default=0.9, ge=0, le=1, description="Solved share of a batch's worlds from which it is not refined any more."
    )
    recover: int = Field(
        default=0,
        ge=0,
        le=5,
        description="Times a world may try a failed stage again; the demonstration keeps the failed part, labelled.",
    )
    refiner: str = Field(
        default="procedural", description="Who proposes the patches: procedural, or anthropic for a language model."
    )
    programmer: str = Field(
        default="procedural",
        description="Who writes programs: procedural plans them, with anthropic a language model's compete with these.",
    )
    solver_model: str | None = Field(
        default=None,
        description="Language model that writes and refines programs and rewards; None takes the backend's default.",
    )
    solver_tokens: int | None = Field(
        default=None, ge=0, description="Most tokens that it may use for one batch; the rest is left to rules."
    )
    learn_steps: int = Field(
        default=LEARN_STEPS,
        ge=0,
        description="Actions of all worlds together that a stage may practise with each way of learning it; 0: none.",
    )
    learn_worlds: int = Field(default=LEARNING.worlds, ge=1, le=65_536, description="Parallel worlds to practise in.")
    learn_judged: int = Field(
        default=LEARNING.judged, ge=1, description="Held-out starts on which a learned stage is measured."
    )
    reward_author: str = Field(
        default="procedural",
        description="Who writes dense rewards: procedural derives them, anthropic asks a language model.",
    )
    reward_candidates: int = Field(
        default=LEARNING.candidates, ge=1, le=16, description="Rewards that are tried side by side in one round."
    )
    reward_rounds: int = Field(
        default=LEARNING.rounds, ge=1, le=10, description="Rounds of rewards, each written after the last was tried."
    )
    perceiver: str = Field(
        default="procedural",
        description="Who finds things for a solver that sees: procedural by shape and colour, anthropic asks a model.",
    )
    path_writer: str = Field(
        default="procedural",
        description="Who writes the ways on which a solver that sees carries things: procedural, or anthropic.",
    )
    verifier: str = Field(
        default="procedural",
        description="Who tells a solver that sees if an action worked; with anthropic a model, too, has to say yes.",
    )
    experience: str = Field(
        default="", description="Digest of the experience by which ways are tried first; empty is none."
    )
    pictures: str = Field(default="", description="Digest of the reference pictures that are offered; empty is none.")
    skills: str = Field(default="", description="Digest of the learned skills that are offered; empty is none.")
    memory: str = Field(default="", description="Digest of the memory whose programs are offered; empty is none.")
    seed: int = Field(default=0, ge=0, lt=2**63, description="Root of every random stream of the run.")
    families: tuple[Family, ...] = Field(
        default=SOLVED, description="Families of tasks that are proposed; by default those that the solver solves."
    )
    channels: tuple[FilmChannel, ...] = Field(
        default=("rgb",), description="What every camera records: rgb, depth (uint16 mm), seg (uint8 body index)."
    )
    given: tuple[TaskSpec, ...] = Field(
        default=(), description="Tasks from a task file; empty lets the author propose them."
    )
    programs: dict[str, tuple[Program, ...]] = Field(
        default={}, description="Programs written by hand, by task; they are tried beside the planner's."
    )

    @property
    def digest(self) -> str:
        """Short content address; two runs with the same digest mean the same dataset."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def film_channels(config: RunConfig) -> tuple[Channel, ...]:
    """What the simulator renders for a run."""
    return tuple(RENDERED[channel] for channel in RENDERED if channel in config.channels)


def help_of(field: str) -> str:
    """The one docstring of a field, for the command line and the docs."""
    return RunConfig.model_fields[field].description or ""


def spoken(solver: str) -> str:
    """What people call a solver: ``vipr-rl`` is the file ``vipr_rl``."""
    return solver.replace("_", "-")


def solver_names() -> tuple[str, ...]:
    """All solvers, as people call them."""
    return tuple(map(spoken, SOLVERS))


def presets() -> Registry[RunConfig]:
    """All presets: one a file in ``flows/presets``."""
    return Registry("flows.presets", "preset")


def compose(preset: str, **overrides: Any) -> RunConfig:
    """The preset with every override that is not None applied.

    Raises :class:`UnknownNameError` for an unknown preset, family, backend, solver, support or randomisation and
    :class:`InvalidInputError` for a value out of range. The robot is checked by whoever knows the library.
    """
    base = presets().get(preset).model_dump()
    given = {k: v for k, v in overrides.items() if v is not None}
    for channel in given.get("channels", ()):
        if channel not in RENDERED:
            raise UnknownNameError("channel", channel, RENDERED)
    if "rgb" not in given.get("channels", ("rgb",)):
        raise InvalidInputError("Option --channels: 'rgb' is always recorded; name it too, then depth, seg or both.")
    for family in given.get("families", ()):
        if family not in get_args(Family):
            raise UnknownNameError("family", family, get_args(Family))
    if "solver" in given:
        given["solver"] = str(given["solver"]).replace("-", "_")
    if "demos" in given and "minimum" not in given:
        given["minimum"] = min(base["minimum"], given["demos"])
    try:
        config = RunConfig.model_validate({**base, **given, "preset": preset})
    except ValidationError as error:
        raise InvalidInputError(_first_problem(error)) from None
    if config.learn_worlds < config.reward_candidates:
        raise InvalidInputError(
            f"Option --reward-candidates: {config.reward_candidates} rewards side by side need as many worlds of "
            f"practice; --learn-worlds is {config.learn_worlds}."
        )
    for kind, name, known in (
        ("backend", config.backend, BACKENDS.names),
        ("support", config.support, SUPPORTS.names),
        ("randomisation", config.randomise, RANDOMISATIONS.names),
        ("refiner", config.refiner, PROGRAM_AUTHORS),
        ("programmer", config.programmer, PROGRAM_AUTHORS),
        ("reward author", config.reward_author, PROGRAM_AUTHORS),
        ("perceiver", config.perceiver, PROGRAM_AUTHORS),
        ("path writer", config.path_writer, PROGRAM_AUTHORS),
        ("verifier", config.verifier, PROGRAM_AUTHORS),
        ("solver", spoken(config.solver), solver_names()),
    ):
        if name not in known:
            raise UnknownNameError(kind, name, known)
    return config


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or "configuration"
    return f"Option --{field.replace('_', '-')}: {first['msg']}, got {first['input']!r}. Meaning: {_meaning(field)}"


def _meaning(field: str) -> str:
    return help_of(field) if field in RunConfig.model_fields else "see `taskloom generate --help`."
