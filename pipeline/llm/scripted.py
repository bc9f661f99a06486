"""The scripted model: gives prepared answers in order, for tests of what asks a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.core.chat import ChatRequest, Completion
from pipeline.core.errors import ModelError


class scripted:
    """Answers with ``replies`` one after the other, texts or values to be JSON; ``asked`` keeps the requests."""

    def __init__(self, replies: Sequence[str | Mapping[str, Any]], *, name: str = "scripted") -> None:
        self.name = name
        self.asked: list[ChatRequest] = []
        self._replies = tuple(r if isinstance(r, str) else json.dumps(r) for r in replies)

    async def complete(self, request: ChatRequest) -> Completion:
        """The next answer; raises :class:`ModelError` when none is left."""
        turn = len(self.asked)
        if turn >= len(self._replies):
            raise ModelError(f"The scripted model has {len(self._replies)} replies and was asked once more. Add one.")
        self.asked.append(request)
        return Completion(text=self._replies[turn], model=self.name, request_id=f"{self.name}-{turn}")

    async def close(self) -> None:
        """Nothing to let go of."""
