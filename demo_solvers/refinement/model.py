"""The model refiner: a vision-language model reads the worst failure, looks at it, and answers with typed patches.

Two calls a round: one diagnoses, from the textual state difference and labelled keyframes; one, of text alone, turns
that into patches. What cannot be used ends in the procedural refiner's patches, which also fill the places left over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from demo_solvers.diagnosis import Failure, worst
from demo_solvers.refinement.keyframes import keyframes
from demo_solvers.refinement.loop import Case, Refiner
from demo_solvers.refinement.patches import Proposal, patched
from demo_solvers.refinement.written import Changes
from demo_solvers.task_planning import vocabulary
from pipeline.asking.ask import Asker, Reply
from pipeline.asking.meter import purpose
from pipeline.asking.prompts import Prompt
from pipeline.core.chat import ChatRequest, Picture, Turn
from pipeline.core.errors import InvalidInputError, ModelError, SimulationError
from pipeline.core.geometry import Frozen
from pipeline.core.program import Program, Stage

PROMPTS = Path(__file__).parent / "prompts"
TRIED_SHOWN = 12  # changes that were tried before and are named to the model
NO_PICTURES = "There are no pictures."


class Finding(Frozen):
    """What the model makes of a failure."""

    stage: int | None = Field(description="number of the stage in which it began to go wrong; null for the whole plan")
    cause: str = Field(min_length=1, max_length=600, description="what went wrong and why")
    remedy: str = Field(min_length=1, max_length=600, description="what has to be done differently")


class RefinerSettings(Frozen):
    """How a model is asked."""

    model: str
    pictures: bool = Field(default=True, description="show keyframes to the diagnosing call")
    max_tokens: int = Field(default=6000, ge=500)


class ModelRefiner:
    """Asks a model; whatever it fails at, ``fallback`` proposes and carries its own name."""

    def __init__(self, asker: Asker, settings: RefinerSettings, *, fallback: Refiner) -> None:
        self.asker, self.settings, self.fallback = asker, settings, fallback
        self.name = settings.model
        self.failed_calls: list[str] = []
        self.findings: list[Finding] = []
        names = ("rules", "diagnose", "patch")
        self._rules, self._diagnose, self._patch = (Prompt.load(PROMPTS / f"{name}.md") for name in names)

    @property
    def prompt_hashes(self) -> dict[str, str]:
        """For provenance: every prompt's name and content hash."""
        return {p.path: p.sha256 for p in (self._rules, self._diagnose, self._patch)}

    def propose(self, case: Case, count: int) -> Sequence[Proposal]:
        """The model's changes, then the fallback's, ``count`` in all; never raises for a call that failed."""
        try:
            with purpose("refine"):
                asked = self._asked(case, count)
        except ModelError as error:
            self.failed_calls.append(f"{type(error).__name__}: {error}")
            asked = []
        return [*asked, *self.fallback.propose(_without(case, asked), count)][:count]

    def _asked(self, case: Case, count: int) -> list[Proposal]:
        failure = worst(case.failures)
        finding = self._finding(case, failure)
        self.findings.append(finding)
        words = self._patch.render(
            instruction=case.problem.task.instruction,
            goal=case.problem.task.goal,
            program=program_in_words(case.program),
            failure=failure.in_words(),
            finding=f"{finding.cause} {finding.remedy}",
            tried="\n".join(f"- {t}" for t in case.tried_before[-TRIED_SHOWN:]) or "(none)",
            count=str(count),
            bodies=vocabulary.bodies(case.problem.layout, {o.name: o.role for o in case.problem.task.objects}),
        )
        reply = self.asker.ask(self._request(case, words), Changes, check=lambda said: _mistakes(case, said))
        found = [Proposal(patches=c.as_patches(), reason=c.reason, author=reply.model) for c in reply.value.changes]
        return [p for p in found if not _mistake(case, p) and not case.known(_program(case, p))][:count]

    def _finding(self, case: Case, failure: Failure) -> Finding:
        pictures, caption = self._pictures(case, failure)
        causes = Counter(f"{f.root.cause} in stage {f.root.number}" for f in case.failures)
        words = self._diagnose.render(
            instruction=case.problem.task.instruction,
            goal=case.problem.task.goal,
            solved=str(case.tried.solved),
            attempts=str(len(case.tried.outcomes)),
            program=program_in_words(case.program),
            causes=", ".join(f"{n} x {what}" for what, n in causes.most_common()),
            failure=failure.in_words(),
            pictures=caption,
        )
        reply: Reply[Finding] = self.asker.ask(self._request(case, words, pictures), Finding)
        return reply.value

    def _pictures(self, case: Case, failure: Failure) -> tuple[tuple[Picture, ...], str]:
        if not self.settings.pictures:
            return (), NO_PICTURES
        try:
            return keyframes(case, failure)
        except SimulationError:  # the text has to do where nothing can be drawn
            return (), NO_PICTURES

    def _request(self, case: Case, words: str, pictures: tuple[Picture, ...] = ()) -> ChatRequest:
        return ChatRequest(
            model=self.settings.model,
            shared=self._rules.render(
                robot=case.problem.scenes[0].robot.noun,
                skills=vocabulary.skills(),
                predicates=vocabulary.predicates(),
            ),
            turns=(Turn(text=words, pictures=pictures),),
            max_tokens=self.settings.max_tokens,
        )


def _program(case: Case, proposal: Proposal) -> Program:
    return patched(case.program, proposal, case.problem.layout)


def _mistake(case: Case, proposal: Proposal) -> str:
    """Why a proposal cannot be applied; empty if it can."""
    try:
        _program(case, proposal)
    except InvalidInputError as error:
        return str(error)
    return ""


def _mistakes(case: Case, said: Changes) -> list[str]:
    """Why each change cannot be applied, to be told to the model; none as soon as one of them can."""
    found = [_mistake(case, Proposal(patches=c.as_patches())) for c in said.changes]
    return [f"changes.{i}: {why}" for i, why in enumerate(found)] if all(found) else []


def _without(case: Case, proposals: Sequence[Proposal]) -> Case:
    """The case in which the programs of some proposals count as known."""
    taken = {_program(case, p).digest for p in proposals}

    def known(program: Program) -> bool:
        return program.digest in taken or case.known(program)

    return case.but_for(known)


def program_in_words(program: Program) -> str:
    """Its stages, numbered from 0, with what is particular about them."""
    return "\n".join(f"{number}. {_stage(stage)}" for number, stage in enumerate(program.stages))


def _stage(stage: Stage) -> str:
    parts = [str(stage)]
    parts += [f"{name} = {value}" for name, value in stage.parameters.items()]
    parts += [f"at {stage.keypoint}"] if stage.keypoint else []
    parts += [f"along {stage.axis}"] if stage.axis else []
    return ", ".join(parts)
