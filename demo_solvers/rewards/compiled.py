"""A compiled reward: batches of states in, the sum, its lines and all terms out, on the device of the states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo_solvers.rewards import limits
from demo_solvers.rewards.compiler import Compiler
from demo_solvers.rewards.fault import RewardError
from demo_solvers.rewards.now import Now, Scene
from demo_solvers.rewards.parser import Parsed, parse
from demo_solvers.rewards.state import RewardState
from demo_solvers.rewards.tree import Reward, children, roots
from pipeline.core.layout import SceneLayout

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Rewarded:
    """Rewards of one step, all (batch,): the sum, the lines it is the sum of, and every term by its text.

    ``memory`` (batch, potentials) goes into the next step's evaluation.
    """

    total: Tensor
    lines: dict[str, Tensor]
    terms: dict[str, Tensor]
    memory: Tensor


class CompiledReward:
    """A reward for one scene, as a function of batches of its states.

    ``low`` and ``high`` bound every step's sum. It keeps nothing between calls: give it the ``memory`` of the step
    before, with the rows of worlds that were reset replaced by those of :meth:`begin`.
    """

    def __init__(self, reward: Reward, scene: Scene, compiler: Compiler) -> None:
        self.reward, self.scene = reward, scene
        self._steps, self._potentials = compiler.plan.steps, compiler.potentials
        self._lines, self._terms = compiler.lines, compiler.terms
        self.low, self.high = sum(v.low for v in self._lines.values()), sum(v.high for v in self._lines.values())

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines."""
        return tuple(self._lines)

    @property
    def terms(self) -> tuple[str, ...]:
        """Texts of the terms."""
        return tuple(self._terms)

    def begin(self, state: RewardState) -> Tensor:
        """The memory (batch, potentials) of worlds that have just been reset."""
        return self(state).memory

    def __call__(self, state: RewardState, memory: Tensor | None = None) -> Rewarded:
        """The rewards of a batch; without a memory nothing has changed since the step before.

        A world whose numbers are none (nan) is given 0: ending its episode is the caller's.
        """
        now = Now(state, self.scene, memory)
        for step in self._steps:
            now.values.append(step(now))
        lines = {name: now[value.slot] for name, value in self._lines.items()}
        total, *others = lines.values()
        for line in others:
            total = total + line
        return Rewarded(
            total=total.nan_to_num(nan=0.0).clamp(self.low, self.high),
            lines=lines,
            terms={text: now[slot] for text, slot in self._terms.items()},
            memory=self._memory(now),
        )

    def _memory(self, now: Now) -> Tensor:
        import torch

        if not self._potentials:
            return now.state.width.new_zeros((len(now.state), 0))
        return torch.stack([now[slot] for slot in self._potentials], dim=-1)


def compiled(reward: str | Reward | Parsed, layout: SceneLayout) -> CompiledReward:
    """A reward checked against a scene and made ready to compute; raises :class:`RewardError` naming the place."""
    parsed = parse(reward) if isinstance(reward, str) else Parsed(reward) if isinstance(reward, Reward) else reward
    _check_size(parsed)
    scene = Scene(layout)
    compiler = Compiler(parsed, scene)
    compiler.compile()
    return CompiledReward(parsed.reward, scene, compiler)


def _check_size(parsed: Parsed) -> None:
    """Depth and number of nodes, without recursion: a tree may come from anywhere."""
    count = 0
    for path, root in roots(parsed.reward):
        waiting = [(root, 1)]
        while waiting:
            node, depth = waiting.pop()
            count += 1
            if depth > 3 * limits.DEPTH or count > limits.NODES:
                raise RewardError(path, f"it is nested deeper than {limits.DEPTH} or has over {limits.NODES} parts")
            waiting += [(child, depth + 1) for child in children(node)]
