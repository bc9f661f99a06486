"""Randomised wording ends up where a trainer looks: every episode carries the words drawn for its world."""

from __future__ import annotations

from pathlib import Path

import pytest
import zarr

from flows.config import compose
from flows.replay import replay_episodes
from flows.runners import run
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.verify import verify

TASK = TaskSpec(
    name="block_on_plate",
    family="pick_place",
    instruction="Put the red block on the plate.",
    paraphrases=(
        "Set the red block on the plate.",
        "The plate should hold the red block.",
        "Red block, plate, please.",
    ),
    objects=(TaskObject(name="block", asset="block_red"), TaskObject(name="plate", asset="plate", role="receptacle")),
    goal="(on block plate)",
)


@pytest.fixture(scope="module")
def reworded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one task whose wording is randomised, without physics."""
    out = tmp_path_factory.mktemp("reworded") / "out"
    run(compose("smoke", tasks=1, demos=6, batch=6, rounds=2, randomise="strong", given=(TASK,)), out, workers=1)
    return out / "dataset.zarr"


def test_an_episode_carries_a_paraphrase_of_its_task(reworded: Path) -> None:
    episodes = list(DatasetReader(reworded))
    told = [e.instruction for e in episodes]
    assert len(episodes) >= 4
    assert len(set(told)) > 1
    for episode in episodes:
        assert episode.instruction in (episode.task.instruction, *episode.task.paraphrases)
        assert episode.instruction == episode.scene.draws["instruction"]
    assert any(e.instruction != e.task.instruction for e in episodes)


def test_other_words_are_no_other_task(reworded: Path) -> None:
    reader = DatasetReader(reworded)
    assert len(reader.tasks) == 1
    assert {e.task.instruction for e in reader} == {reader.tasks[0].instruction}


def test_the_words_are_a_plain_column(reworded: Path) -> None:
    column = zarr.open_group(reworded, mode="r")["meta/episode_instruction"][:]
    assert [str(words) for words in column] == [e.instruction for e in DatasetReader(reworded)]


def test_a_dataset_of_many_wordings_is_sound_and_replays(reworded: Path) -> None:
    reader = DatasetReader(reworded)
    assert verify(reworded) == []
    assert all(v.ok and v.exact for v in replay_episodes(reader, range(len(reader))))
