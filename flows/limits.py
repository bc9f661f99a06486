"""Limits that the server keeps for all machines: engines at once on a device, and model calls a minute.

Both are named by the environment that ``taskloom up`` gives its processes; without it nothing is limited here.
"""

from __future__ import annotations

import os

from pipeline.core.chat import ChatModel, ChatRequest, Completion

SIMULATIONS, MODEL_CALLS = "TASKLOOM_SIMULATION_LIMIT", "TASKLOOM_MODEL_LIMIT"


def simulation_tags() -> list[str]:
    """Tags of a Prefect task that keeps an engine busy; the server lets only so many of a tag run at once."""
    name = os.environ.get(SIMULATIONS)
    return [name] if name else []


def paced(model: ChatModel) -> ChatModel:
    """The model, each of whose calls waits until the limit allows it."""
    name = os.environ.get(MODEL_CALLS)
    return PacedModel(model, name) if name and os.environ.get("PREFECT_API_URL") else model


class PacedModel:
    """A model behind a rate limit of the Prefect server."""

    def __init__(self, model: ChatModel, limit: str) -> None:
        self.model, self.limit = model, limit

    async def complete(self, request: ChatRequest) -> Completion:
        """The model's completion, when its turn has come."""
        from prefect.concurrency.asyncio import rate_limit

        await rate_limit(self.limit)
        return await self.model.complete(request)

    async def close(self) -> None:
        """Close the model behind."""
        await self.model.close()
