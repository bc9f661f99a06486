"""A window is the rows around a step, cut out of its episode and of no other."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pipeline.core.errors import DatasetError, InvalidInputError, UnknownNameError
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.selection import EpisodeFilter, select
from pipeline.dataset.windows import Windows, WindowSpec
from pipeline.dataset.windows_statistics import Statistics
from pipeline.dataset.windows_table import Rows

ALL = WindowSpec(observations=("state", "rgb_front"), future=("progress", "state"), obs_horizon=3, action_horizon=4)


def test_every_window_holds_the_rows_around_its_step_repeated_beyond_the_ends(packed: Path, episodes: list) -> None:
    windows, seen = Windows(packed, ALL), 0
    assert len(windows) == sum(e.length for e in episodes)
    for number, episode in enumerate(episodes):
        for step in range(episode.length):
            sample, seen = windows[seen], seen + 1
            assert (sample["episode"], sample["step"]) == (number, step)
            before = [max(step - 2 + k, 0) for k in range(3)]
            after = [min(step + k, episode.length - 1) for k in range(4)]
            np.testing.assert_array_equal(sample["obs"]["state"], episode.states.qpos[before])
            np.testing.assert_array_equal(sample["obs"]["rgb_front"], episode.rgb["front"][before])
            np.testing.assert_array_equal(sample["action"], episode.actions[after])
            np.testing.assert_array_equal(sample["future"]["progress"], episode.progress[after])
            np.testing.assert_array_equal(sample["future"]["state"], episode.states.qpos[after])
            assert sample["obs_is_pad"].tolist() == [step - 2 + k < 0 for k in range(3)]
            assert sample["action_is_pad"].tolist() == [step + k >= episode.length for k in range(4)]
            assert sample["instruction"] == episode.instruction


def test_small_arrays_that_do_not_fit_in_memory_give_the_same_samples(packed: Path) -> None:
    held, lazy = Windows(packed, ALL), Windows(packed, ALL, memory=0)
    for one, other in zip(held, lazy, strict=True):
        _assert_same(one, other)


def test_actions_may_begin_with_the_first_observation(packed: Path, episodes: list) -> None:
    spec = WindowSpec(obs_horizon=2, action_horizon=4, action_start=-1)
    sample = Windows(packed, spec)[2]
    np.testing.assert_array_equal(sample["action"], episodes[0].actions[1:5])
    np.testing.assert_array_equal(sample["obs"]["state"], episodes[0].states.qpos[1:3])


def test_the_default_action_goes_by_its_explicit_name_too(packed: Path) -> None:
    named = Windows(packed, WindowSpec(action="action_joint_pos", future=("action",)))[3]
    np.testing.assert_array_equal(named["action"], named["future"]["action"])


def test_blocks_of_any_size_cover_the_selected_rows_and_no_others() -> None:
    lengths = np.array([3, 5, 1, 7, 2, 6])
    for chosen in ([0], [5], [1, 2], [0, 3, 5], [2, 4]):
        selected = Rows.of(np.cumsum(lengths), np.array(chosen))
        wanted = np.isin(np.repeat(np.arange(6), lengths), chosen)
        for size in (1, 2, 4, 7, 100):
            covered = np.zeros(24, bool)
            for first, end, mask in selected.blocks(size):
                assert mask.any()
                covered[first:end] = mask
            np.testing.assert_array_equal(covered, wanted)


def test_without_padding_only_whole_windows_are_left(packed: Path, episodes: list) -> None:
    spec = WindowSpec(obs_horizon=2, action_horizon=4, pad="none")
    windows = Windows(packed, spec)
    assert len(windows) == sum(max(e.length - 4, 0) for e in episodes)
    assert not any(s["obs_is_pad"].any() or s["action_is_pad"].any() for s in windows)
    steps = [s["step"] for s in windows if s["episode"] == 1]
    assert steps == list(range(1, episodes[1].length - 3))
    with pytest.raises(DatasetError, match="long enough"):
        Windows(packed, WindowSpec(action_horizon=100, pad="none"))


def test_object_slots_are_as_many_as_the_selection_uses_and_the_unused_are_filled(packed: Path, episodes: list) -> None:
    spec = WindowSpec(observations=("object_pose",), obs_horizon=1)
    assert Windows(packed, spec, episodes=EpisodeFilter(tasks=("cup_on_plate",)))[0]["obs"]["object_pose"].shape == (
        1,
        3,
        7,
    )
    sample = Windows(packed, spec)[0]["obs"]["object_pose"]
    used = episodes[0].states.pose[0, 4:]
    np.testing.assert_array_equal(sample[0, : len(used)], used)
    assert (sample[0, len(used) :] == 0).all()
    kept = Windows(packed, spec.model_copy(update={"fill": None}))[0]["obs"]["object_pose"]
    assert np.isnan(kept[0, len(used) :]).all()


def test_episodes_are_chosen_by_task_family_solver_split_success_and_predicate(packed: Path) -> None:
    reader = DatasetReader(packed)
    split = [reader.episode(k).split for k in range(4)]
    assert select(reader).tolist() == [0, 1, 2, 3]
    assert select(reader, EpisodeFilter(tasks=("open_drawer",))).tolist() == [2]
    assert select(reader, EpisodeFilter(families=("pick_place",), success=True)).tolist() == [
        0,
        1,
        2,
        3,
    ]
    assert select(reader, EpisodeFilter(splits=("val",))).tolist() == [k for k in range(4) if split[k] == "val"]
    assert select(reader, predicate=lambda e: e.length > 5).tolist() == [1, 3]
    assert Windows(packed, episodes=EpisodeFilter(tasks=("open_drawer",))).episodes.tolist() == [2]


def test_hyphens_and_underscores_of_a_solver_mean_the_same(
    builder: ModuleType, episodes: list, meta: DatasetMeta, tmp_path: Path
) -> None:
    mixed = [replace(episodes[0], solver="vipr_rl"), episodes[1]]
    write_part(tmp_path / "part", mixed, store=builder.ToyStore())
    pack([tmp_path / "part"], tmp_path / "dataset.zarr", meta=meta)
    reader = DatasetReader(tmp_path / "dataset.zarr")
    for name in ("vipr-rl", "vipr_rl"):
        assert select(reader, EpisodeFilter(solvers=(name,))).tolist() == [0]
    with pytest.raises(UnknownNameError, match=r"'vipr'.*vipr_rl"):
        select(reader, EpisodeFilter(solvers=("vipr",)))


def test_a_name_that_the_dataset_does_not_have_is_met_with_those_that_it_has(packed: Path) -> None:
    with pytest.raises(UnknownNameError, match="cup_on_plate"):
        Windows(packed, episodes=EpisodeFilter(tasks=("cup_on_plat",)))
    with pytest.raises(UnknownNameError, match="train"):
        Windows(packed, episodes=EpisodeFilter(splits=("test",)))
    with pytest.raises(UnknownNameError, match="rgb_front"):
        Windows(packed, WindowSpec(observations=("rgb_fron",)))
    with pytest.raises(DatasetError, match="None of the 4 episodes"):
        Windows(packed, episodes=EpisodeFilter(success=False))


def test_statistics_are_of_the_selected_episodes_and_no_others(packed: Path, episodes: list) -> None:
    windows = Windows(packed, WindowSpec(), episodes=EpisodeFilter(tasks=("open_drawer",)))
    found = windows.statistics("action", "rgb_front")
    actions = episodes[2].actions.astype(float)
    np.testing.assert_allclose(found["action"].mean, actions.mean(axis=0))
    np.testing.assert_allclose(found["action"].std, actions.std(axis=0))
    np.testing.assert_allclose(found["action"].max, actions.max(axis=0))
    np.testing.assert_allclose(found["rgb_front"].mean, episodes[2].rgb["front"].mean(axis=(0, 1, 2)))
    assert (found["action"].count == len(actions)).all()
    scaled = found["action"].standardised(actions)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(found["action"].restored(scaled), actions, rtol=1e-5, atol=1e-6)
    with pytest.raises(InvalidInputError, match="flags"):
        windows.statistics("is_first")


def test_statistics_of_objects_are_as_wide_as_the_windows_hold_them(packed: Path) -> None:
    windows = Windows(packed, WindowSpec(observations=("object_pose",), obs_horizon=1))
    found = windows.statistics("object_pose")["object_pose"]
    assert found.mean.shape == windows[0]["obs"]["object_pose"].shape[1:]
    assert np.isfinite(found.mean).all()
    assert found.quantiles["q99"].shape == found.mean.shape


def test_what_hardly_varies_is_not_blown_up() -> None:
    mean, std = np.array([1.0, 1.0, 1.0]), np.array([2.0, 1e-5, 0.0])
    found = Statistics(mean, std, mean, mean, np.array([9, 9, 9]))
    scaled = found.standardised(np.array([3.0, 1.00001, 1.0]))
    assert scaled[0] == 1
    assert abs(scaled[1]) < 0.01
    assert scaled[2] == 0
    np.testing.assert_allclose(found.restored(scaled), [3.0, 1.00001, 1.0], rtol=1e-6)


def test_an_index_out_of_range_ends_an_iteration(packed: Path) -> None:
    windows = Windows(packed)
    with pytest.raises(IndexError, match="0 to 23"):
        windows[len(windows)]
    _assert_same(windows[-1], windows[len(windows) - 1])


def test_what_is_pickled_is_small_and_gives_the_same_samples(packed: Path) -> None:
    windows = Windows(packed, ALL)
    text = pickle.dumps(windows)
    assert len(text) < 10_000
    for one, other in zip(windows, pickle.loads(text), strict=True):
        _assert_same(one, other)


def test_reading_needs_neither_torch_nor_tensorstore(packed: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'tensorstore', 'scipy', 'prefect', 'mujoco'): sys.modules[name] = None\n"
        "from pipeline.dataset.windows import Windows, WindowSpec\n"
        f"w = Windows({str(packed)!r}, WindowSpec(observations=('state', 'rgb_front')))\n"
        "print(sum(int(s['obs']['rgb_front'].sum()) for s in w))\n"
        "from pipeline.core.errors import InvalidInputError\n"
        "try: import pipeline.dataset.torch_windows\n"
        "except InvalidInputError as e: print(e)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    total, message = done.stdout.splitlines()
    spec = WindowSpec(observations=("state", "rgb_front"))
    assert int(total) == sum(int(s["obs"]["rgb_front"].sum()) for s in Windows(packed, spec))
    assert "taskloom[train]" in message


def _assert_same(one: dict, other: dict) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        if isinstance(value, dict):
            _assert_same(value, other[key])
        elif isinstance(value, np.ndarray):
            assert value.dtype == other[key].dtype
            np.testing.assert_array_equal(value, other[key])
        else:
            assert value == other[key]
