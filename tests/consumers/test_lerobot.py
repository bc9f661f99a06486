"""LeRobot of the current release: its dataset class and its training command on an export, nothing of it changed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lerobot", reason="runs in its own environment: make test-consumers")

WINDOW = 8
CODEC_ERROR = 4.0  # of 255, mean over a picture


def opened(exports, name: str = "lerobot", **more: Any) -> Any:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    return LeRobotDataset(f"local/{name}", root=exports.folder / name, video_backend="pyav", **more)


def test_its_dataset_gives_the_windows_of_ours(exports) -> None:
    hz, image = exports.told["hz"], f"observation.images.{exports.camera}"
    deltas = {image: [-1 / hz, 0.0], "action": [k / hz for k in range(WINDOW)], "observation.state": [0.0]}
    data = opened(exports, delta_timestamps=deltas)
    assert data.num_episodes == len(exports.arrays["ends"])
    assert len(data) == exports.arrays["ends"][-1]
    start = 0
    for number, episode in enumerate(exports.train_first):
        rows = exports.rows(episode)
        length = rows.stop - rows.start
        for at in (0, length // 2, length - 3):
            item = data[start + at]
            wanted = np.minimum(np.arange(at, at + WINDOW), length - 1) + rows.start
            np.testing.assert_array_equal(item["action"].numpy(), exports.arrays["action"][wanted])
            assert item["action_is_pad"].tolist() == (np.arange(at, at + WINDOW) >= length).tolist()
            np.testing.assert_array_equal(item["observation.state"][0], exports.arrays["state"][rows.start + at])
            assert item["task"] == exports.told["instructions"][episode]
            assert item["episode_index"] == number
            frames = [rows.start + max(at - 1, 0), rows.start + at]
            pictures = 255 * item[image].numpy().transpose(0, 2, 3, 1)
            assert np.abs(pictures - exports.images[frames]).mean() < CODEC_ERROR
        start += length


def test_half_the_rate_in_another_action_space(exports) -> None:
    data = opened(exports, "lerobot_10hz")
    rows = exports.rows(exports.train_first[0])
    for at in (0, 5, 10):
        item = data[at]
        row = rows.start + 2 * at
        np.testing.assert_allclose(item["action"], exports.arrays["action_ee_pose"][row + 1], atol=1e-6)
        picture = 255 * item[f"observation.images.{exports.camera}"].numpy().transpose(1, 2, 0)
        assert np.abs(picture - exports.images[row]).mean() < CODEC_ERROR


def test_its_filters_find_the_splits(exports) -> None:
    data = opened(exports)
    train = data.meta.filter_episodes(lambda episode: episode["split"] == "train")
    assert train == list(range(int((exports.arrays["split"] == 0).sum())))
    assert len(opened(exports, episodes=train)) == sum(
        exports.rows(k).stop - exports.rows(k).start for k in exports.train_first[: len(train)]
    )
    stats = data.meta.stats["action"]
    rows = np.concatenate([exports.arrays["action"][exports.rows(k)] for k in exports.train_first[: len(train)]])
    np.testing.assert_allclose(stats["mean"], rows.mean(axis=0, dtype=np.float64), rtol=1e-6)


def test_its_reward_model_reads_our_stages(exports) -> None:
    from lerobot.rewards.sarm.processor_sarm import SARMEncodingProcessorStep
    from lerobot.rewards.sarm.sarm_utils import find_stage_and_tau, temporal_proportions_to_breakpoints

    data = opened(exports)
    shares = json.loads((data.root / "meta" / "temporal_proportions_dense.json").read_text())
    breaks = temporal_proportions_to_breakpoints(shares)
    assert breaks == sorted(breaks)
    row = data.meta.episodes[0]
    spans = [row[f"dense_subtask_{k}"] for k in ("names", "start_frames", "end_frames")]
    assert SARMEncodingProcessorStep._annotations_are_usable(*spans)
    rows = exports.rows(exports.train_first[0])
    stage = exports.arrays["stage"][rows]
    names, taus = exports.told["stages"][exports.train_first[0]], []
    if len(set(names)) == len(names) == len(spans[0]):
        for frame in range(len(stage)):
            index, tau = find_stage_and_tau(frame, len(stage), *spans, list(shares), shares)
            assert list(shares)[index] == names[np.searchsorted(np.unique(stage), stage[frame])]
            taus.append(tau)
        assert taus[-1] == 1.0


def test_its_training_command_trains_act_offline(exports, run, tmp_path: Path) -> None:
    options = {
        "dataset.repo_id": "local/lerobot",
        "dataset.root": exports.folder / "lerobot",
        "dataset.video_backend": "pyav",
        "policy.type": "act",
        "policy.push_to_hub": "false",
        "policy.device": "cpu",
        "policy.pretrained_backbone_weights": "null",
        "policy.chunk_size": WINDOW,
        "policy.n_action_steps": WINDOW,
        "policy.dim_model": 64,
        "policy.n_heads": 2,
        "policy.dim_feedforward": 128,
        "num_workers": 0,
        "batch_size": 4,
        "steps": 10,
        "log_freq": 1,
        "save_freq": 10,
        "wandb.enable": "false",
        "output_dir": tmp_path / "out",
    }
    command = Path(sys.executable).with_name("lerobot-train")
    said = run([str(command), *(f"--{name}={value}" for name, value in options.items())])
    losses = [float(loss) for loss in re.findall(r"loss:([0-9.]+) grdn", said)]
    print("LeRobot ACT loss by step:", *losses)
    assert len(losses) == 10
    assert np.isfinite(losses).all()
    assert list((tmp_path / "out").rglob("model.safetensors"))
