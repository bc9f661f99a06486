"""The networks of off-policy learning: a squashed Gaussian policy and an ensemble of layer-normed critics."""

# pyright: reportPrivateImportUsage=false
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from demo_solvers.learning.policy import LocalPolicy
from pipeline.core.world import F32

LEAST = -5.0  # logarithm of the deviation
MORE = 1.5  # times the first deviation, at most: critics that know little yet see gain in the wildest actions


class Actor(nn.Module):
    """From what is seen to a Gaussian that tanh squashes into [-1, 1] (Haarnoja et al., 2018)."""

    def __init__(self, columns: int, actions: int, hidden: Sequence[int], device: str, *, spread: float = 1.0) -> None:
        """``spread`` is the deviation of actions, about, before they are squashed: of the first ones, and at most."""
        super().__init__()
        self.actions, self.device, self.spread = actions, device, spread
        self.limits = (LEAST, float(np.log(MORE * spread)))
        self.net = _layers([columns, *hidden, 2 * actions], normed=False).to(device)
        with torch.no_grad():
            last = self.net[-1]
            assert isinstance(last, nn.Linear)
            last.bias[actions:] += float(np.log(spread))

    def mean(self, seen: torch.Tensor) -> torch.Tensor:
        """The action without dice, (batch, actions)."""
        return torch.tanh(self.net(seen)[:, : self.actions])

    def apart(self, seen: torch.Tensor, action: torch.Tensor, spread: float) -> torch.Tensor:
        """Mean squared distance of what is done without dice from ``action``, and of the logarithm of the spread."""
        out = self.net(seen)
        spreads = ((out[:, self.actions :] - float(np.log(spread))) ** 2).mean()
        return ((torch.tanh(out[:, : self.actions]) - action) ** 2).mean() + spreads

    def sample(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Actions (batch, actions) and the logarithms (batch,) of their densities."""
        out = self.net(seen)
        centre, log_spread = out[:, : self.actions], out[:, self.actions :].clamp(*self.limits)
        noise = torch.randn_like(centre)
        raw = centre + log_spread.exp() * noise
        action = torch.tanh(raw)
        density = -0.5 * noise**2 - log_spread - 0.5 * float(np.log(2 * np.pi))
        squash = 2 * (float(np.log(2)) - raw - nn.functional.softplus(-2 * raw))
        return action, (density - squash).sum(dim=1)

    def sampled(self, seen: F32) -> F32:
        """Actions (batch, actions) for practice."""
        with torch.no_grad():
            rows = torch.as_tensor(seen, device=self.device)
            self.spread = float(self.net(rows)[:, self.actions :].clamp(*self.limits).exp().mean())
            return self.sample(rows)[0].cpu().numpy()

    def policy(self) -> LocalPolicy:
        """As it acts once it is learned."""
        return LocalPolicy.of(self.net, outputs=self.actions, squashed=True)


class Critics(nn.Module):
    """Values (critics, batch) of actions."""

    def __init__(self, columns: int, actions: int, hidden: Sequence[int], count: int, device: str) -> None:
        super().__init__()
        sizes = [columns + actions, *hidden, 1]
        self.nets = nn.ModuleList([_layers(sizes, normed=True) for _ in range(count)]).to(device)

    def forward(self, seen: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Every critic's value."""
        rows = torch.cat([seen, action], dim=1)
        return torch.stack([net(rows)[:, 0] for net in self.nets])

    def least(self, seen: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """The smaller value (batch,) of two critics drawn anew (Chen et al., 2021)."""
        chosen = torch.randperm(len(self.nets))[:2].tolist()
        rows = torch.cat([seen, action], dim=1)
        return torch.minimum(*(self.nets[k](rows)[:, 0] for k in chosen))


def blend(target: nn.Module, source: nn.Module, share: float) -> None:
    """Let ``target`` follow ``source`` by ``share``."""
    with torch.no_grad():
        for slow, fast in zip(target.parameters(), source.parameters(), strict=True):
            slow.lerp_(fast, share)


def _layers(sizes: Sequence[int], *, normed: bool) -> nn.Sequential:
    layers = list[Any]()
    for inputs, outputs in pairwise(sizes[:-1]):
        layers += [nn.Linear(inputs, outputs), *([nn.LayerNorm(outputs)] if normed else []), nn.ELU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))
