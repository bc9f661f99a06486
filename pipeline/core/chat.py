"""ChatRequest and Completion: one call of a language model as data, whoever serves it, and what it used."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, Literal, Protocol

from pydantic import Field, field_serializer, field_validator

from pipeline.core.geometry import Frozen

Role = Literal["user", "assistant"]
Stop = Literal["end", "length", "refusal"]
Effort = Literal["low", "medium", "high"]


class Picture(Frozen):
    """A PNG image that is shown to a model."""

    png: bytes = Field(repr=False)

    @field_validator("png", mode="before")
    @classmethod
    def _decoded(cls, value: object) -> object:
        return base64.b64decode(value) if isinstance(value, str) else value

    @field_serializer("png", when_used="json")
    def _encoded(self, value: bytes) -> str:
        return base64.b64encode(value).decode()


class Turn(Frozen):
    """What one side says, and shows."""

    role: Role = "user"
    text: str
    pictures: tuple[Picture, ...] = ()


class ChatRequest(Frozen):
    """Everything that determines a reply.

    ``shared`` is the long part that many requests have in common (rules, vocabulary, examples); servers that cache
    prompts are told to keep it. ``reply_schema`` is the JSON schema that the reply has to follow, empty for plain text.
    """

    model: str
    shared: str = ""
    turns: tuple[Turn, ...]
    reply_schema: dict[str, Any] = Field(default_factory=dict)
    max_tokens: int = Field(default=8000, ge=1)
    effort: Effort | None = Field(default=None, description="None leaves the model's default")
    sample: int = Field(default=0, ge=0, description="tells apart several replies wanted to the same words")

    @property
    def digest(self) -> str:
        """Content address: equal requests have equal digests, whatever machine asks."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Usage(Frozen):
    """Tokens of one or more calls; ``fresh`` input is what no prompt cache held."""

    fresh: int = Field(default=0, ge=0)
    cache_read: int = Field(default=0, ge=0)
    cache_write: int = Field(default=0, ge=0)
    output: int = Field(default=0, ge=0)

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            fresh=self.fresh + other.fresh,
            cache_read=self.cache_read + other.cache_read,
            cache_write=self.cache_write + other.cache_write,
            output=self.output + other.output,
        )

    @property
    def tokens(self) -> int:
        """All tokens, in and out."""
        return self.fresh + self.cache_read + self.cache_write + self.output


class Completion(Frozen):
    """A model's reply: its text (JSON where a schema was given), why it ended, what it used."""

    text: str
    stop: Stop = "end"
    detail: str = Field(default="", description="the server's explanation of a refusal")
    usage: Usage = Field(default_factory=Usage)
    model: str = Field(default="", description="the model that answered, as the server names it")
    request_id: str = ""
    cached: bool = Field(default=False, description="from the disk cache: nothing was paid")


class ChatModel(Protocol):
    """A served language model."""

    async def complete(self, request: ChatRequest) -> Completion:
        """One call; raises :class:`ModelError` when the server cannot be reached, refuses the key, or stays busy."""
        ...

    async def close(self) -> None:
        """Let go of connections; a later call opens new ones."""
        ...
