"""Reason: why a task was turned down, as a code of a closed set to count by and a sentence to repair by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, get_args

from pydantic import Field

from pipeline.core.errors import GoalSyntaxError
from pipeline.core.geometry import Frozen

Code = Literal[
    "schema",  # not a task at all: a field is missing or out of its range
    "name_taken",
    "duplicate",  # the goal and start of a task that exists, or its words
    "unknown_asset",
    "unknown_object",
    "unknown_joint",  # a link that the asset does not have, or one that no joint moves
    "unknown_predicate",
    "malformed_formula",
    "wrong_arity",
    "wrong_kind",
    "contradiction",
    "goal_already_true",  # by its words, or in the scenes before anything is done
    "too_large",  # for the gripper, the container, the support or the region
    "unmovable",  # nothing to grasp or push it by
    "unreachable",  # beyond the arm
    "crowded",
    "unplaceable",  # no scene has room for the start
    "unstable",  # the start does not stay as it was laid out
    "explodes",  # the start or the staged goal throws things about
    "goal_true_after_nothing",
    "poor",  # below the critique that was asked for
    "goal_unreachable_by_staging",  # the goal cannot be laid out, or does not last once laid out
]
CODES: tuple[Code, ...] = get_args(Code)

FORMULA_CODES: dict[str, Code] = {
    "syntax": "malformed_formula",
    "unknown_predicate": "unknown_predicate",
    "unknown_object": "unknown_object",
    "wrong_arity": "wrong_arity",
}


class Reason(Frozen):
    """One reason against a task; ``str(reason)`` is the sentence for whoever repairs it."""

    code: Code
    message: str = Field(description="what is wrong, what would do")
    at: str = Field(default="", description="where: goal, initial[0], objects, scene 2; empty for the task as a whole")
    subject: str = Field(default="", description="the relation or the name at fault")

    def __str__(self) -> str:
        return self.message


def of_formula(error: GoalSyntaxError, *, at: str, objects: Iterable[str]) -> Reason:
    """The reason for a formula that cannot be read; ``objects`` are the task's own, whose links may be misnamed."""
    code = FORMULA_CODES[error.kind]
    base, slash, _ = error.word.partition("/")
    if code == "unknown_object" and slash and base in objects:
        code = "unknown_joint"
    return Reason(code=code, message=f"{at}: {error}", at=at, subject=error.word)


def sentences(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """The messages."""
    return tuple(r.message for r in reasons)


def by_code(reasons: Iterable[Reason]) -> dict[Code, int]:
    """How many reasons have each code, the most frequent first."""
    counted: Counter[Code] = Counter(r.code for r in reasons)
    return dict(counted.most_common())
