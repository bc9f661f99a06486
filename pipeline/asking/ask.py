"""Asker: typed replies from a chat model. A reply that breaks its schema goes back to the model with the errors."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.core.chat import ChatModel, ChatRequest, Completion, Turn, Usage
from pipeline.core.errors import (
    InvalidInputError,
    ModelError,
    ModelRefusedError,
    ModelReplyError,
    ModelTruncatedError,
)

Value = TypeVar("Value", bound=BaseModel)
SHOWN = 12  # mistakes of one reply that are listed; the rest is usually more of the same


@dataclass(frozen=True)
class Reply(Generic[Value]):
    """A checked value, the model that gave it, what it used, and how many repairs it took."""

    value: Value
    model: str
    usage: Usage
    repairs: int
    requests: tuple[str, ...] = field(default=())  # digests of all calls, the answered one last


Check = Callable[[Any], Sequence[str]]
"""Further rules on a parsed reply: one sentence a mistake, each told to the model."""


class Asker:
    """Asks a chat model for values of a type, several at once, from synchronous code.

    ``repairs`` is how often the model may correct a reply. Calls run on a loop of their own, so that an asker may be
    used inside another event loop, as a flow runner has one.
    """

    def __init__(self, model: ChatModel, *, repairs: int = 2) -> None:
        self.model, self.repairs = model, repairs
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def ask(self, request: ChatRequest, output: type[Value], *, check: Check | None = None) -> Reply[Value]:
        """One typed reply.

        Raises :class:`ModelRefusedError`, :class:`ModelTruncatedError`, :class:`ModelReplyError` when the last repair
        fails too, :class:`BudgetError`, or another :class:`ModelError`.
        """
        return self._run(self.ask_async(request, output, check=check))

    def ask_all(
        self, requests: Sequence[ChatRequest], output: type[Value], *, checks: Sequence[Check | None] | None = None
    ) -> list[Reply[Value] | ModelError]:
        """Typed replies to several requests asked at once, in their order; a failed one is its error.

        ``checks`` are further rules, one entry a request.
        """
        return self._run(self._all(requests, output, checks or [None] * len(requests)))

    def close(self) -> None:
        """Close the model's connections and end the loop; a later question starts a new one."""
        if self._loop is None:
            return
        self._run(self.model.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join()
        self._loop.close()
        self._loop = self._thread = None

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def ask_async(self, request: ChatRequest, output: type[Value], *, check: Check | None = None) -> Reply[Value]:
        """As :meth:`ask`, for callers with an event loop."""
        asked = request.model_copy(update={"reply_schema": output.model_json_schema()})
        usage, digests, mistakes = Usage(), list[str](), list[str]()
        for repair in range(self.repairs + 1):
            completion = await self.model.complete(asked)
            usage += completion.usage
            digests.append(asked.digest)
            _raise_if_unusable(completion, asked)
            value, mistakes = _parse(completion.text, output, check)
            if value is not None:
                return Reply(value, completion.model or asked.model, usage, repair, tuple(digests))
            asked = _shown_its_mistakes(asked, completion, mistakes)
        raise ModelReplyError(
            f"The reply of {request.model!r} is not a valid {output.__name__} after {self.repairs} repairs: "
            f"{' '.join(mistakes)} Allow more repairs, use a stronger model, or the procedural author."
        )

    async def _all(
        self, requests: Sequence[ChatRequest], output: type[Value], checks: Sequence[Check | None]
    ) -> list[Reply[Value] | ModelError]:
        async def one(request: ChatRequest, check: Check | None) -> Reply[Value] | ModelError:
            try:
                return await self.ask_async(request, output, check=check)
            except ModelError as error:
                return error

        return list(await asyncio.gather(*(one(r, c) for r, c in zip(requests, checks, strict=True))))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="asker", daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _raise_if_unusable(completion: Completion, request: ChatRequest) -> None:
    if completion.stop == "refusal":
        why = f" ({completion.detail})" if completion.detail else ""
        raise ModelRefusedError(
            f"{request.model!r} declined to answer{why}. Reword the request or use another model; asking again will "
            "not help."
        )
    if completion.stop == "length":
        raise ModelTruncatedError(
            f"The reply of {request.model!r} was cut off at {request.max_tokens} tokens. Ask for less at once or "
            "raise the limit of tokens a reply."
        )


def _parse(text: str, output: type[Value], check: Check | None) -> tuple[Value | None, list[str]]:
    """The value, or every mistake as a sentence."""
    try:
        value = output.model_validate_json(_json_part(text))
    except ValidationError as error:
        return None, [_sentence(e) for e in error.errors()[:SHOWN]]
    except InvalidInputError as error:
        return None, [str(error)]
    mistakes = list(check(value)) if check else []
    return (None, mistakes[:SHOWN]) if mistakes else (value, [])


def _json_part(text: str) -> str:
    """The JSON of a reply; models without structured output wrap it in a code fence or in words."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise InvalidInputError("The reply holds no JSON object; answer with one JSON object and nothing else.")
    part = text[start : end + 1]
    try:
        json.loads(part)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidInputError(f"The reply is not valid JSON: {error.msg} at {where}.") from None
    except RecursionError:
        raise InvalidInputError("The reply is nested too deeply to be read.") from None
    return part


def _sentence(error: Any) -> str:
    where = ".".join(map(str, error["loc"])) or "reply"
    shown = repr(error["input"])
    return f"{where}: {error['msg']}, got {shown if len(shown) <= 80 else shown[:77] + '...'}."


def _shown_its_mistakes(request: ChatRequest, completion: Completion, mistakes: Sequence[str]) -> ChatRequest:
    listed = "\n".join(f"- {m}" for m in mistakes)
    words = f"Your reply cannot be used:\n{listed}\nCorrect these and answer again with the whole JSON object."
    said = Turn(role="assistant", text=completion.text or "(empty)")
    return request.model_copy(update={"turns": (*request.turns, said, Turn(text=words))})
