"""A reply is paid for once, whatever happens afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pipeline.asking.cache import CachedModel
from pipeline.core.chat import ChatRequest, Completion, Picture, Turn
from pipeline.core.errors import ModelError, OutputError

REQUEST = ChatRequest(model="m", turns=(Turn(text="Say something."),))


class Slow:
    """Answers after a moment and counts."""

    def __init__(self, *, broken: int = 0) -> None:
        self.calls, self.broken = 0, broken

    async def complete(self, request: ChatRequest) -> Completion:
        self.calls += 1
        await asyncio.sleep(0.01)
        if self.calls <= self.broken:
            raise ModelError("busy")
        return Completion(text=f"answer {self.calls}")

    async def close(self) -> None:
        """Nothing is open."""


def test_the_second_run_asks_nobody(tmp_path: Path) -> None:
    first = asyncio.run(CachedModel(Slow(), tmp_path).complete(REQUEST))
    again = asyncio.run(CachedModel(silent := Slow(), tmp_path).complete(REQUEST))
    assert (again.text, again.cached, first.cached, silent.calls) == (first.text, True, False, 0)


def test_equal_requests_in_flight_are_one_call(tmp_path: Path) -> None:
    async def both(model: CachedModel) -> list[Completion]:
        return list(await asyncio.gather(*(model.complete(REQUEST) for _ in range(5))))

    replies = asyncio.run(both(CachedModel(model := Slow(), tmp_path)))
    assert model.calls == 1
    assert {r.text for r in replies} == {"answer 1"}
    assert [r.cached for r in replies].count(False) == 1


def test_an_error_is_not_kept(tmp_path: Path) -> None:
    model = CachedModel(Slow(broken=1), tmp_path)
    with pytest.raises(ModelError, match="busy"):
        asyncio.run(model.complete(REQUEST))
    assert asyncio.run(model.complete(REQUEST)).text == "answer 2"


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"shared": "rules"},
        {"turns": (Turn(text="Say something!"),)},
        {"turns": (Turn(text="Say something.", pictures=(Picture(png=b"1"),)),)},
        {"reply_schema": {"type": "object"}},
        {"max_tokens": 9},
        {"effort": "low"},
        {"sample": 1},
    ],
)
def test_whatever_determines_the_reply_is_in_the_key(change: dict, tmp_path: Path) -> None:
    model = CachedModel(counting := Slow(), tmp_path)
    for request in (REQUEST, REQUEST.model_copy(update=change)):
        asyncio.run(model.complete(request))
    assert counting.calls == 2


def test_a_torn_file_counts_as_absent_and_is_replaced(tmp_path: Path) -> None:
    asyncio.run(CachedModel(Slow(), tmp_path).complete(REQUEST))
    (stored,) = tmp_path.rglob("*.json")
    stored.write_text('{"text": "answ')
    assert not asyncio.run(CachedModel(Slow(), tmp_path).complete(REQUEST)).cached
    assert asyncio.run(CachedModel(Slow(), tmp_path).complete(REQUEST)).cached


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Cannot keep a paid reply"):
        asyncio.run(CachedModel(Slow(), tmp_path / "file").complete(REQUEST))
