"""diffusion_policy and DP3: their own replay buffers, datasets and a policy on exports, with the zarr that they pin.

Their sources are not packages: ``TASKLOOM_DIFFUSION_POLICY`` and ``TASKLOOM_DP3`` name checkouts of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SOURCES = {name: os.environ.get(name, "") for name in ("TASKLOOM_DIFFUSION_POLICY", "TASKLOOM_DP3")}
if not SOURCES["TASKLOOM_DIFFUSION_POLICY"]:
    pytest.skip("runs in its own environment: make test-consumers", allow_module_level=True)

PINNED = "2.12.0"
HORIZON = 16


@pytest.fixture(scope="module", autouse=True)
def sources() -> Iterator[None]:
    import zarr

    assert zarr.__version__ == PINNED
    before = sys.path[:]
    sys.path[:0] = [source for source in SOURCES.values() if source]
    yield
    sys.path[:] = before


@pytest.mark.parametrize("name", ["diffusion_policy", "dual"])
def test_its_replay_buffer_holds_the_dataset(exports, name: str) -> None:
    from diffusion_policy.common.replay_buffer import ReplayBuffer

    place = str(exports.folder / name)
    for buffer in (ReplayBuffer.copy_from_path(place), ReplayBuffer.create_from_path(place)):
        assert buffer.episode_ends[:].tolist() == exports.arrays["ends"].tolist()
        np.testing.assert_array_equal(buffer["img"][:], exports.images)
        np.testing.assert_array_equal(buffer["action"][:], exports.arrays["action"])
        episode = buffer.get_episode(1)
        np.testing.assert_array_equal(episode["state"], exports.arrays["state"][exports.rows(1)])


@pytest.mark.parametrize("name", ["diffusion_policy", "dual"])
def test_its_image_dataset_gives_windows_and_a_normaliser(exports, name: str) -> None:
    import torch
    from diffusion_policy.dataset.pusht_image_dataset import PushTImageDataset

    data = PushTImageDataset(str(exports.folder / name), horizon=HORIZON, pad_before=1, pad_after=7)
    item = data[1]  # the first window that begins at an episode's first step
    np.testing.assert_array_equal(item["action"], exports.arrays["action"][:HORIZON])
    np.testing.assert_allclose(255 * item["obs"]["image"].permute(0, 2, 3, 1), exports.images[:HORIZON], atol=1e-4)
    normalizer = data.get_normalizer()
    loader = torch.utils.data.DataLoader(data, batch_size=8, num_workers=2, shuffle=True)
    batch = next(iter(loader))
    assert normalizer["action"].normalize(batch["action"]).abs().max() <= 1 + 1e-5
    assert batch["obs"]["image"].shape[:3] == (8, HORIZON, 3)


def test_its_low_dimensional_policy_learns(exports) -> None:
    import torch
    from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
    from diffusion_policy.dataset.pusht_dataset import PushTLowdimDataset
    from diffusion_policy.model.diffusion.conditional_unet1d import ConditionalUnet1D
    from diffusion_policy.policy.diffusion_unet_lowdim_policy import DiffusionUnetLowdimPolicy

    torch.manual_seed(0)
    data = PushTLowdimDataset(str(exports.folder / "lowdim"), horizon=HORIZON, pad_before=1, pad_after=7)
    sizes = {"obs_dim": data[0]["obs"].shape[-1], "action_dim": data[0]["action"].shape[-1]}
    unet = ConditionalUnet1D(
        sizes["action_dim"], global_cond_dim=2 * sizes["obs_dim"], diffusion_step_embed_dim=32, down_dims=[32, 64]
    )
    policy = DiffusionUnetLowdimPolicy(
        unet,
        DDPMScheduler(num_train_timesteps=50, beta_schedule="squaredcos_cap_v2"),
        horizon=HORIZON,
        n_action_steps=8,
        n_obs_steps=2,
        obs_as_global_cond=True,
        **sizes,
    )
    policy.set_normalizer(data.get_normalizer())
    losses = train(policy, data, steps=60)
    print("diffusion_policy loss:", *(f"{loss:.3f}" for loss in losses[::10]))
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:5])


def train(policy: Any, data: Any, *, steps: int) -> list[float]:
    """Steps of Adam on random batches."""
    import torch

    optimizer = torch.optim.Adam(policy.parameters(), 1e-3)
    loader = iter(
        torch.utils.data.DataLoader(
            data, batch_size=16, sampler=torch.utils.data.RandomSampler(data, num_samples=16 * steps, replacement=True)
        )
    )
    losses: list[float] = []
    for batch in loader:
        loss = policy.compute_loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


@pytest.mark.skipif(not SOURCES["TASKLOOM_DP3"], reason="TASKLOOM_DP3 names no checkout")
@pytest.mark.parametrize("name", ["metaworld_dataset.MetaworldDataset", "realdex_dataset.RealDexDataset"])
def test_dp3_datasets_read_the_clouds(exports, name: str) -> None:
    import importlib

    if not (exports.folder / "dp3").is_dir():
        pytest.skip("the dataset was recorded without depth")
    module, _, cls = name.partition(".")
    made = getattr(importlib.import_module(f"diffusion_policy_3d.dataset.{module}"), cls)
    data = made(str(exports.folder / "dp3"), horizon=HORIZON, pad_before=1, pad_after=7)
    item = data[1]
    np.testing.assert_array_equal(item["action"], exports.arrays["action"][:HORIZON])
    cloud = item["obs"]["point_cloud"].numpy()
    assert cloud.shape == (HORIZON, 512, 6)
    assert np.isfinite(cloud).all()
    assert len(np.unique(cloud[0], axis=0)) > 256
    normal = data.get_normalizer()["action"].normalize(item["action"])
    assert normal.abs().max() <= 1 + 1e-5
    assert Path(sys.modules[made.__module__].__file__).is_relative_to(SOURCES["TASKLOOM_DP3"])
