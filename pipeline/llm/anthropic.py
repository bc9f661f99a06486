"""The Anthropic backend: any server that speaks the Messages API, through the official SDK."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
import os
import urllib.parse
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from pipeline.core.chat import ChatRequest, Completion, Stop, Turn, Usage
from pipeline.core.errors import ModelError
from pipeline.core.geometry import Frozen
from pipeline.core.secrecy import without_secrets

DEFAULT_MODEL = "claude-sonnet-5-5"
KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
SWITCH = "TASKLOOM_MODEL_CALLS"
STOPS: dict[str, Stop] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}
AS_JSON = "Answer with one JSON object that follows this schema, and nothing else:"
Structure = Literal["native", "tool", "text"]
"""How a schema is enforced: the API's own structured output, a forced tool call, or by asking for it."""


class Connection(Frozen):
    """How to reach a server. Keys are never part of it: they come from the environment."""

    base_url: str | None = Field(default=None, description="None: ANTHROPIC_BASE_URL, else Anthropic's own")
    concurrency: int = Field(default=4, ge=1, description="calls in flight at once")
    retries: int = Field(default=5, ge=0, description="after 408, 409, 429, 5xx, overload and broken connections")
    timeout: float = Field(default=180.0, gt=0, description="seconds a call may take, each try on its own")
    streaming: Literal["on", "off"] = "on"
    structure: Structure | None = Field(default=None, description="None asks the server what the model offers")


class anthropic:
    """Completions from a Messages API server; safe to share between tasks of one event loop.

    The environment variable TASKLOOM_MODEL_CALLS set to ``forbid`` makes every call an error, set to ``local`` every
    call that would leave this machine.
    """

    def __init__(self, connection: Connection | None = None) -> None:
        self.connection = connection or Connection()
        self._client: Any = None
        self._turnstile: asyncio.Semaphore | None = None
        self._structures: dict[str, Structure] = {}

    async def complete(self, request: ChatRequest) -> Completion:
        """One completion; raises :class:`ModelError` with what to do, never showing a key."""
        client = self._ready()
        assert self._turnstile is not None
        async with self._turnstile:
            structure = await self._structure(client, request)
            return await self._call(client, _body(request, structure), structure)

    async def close(self) -> None:
        """Close idle connections; the next call opens new ones."""
        if self._client is not None:
            await self._client.close()
        self._client = None

    def _ready(self) -> Any:
        if self._client is None:
            self._client = _client(self.connection)
            self._turnstile = asyncio.Semaphore(self.connection.concurrency)
        _check_switch(str(self._client.base_url))
        return self._client

    async def _structure(self, client: Any, request: ChatRequest) -> Structure:
        """What the model offers; newer models refuse forced tools, older ones and local servers lack the schemas."""
        if not request.reply_schema:
            return "text"
        if self.connection.structure is not None:
            return self.connection.structure
        if request.model not in self._structures:
            self._structures[request.model] = await _offered(client, request.model)
        found = self._structures[request.model]
        # Structured outputs close every object, so a schema with free keys cannot be expressed in them.
        return "text" if found == "native" and _has_free_keys(request.reply_schema) else found

    async def _call(self, client: Any, body: dict[str, Any], structure: Structure) -> Completion:
        """A connection that breaks in the middle of a reply is tried again, like a busy server."""
        import anthropic as sdk

        for attempt in range(self.connection.retries + 1):
            try:
                if self.connection.streaming == "on":
                    async with client.messages.stream(**body) as stream:
                        return _completion(await stream.get_final_message(), structure)
                return _completion(await client.messages.create(**body), structure)
            except sdk.APIStatusError as error:
                raise _status_error(error, body["model"]) from None
            except sdk.APIConnectionError as error:
                raise _connection_error(error, client) from None
            except Exception as error:  # a body cut off, or not a message at all: transport and JSON errors of any kind
                if attempt == self.connection.retries or not _is_broken_reply(error):
                    raise ModelError(
                        f"The reply of {str(client.base_url)!r} cannot be read ({type(error).__name__}) after "
                        f"{attempt + 1} tries. Check that the server speaks the Messages API."
                    ) from None
                await asyncio.sleep(min(8.0, 0.25 * 2**attempt))
        raise AssertionError("the last try returns or raises")


def _client(connection: Connection) -> Any:
    try:
        import anthropic as sdk
    except ImportError as error:
        raise ModelError("The model client is not installed: pip install 'taskloom[llm]'.") from error
    if not any(os.environ.get(name) for name in KEYS):
        raise ModelError(
            f"No key for the language model: set {' or '.join(KEYS)} in the environment (any value for a local "
            "server), or use the procedural author, which needs none."
        )
    settings = {"max_retries": connection.retries, "timeout": connection.timeout}
    return sdk.AsyncAnthropic(base_url=connection.base_url, **settings)


def _check_switch(base_url: str) -> None:
    switch = os.environ.get(SWITCH, "allow")
    if switch not in ("allow", "local", "forbid"):
        raise ModelError(f"{SWITCH} is {switch!r}; allowed: allow, local, forbid.")
    if switch == "forbid" or (switch == "local" and not _is_loopback(base_url)):
        raise ModelError(f"Model calls are switched off here ({SWITCH}={switch}). Unset it to allow them.")


def _is_loopback(url: str) -> bool:
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _offered(client: Any, model: str) -> Structure:
    import anthropic as sdk

    try:
        info = await client.with_options(max_retries=1).models.retrieve(model)
        return "native" if info.capabilities.structured_outputs.supported else "text"
    except (sdk.APIError, AttributeError, ValueError):
        return "tool"  # a server that does not describe its models is a local one; those force tools


def _has_free_keys(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return isinstance(schema.get("additionalProperties"), Mapping) or any(map(_has_free_keys, schema.values()))
    return isinstance(schema, list) and any(map(_has_free_keys, schema))


def _body(request: ChatRequest, structure: Structure) -> dict[str, Any]:
    import anthropic as sdk

    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": [{"role": t.role, "content": _content(t)} for t in request.turns],
    }
    shared = request.shared
    output: dict[str, Any] = {"effort": request.effort} if request.effort else {}
    if request.reply_schema and structure == "native":
        output["format"] = {"type": "json_schema", "schema": sdk.transform_schema(request.reply_schema)}
    elif request.reply_schema and structure == "tool":
        body["tools"] = [{"name": "reply", "description": "Give the answer.", "input_schema": request.reply_schema}]
        body["tool_choice"] = {"type": "tool", "name": "reply"}
    elif request.reply_schema:
        shared += f"\n\n{AS_JSON}\n{json.dumps(request.reply_schema)}"
    if shared:
        body["system"] = [{"type": "text", "text": shared, "cache_control": {"type": "ephemeral"}}]
    return {**body, "output_config": output} if output else body


def _content(turn: Turn) -> list[dict[str, Any]]:
    pictures = [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(p.png).decode()},
        }
        for p in turn.pictures
    ]
    return [*pictures, {"type": "text", "text": turn.text}]


def _completion(message: Any, structure: Structure) -> Completion:
    stop: Stop = STOPS.get(str(message.stop_reason), "end")
    calls = [json.dumps(b.input) for b in message.content or () if b.type == "tool_use"]
    words = "".join(b.text for b in message.content or () if b.type == "text")
    details = getattr(message, "stop_details", None)
    used = message.usage
    return Completion(
        text=without_secrets(calls[0] if structure == "tool" and calls else words),
        stop=stop,
        detail=without_secrets(str(getattr(details, "explanation", None) or getattr(details, "category", None) or "")),
        usage=Usage(
            fresh=used.input_tokens or 0,
            cache_read=used.cache_read_input_tokens or 0,
            cache_write=used.cache_creation_input_tokens or 0,
            output=used.output_tokens or 0,
        ),
        model=message.model or "",
        request_id=getattr(message, "_request_id", None) or message.id or "",
    )


def _is_broken_reply(error: Exception) -> bool:
    """Transport and parsing errors; our own mistakes (TypeError and the like in a request) are not retried."""
    import httpx2

    return isinstance(error, httpx2.HTTPError | ValueError | AttributeError | AssertionError)


def _status_error(error: Any, model: str) -> ModelError:
    code, said = error.status_code, without_secrets(error.api_message or "")[:300]
    advice = {
        400: "The request does not suit the model; try another model",
        401: "The key is not accepted; check " + " or ".join(KEYS),
        402: "The account is out of credit",
        403: "The key may not use this model",
        404: f"The server knows no model {model!r}; name another with --model",
        413: "The request is too large; ask for less at once",
        429: "The rate limit holds on; wait, or lower the concurrency",
        529: "The service stays overloaded; try again later",
    }.get(code, "Try again later, or use another server")
    return ModelError(f"The model server answered {code}{f' ({said})' if said else ''}. {advice}.")


def _connection_error(error: Any, client: Any) -> ModelError:
    import anthropic as sdk

    kind = "did not answer in time" if isinstance(error, sdk.APITimeoutError) else "cannot be reached"
    return ModelError(
        f"The model server {str(client.base_url)!r} {kind}. Check ANTHROPIC_BASE_URL and the network, or use the "
        "procedural author."
    )
