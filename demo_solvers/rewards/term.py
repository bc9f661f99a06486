"""What a term declares of itself: what it is computed from, its unit and its range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from demo_solvers.rewards.now import Now, Scene
from pipeline.core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["point", "direction", "body", "toucher", "link", "plug", "socket", "length", "formula"]
"""What an argument names. ``point`` and ``direction`` are computed (a ``Slot``), all others are known beforehand:
a body with geometry, any body or ``hand`` or ``arm`` in contacts, a link with a joint, what goes in and what it goes
into, a length in m, a goal formula."""
Gives = Literal["number", "condition", "point", "direction"]
Compute = Callable[[Now], "Tensor"]
Slot = int
"""Of a computed argument: ``now[slot]`` is its tensor (batch, 3)."""


@dataclass(frozen=True)
class Signature:
    """The declaration of a term: ``low`` and ``high`` bound its value, which is clamped where the bound is a guess."""

    summary: str
    args: Mapping[str, Kind]
    gives: Gives = "number"
    unit: str = ""
    low: float = 0.0
    high: float = 1.0


class Term(Protocol):
    """Made for a scene and arguments, it gives what computes (batch,), or (batch, 3) of points and directions."""

    signature: Signature

    def __call__(self, scene: Scene, *args: Any) -> Compute:
        """What computes the term."""
        ...


TERMS: Registry[Term] = Registry("demo_solvers.rewards.terms", "term")


def declares(signature: Signature) -> Callable[[Callable[..., Compute]], Term]:
    """Decorator: turn a function into a :class:`Term` with this signature."""

    def attach(body: Callable[..., Compute]) -> Term:
        term = cast("Term", body)
        term.signature = signature
        return term

    return attach
