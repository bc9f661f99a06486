"""A cassette answers as the model did, without it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pipeline.core.chat import ChatRequest, Completion, Turn
from pipeline.core.errors import InvalidInputError, ModelError
from pipeline.llm.cassette import cassette

REQUEST = ChatRequest(model="m", turns=(Turn(text="Say something."),))
OTHER = REQUEST.model_copy(update={"sample": 1})


class Counting:
    """A chat model that numbers its answers."""

    def __init__(self) -> None:
        self.calls = 0

    async def complete(self, request: ChatRequest) -> Completion:
        self.calls += 1
        return Completion(text=f"answer {self.calls}")

    async def close(self) -> None:
        """Nothing is open."""


def say(model: cassette, request: ChatRequest = REQUEST) -> str:
    return asyncio.run(model.complete(request)).text


def test_what_was_recorded_is_replayed_in_order_and_the_last_answer_stays(tmp_path: Path) -> None:
    recorder, model = cassette(tmp_path / "calls.jsonl", source := Counting()), source
    assert [say(recorder), say(recorder), say(recorder, OTHER)] == ["answer 1", "answer 2", "answer 3"]
    player = cassette(tmp_path / "calls.jsonl")
    assert [say(player) for _ in range(3)] == ["answer 1", "answer 2", "answer 2"]
    assert say(player, OTHER) == "answer 3"
    assert model.calls == 3


def test_a_request_that_was_not_recorded_is_an_error(tmp_path: Path) -> None:
    say(cassette(tmp_path / "calls.jsonl", Counting()))
    with pytest.raises(ModelError, match=r"holds no answer to this request .* only to 1 others"):
        say(cassette(tmp_path / "calls.jsonl"), OTHER)


def test_recording_goes_on_after_a_line_that_was_torn_by_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    say(cassette(path, Counting()))
    path.write_text(path.read_text() + '{"request": "half a li')
    recorder = cassette(path, again := Counting())
    assert say(recorder) == "answer 1"
    assert again.calls == 0
    say(recorder, OTHER)
    assert say(cassette(path), OTHER) == "answer 1"


def test_a_missing_or_broken_cassette_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="There is no cassette"):
        cassette(tmp_path / "none.jsonl")
    (tmp_path / "bad.jsonl").write_text("[]\n")
    with pytest.raises(InvalidInputError, match="line 1, is not a recorded call"):
        cassette(tmp_path / "bad.jsonl")
