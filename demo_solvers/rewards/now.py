"""Now: one evaluation of a compiled reward, with the geometry that several of its terms share computed once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from demo_solvers.rewards.frames import compose, rotate, transform
from demo_solvers.rewards.state import RewardState
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.layout import SceneLayout

if TYPE_CHECKING:
    from torch import Tensor

UNTURNED = (1.0, 0.0, 0.0, 0.0)
SIGNS = tuple(itertools.product((-1.0, 1.0), repeat=3))


class Scene:
    """The layout that a reward was compiled for, and its constants as tensors, made once a device."""

    def __init__(self, layout: SceneLayout) -> None:
        self.layout = layout
        self._constants: dict[Hashable, Tensor] = {}

    def geometry(self, body: str) -> BodyGeometry:
        """The body's geometry."""
        return self.layout.geometry[body]

    def constant(self, values: Sequence[Any], like: Tensor) -> Tensor:
        """A tuple, or a tuple of tuples, of numbers as a tensor on the device and of the type of ``like``."""
        key = (tuple(values), like.device, like.dtype)
        if key not in self._constants:
            self._constants[key] = like.new_tensor(values)
        return self._constants[key]

    def columns(self, index: tuple[int, ...], like: Tensor) -> Tensor:
        """Columns as an index on the device of ``like``."""
        import torch

        key = ("columns", index, like.device)
        if key not in self._constants:
            self._constants[key] = torch.tensor(index, device=like.device)
        return self._constants[key]


class Now:
    """A state, the values found so far by slot, and shared geometry; all tensors batch first, world frame.

    ``before`` (batch, potentials) is what ``change`` compares with; None at a reset.
    """

    def __init__(self, state: RewardState, scene: Scene, before: Tensor | None = None) -> None:
        self.state, self.scene, self.before = state, scene, before
        self.values: list[Tensor] = []
        self._kept: dict[Hashable, Tensor] = {}

    def __getitem__(self, slot: int) -> Tensor:
        return self.values[slot]

    def keep(self, key: Hashable, make: Callable[[], Tensor]) -> Tensor:
        """What ``make`` gives, made once in this evaluation."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def constant(self, values: Sequence[Any]) -> Tensor:
        """Numbers as a tensor like the state's."""
        return self.scene.constant(values, self.state.pose)

    def body(self, name: str) -> Tensor:
        """Pose (batch, 7) of a body."""
        return self.state.pose[:, self.scene.layout.body(name)]

    def velocity(self, name: str) -> Tensor:
        """Velocity (batch, 6) m/s, rad/s of a body."""
        return self.state.velocity[:, self.scene.layout.body(name)]

    def touching(self, a: str, b: str) -> Tensor:
        """Whether two bodies touch, (batch,)."""
        layout = self.scene.layout
        return self.state.contact[:, layout.body(a), layout.body(b)]

    def box(self, name: str, box: Box) -> Tensor:
        """Pose (batch, 7) of a box given in the body's frame."""
        return self.keep((name, box), lambda: self._box(name, box))

    def _box(self, name: str, box: Box) -> Tensor:
        import torch

        body = self.body(name)
        if box.pose[3:] != UNTURNED:
            return compose(body, self.constant(box.pose))
        return torch.cat([body[:, :3] + rotate(body[:, 3:], self.constant(box.pose[:3])), body[:, 3:]], dim=-1)

    def centre(self, name: str) -> Tensor:
        """Centre (batch, 3) m of the bounds."""
        return self.box(name, self.scene.geometry(name).bounds)[:, :3]

    def corners(self, name: str) -> Tensor:
        """Corners (batch, 8, 3) m of the bounds."""
        bounds = self.scene.geometry(name).bounds
        local = tuple(tuple(s * h for s, h in zip(sign, bounds.half, strict=True)) for sign in SIGNS)
        return self.keep(("corners", name), lambda: transform(self.box(name, bounds), self.constant(local)))

    def lowest(self, name: str) -> Tensor:
        """Height (batch,) m of the lowest corner of the bounds."""
        return self.keep(("lowest", name), lambda: self.corners(name)[..., 2].amin(dim=1))

    def highest(self, name: str) -> Tensor:
        """Height (batch,) m of the highest corner of the bounds."""
        return self.keep(("highest", name), lambda: self.corners(name)[..., 2].amax(dim=1))
