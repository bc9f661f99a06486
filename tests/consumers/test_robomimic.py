"""robomimic from its package: its SequenceDataset and its training script on an export, nothing of it changed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("robomimic", reason="runs in its own environment: make test-consumers")

LOW_DIM = ["robot0_eef_pos", "robot0_eef_quat", "robot0_gripper_qpos", "robot0_joint_pos", "object"]


@pytest.fixture(scope="module")
def observations(exports) -> None:
    import robomimic.utils.obs_utils as ObsUtils

    image = f"{exports.camera}_image"
    ObsUtils.initialize_obs_utils_with_obs_specs({"obs": {"low_dim": LOW_DIM, "rgb": [image]}})


@pytest.mark.parametrize("cache", [None, "low_dim", "all"])
def test_its_dataset_gives_the_windows_of_ours(exports, observations, cache: str | None) -> None:
    from robomimic.utils.dataset import SequenceDataset

    image = f"{exports.camera}_image"
    data = SequenceDataset(
        hdf5_path=str(exports.folder / "robomimic.hdf5"),
        obs_keys=["robot0_joint_pos", image],
        dataset_keys=["actions", "rewards", "dones"],
        frame_stack=2,
        seq_length=5,
        hdf5_cache_mode=cache,
        load_next_obs=False,
    )
    assert len(data) == exports.arrays["ends"][-1]
    rows = exports.rows(1)
    item, at = data[rows.start + 7], rows.start + 7
    np.testing.assert_array_equal(item["obs"]["robot0_joint_pos"], exports.arrays["qpos"][at - 1 : at + 5])
    np.testing.assert_array_equal(item["obs"][image], exports.images[at - 1 : at + 5])
    assert np.abs(item["actions"]).max() <= 1
    last = data[rows.stop - 1]
    assert last["dones"][1] == 1
    np.testing.assert_array_equal(last["obs"]["robot0_joint_pos"][-1], exports.arrays["qpos"][rows.stop - 1])


@pytest.mark.parametrize("split", [0, 1])
def test_its_filter_keys_are_our_splits(exports, observations, split: int) -> None:
    from robomimic.utils.dataset import SequenceDataset

    data = SequenceDataset(
        str(exports.folder / "robomimic.hdf5"),
        ["robot0_joint_pos"],
        ["actions"],
        filter_by_attribute=["train", "valid"][split],
        load_next_obs=False,
    )
    assert data.demos == [f"demo_{k}" for k in np.flatnonzero(exports.arrays["split"] == split)]


def test_its_own_inspection_finds_nothing_wrong(exports, run) -> None:
    said = run(
        [sys.executable, "-m", "robomimic.scripts.get_dataset_info", "--dataset", f"{exports.folder}/robomimic.hdf5"]
    )
    assert f"total trajectories: {len(exports.arrays['ends'])}" in said
    assert re.search(r"action min: -1\.0\s+action max: 1\.0", said)


def test_its_training_script_clones_behaviour(exports, run, tmp_path: Path) -> None:
    from robomimic.config import config_factory

    config = json.loads(json.dumps(config_factory("bc")))
    config["train"] |= {
        "data": str(exports.folder / "robomimic.hdf5"),
        "output_dir": str(tmp_path / "out"),
        "num_epochs": 3,
        "batch_size": 16,
        "cuda": False,
        "hdf5_filter_key": "train",
        "hdf5_validation_filter_key": "valid",
    }
    config["experiment"] |= {"epoch_every_n_steps": 25, "validate": True, "validation_epoch_every_n_steps": 2}
    config["experiment"]["rollout"]["enabled"] = False
    config["experiment"]["save"] |= {"every_n_epochs": 3}
    config["observation"]["modalities"]["obs"]["low_dim"] = LOW_DIM
    (tmp_path / "bc.json").write_text(json.dumps(config))
    said = run([sys.executable, "-m", "robomimic.scripts.train", "--config", str(tmp_path / "bc.json")])
    assert "finished run successfully!" in said, said
    trained = re.findall(r"Train Epoch \d+\n\{.*?\"Loss\": ([0-9.e+-]+)", said, re.DOTALL)
    print("robomimic BC loss by epoch of 25 steps:", *trained)
    assert len(trained) == 3
    assert float(trained[-1]) < 0.7 * float(trained[0])
    assert list((tmp_path / "out").rglob("model_epoch_3*.pth"))
