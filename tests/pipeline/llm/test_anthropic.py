"""The real SDK against a local server that speaks the Messages API: what goes over the wire, and trouble."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType

import pytest
from pydantic import BaseModel

from pipeline.asking.ask import Asker
from pipeline.core.chat import ChatRequest, Completion, Picture, Turn
from pipeline.core.errors import ModelError, ModelRefusedError, ModelReplyError, ModelTruncatedError
from pipeline.llm.anthropic import Connection, anthropic

PNG = b"\x89PNG\r\n\x1a\n not much of a picture"


class Colour(BaseModel):
    name: str
    brightness: int


REQUEST = ChatRequest(model="claude-sonnet-5-5", shared="Long rules.", turns=(Turn(text="Name a colour."),))
RED = '{"name": "red", "brightness": 3}'


def model(url: str, **settings) -> anthropic:
    return anthropic(Connection(base_url=url, **{"retries": 2, "timeout": 10.0, **settings}))


@pytest.fixture
def asking() -> Iterator[Callable[..., Asker]]:
    """Askers that are closed when the test is over."""
    with ExitStack() as stack:
        yield lambda *given, **options: stack.enter_context(Asker(*given, **options))


def complete(client: anthropic, request: ChatRequest = REQUEST) -> Completion:
    async def once() -> Completion:
        try:
            return await client.complete(request)
        finally:
            await client.close()

    return asyncio.run(once())


@pytest.mark.parametrize("streaming", ["on", "off"])
def test_a_reply_comes_with_its_usage_and_ids(messages: ModuleType, streaming: str) -> None:
    with messages.serving(lambda turn, body: messages.Answer("blue, with an ü and 日本語 🤖")) as server:
        reply = complete(model(server.url, streaming=streaming))
    assert reply.text == "blue, with an ü and 日本語 🤖"
    assert reply.stop == "end"
    assert (reply.usage.fresh, reply.usage.output, reply.usage.cache_read) == (100, 50, 20)
    assert reply.request_id
    assert bool(server.bodies[0].get("stream")) == (streaming == "on")


def test_pictures_go_as_png_and_the_shared_part_is_marked_for_the_prompt_cache(messages: ModuleType) -> None:
    request = REQUEST.model_copy(update={"turns": (Turn(text="What is this?", pictures=(Picture(png=PNG),)),)})
    with messages.serving(lambda turn, body: messages.Answer("a mug")) as server:
        complete(model(server.url), request)
    picture, words = server.bodies[0]["messages"][0]["content"]
    assert base64.b64decode(picture["source"]["data"]) == PNG
    assert picture["source"]["media_type"] == "image/png"
    assert words["text"] == "What is this?"
    assert server.bodies[0]["system"][0]["text"] == "Long rules."
    assert server.bodies[0]["system"][0]["cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize(("structured", "wire"), [(True, "output_config"), (None, "tools"), (False, "system")])
def test_the_schema_is_enforced_in_the_way_that_the_model_offers(
    messages: ModuleType, structured, wire: str, asking
) -> None:
    with messages.serving(lambda turn, body: messages.Answer(RED), structured=structured) as server:
        reply = asking(model(server.url)).ask(REQUEST, Colour)
    assert reply.value == Colour(name="red", brightness=3)
    assert "brightness" in str(server.bodies[0][wire])
    assert ("tools" in server.bodies[0]) == (wire == "tools"), "newer models refuse a forced tool"


def test_a_schema_with_free_keys_is_not_sent_as_structured_output(messages: ModuleType, asking) -> None:
    class Scores(BaseModel):
        by_name: dict[str, int]

    with messages.serving(lambda turn, body: messages.Answer('{"by_name": {"a": 1}}')) as server:
        reply = asking(model(server.url)).ask(REQUEST, Scores)
    assert reply.value.by_name == {"a": 1}
    assert "output_config" not in server.bodies[0]


def test_a_wrong_reply_goes_back_with_its_mistakes(messages: ModuleType, asking) -> None:
    answers = ['{"name": "red", "brightness": "very"}', RED]
    with messages.serving(lambda turn, body: messages.Answer(answers[turn])) as server:
        reply = asking(model(server.url)).ask(REQUEST, Colour)
    assert reply.repairs == 1
    assert reply.usage.output == 100
    said, told = server.bodies[1]["messages"][1:]
    assert said["content"][0]["text"] == answers[0]
    assert "brightness: Input should be a valid integer" in told["content"][0]["text"]


def test_a_reply_that_stays_wrong_is_an_error_after_the_last_repair(messages: ModuleType, asking) -> None:
    with messages.serving(lambda turn, body: messages.Answer('{"name": 1}')) as server:
        asker = asking(model(server.url), repairs=2)
        with pytest.raises(ModelReplyError, match=r"not a valid Colour after 2 repairs: .*brightness: Field required"):
            asker.ask(REQUEST, Colour)
    assert server.calls == 3


def test_a_further_check_on_the_value_is_told_like_a_broken_schema(messages: ModuleType, asking) -> None:
    answers = ['{"name": "mauve", "brightness": 3}', RED]
    with messages.serving(lambda turn, body: messages.Answer(answers[turn])) as server:
        known = lambda colour: [] if colour.name == "red" else [f"name: unknown colour {colour.name!r}."]  # noqa: E731
        assert asking(model(server.url)).ask(REQUEST, Colour, check=known).value.name == "red"
    assert "unknown colour 'mauve'" in server.bodies[1]["messages"][-1]["content"][0]["text"]


def test_a_busy_server_is_asked_again_after_the_time_it_names(messages: ModuleType) -> None:
    def script(turn: int, body: dict) -> object:
        return messages.Answer(status=429, headers={"retry_after": "0"}) if turn < 2 else messages.Answer("yes")

    with messages.serving(script) as server:
        assert complete(model(server.url)).text == "yes"
    assert server.calls == 3


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (529, "answered 529 .*stays overloaded"),
        (429, "answered 429 .*lower the concurrency"),
        (500, "answered 500 .*Try again later"),
        (401, "answered 401 .*The key is not accepted"),
        (404, "knows no model 'claude-sonnet-5-5'"),
        (400, "answered 400 .*does not suit the model"),
    ],
)
def test_a_server_that_does_not_recover_is_one_clear_error(messages: ModuleType, status: int, message: str) -> None:
    headers = {"retry_after": "0"}
    with messages.serving(lambda turn, body: messages.Answer(status=status, headers=headers)) as server:
        with pytest.raises(ModelError, match=message):
            complete(model(server.url, retries=1))
        assert server.calls == (1 if status in (400, 401, 404) else 2)


def test_a_key_that_a_server_repeats_is_not_in_the_error(messages: ModuleType, key: str) -> None:
    with messages.serving(lambda turn, body: messages.Answer(status=401, error=f"invalid key {key}")) as server:
        with pytest.raises(ModelError) as raised:
            complete(model(server.url))
        assert key in str(server.headers[0])
    assert key not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("streaming", ["on", "off"])
def test_half_a_reply_is_asked_for_again(messages: ModuleType, streaming: str) -> None:
    def script(turn: int, body: dict) -> object:
        return messages.Answer("whole " * 500, cut=900 if turn == 0 else None)

    with messages.serving(script) as server:
        assert complete(model(server.url, streaming=streaming)).text == "whole " * 500
    assert server.calls == 2


@pytest.mark.parametrize("streaming", ["on", "off"])
@pytest.mark.parametrize("raw", [b"<html>Bad gateway</html>", b"", b'{"id": "x"}', b"[]"])
def test_something_that_is_no_message_is_a_clear_error(messages: ModuleType, raw: bytes, streaming: str) -> None:
    broken = messages.serving(lambda turn, body: messages.Answer(raw=raw))
    with broken as server, pytest.raises(ModelError, match=r"cannot be read .*Messages API|cannot be reached"):
        complete(model(server.url, retries=1, streaming=streaming))


def test_a_refusal_is_an_error_of_its_own_with_the_servers_reason(messages: ModuleType, asking) -> None:
    details = {"type": "refusal", "category": "general_harms", "explanation": "not for me"}
    with messages.serving(lambda turn, body: messages.Answer("", stop="refusal", details=details)) as server:
        with pytest.raises(ModelRefusedError, match=r"declined to answer .*asking again will not help"):
            asking(model(server.url)).ask(REQUEST, Colour)
        assert server.calls == 1


def test_a_reply_cut_off_at_the_limit_is_an_error_of_its_own(messages: ModuleType, asking) -> None:
    short = messages.serving(lambda turn, body: messages.Answer('{"name": "re', stop="max_tokens"))
    with short as server, pytest.raises(ModelTruncatedError, match="cut off at 16000 tokens"):
        asking(model(server.url)).ask(REQUEST.model_copy(update={"max_tokens": 16000}), Colour)


@pytest.mark.parametrize("streaming", ["on", "off"])
def test_a_reply_of_a_megabyte_arrives_whole(messages: ModuleType, streaming: str) -> None:
    text = "ü" * 500_000
    with messages.serving(lambda turn, body: messages.Answer(text)) as server:
        assert complete(model(server.url, streaming=streaming)).text == text


def test_a_server_that_hangs_is_given_up(messages: ModuleType) -> None:
    slow = messages.serving(lambda turn, body: messages.Answer("late", hang=3.0))
    with slow as server, pytest.raises(ModelError, match="did not answer in time"):
        complete(model(server.url, timeout=0.3, retries=1))


def test_no_more_calls_are_in_flight_than_allowed(messages: ModuleType, asking) -> None:
    with messages.serving(lambda turn, body: messages.Answer(RED, hang=0.1)) as server:
        asker = asking(model(server.url, concurrency=3))
        replies = asker.ask_all([REQUEST.model_copy(update={"sample": i}) for i in range(12)], Colour)
    assert [r.value.name for r in replies] == ["red"] * 12
    assert server.most_in_flight == 3


def test_one_bad_request_of_many_leaves_the_others(messages: ModuleType, asking) -> None:
    def script(turn: int, body: dict) -> object:
        bad = body["messages"][0]["content"][0]["text"] == "bad"
        return messages.Answer("", stop="refusal") if bad else messages.Answer(RED)

    bad = REQUEST.model_copy(update={"turns": (Turn(text="bad"),)})
    with messages.serving(script) as server:
        first, second = asking(model(server.url)).ask_all([bad, REQUEST], Colour)
    assert isinstance(first, ModelRefusedError)
    assert second.value.name == "red"


def test_without_a_key_the_error_names_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    with pytest.raises(ModelError, match="set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN"):
        complete(model("http://127.0.0.1:9"))


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match=r"http://127.0.0.1:9/?' cannot be reached"):
        complete(model("http://127.0.0.1:9", retries=0))


def test_the_switch_forbids_calls_that_leave_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKLOOM_MODEL_CALLS", "local")
    with pytest.raises(ModelError, match="switched off here"):
        complete(model("http://192.0.2.1"))
    monkeypatch.setenv("TASKLOOM_MODEL_CALLS", "forbid")
    with pytest.raises(ModelError, match="TASKLOOM_MODEL_CALLS=forbid"):
        complete(model("http://127.0.0.1:9"))


def test_the_environment_names_the_server(messages: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    with messages.serving(lambda turn, body: messages.Answer("here")) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{server.url}/gateway")
        assert complete(anthropic()).text == "here"
