"""A meter between a run and its model: counts tokens and dollars, and stops before a budget is passed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from pydantic import Field

from pipeline.asking.prices import Price, price_of
from pipeline.core.chat import ChatModel, ChatRequest, Completion, Usage
from pipeline.core.errors import BudgetError
from pipeline.core.geometry import Frozen

CHARS_A_TOKEN = 2.5  # English runs at about 4, JSON and other scripts lower; an estimate must not fall short
TOKENS_A_PICTURE = 1600  # a picture of about 1.2 megapixels
UNNAMED = "(no task)"
_purpose: ContextVar[str] = ContextVar("purpose", default=UNNAMED)


class Budget(Frozen):
    """Limits of a run; None is no limit."""

    usd: float | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)


class Account(Frozen):
    """What was used for one purpose. ``usd`` is None as soon as a model without a known price was paid."""

    calls: int = 0
    cached: int = 0
    usage: Usage = Field(default_factory=Usage)
    usd: float | None = 0.0


def total(accounts: Sequence[Account]) -> Account:
    """Several accounts together."""
    return Account(
        calls=sum(a.calls for a in accounts),
        cached=sum(a.cached for a in accounts),
        usage=sum((a.usage for a in accounts), Usage()),
        usd=None if any(a.usd is None for a in accounts) else sum(a.usd or 0.0 for a in accounts),
    )


@contextmanager
def purpose(name: str) -> Iterator[None]:
    """Calls made inside are booked on ``name``, e.g. a task."""
    token = _purpose.set(name)
    try:
        yield
    finally:
        _purpose.reset(token)


@dataclass(frozen=True)
class _Hold:
    tokens: int
    usd: float


class MeteredModel:
    """Books every call and refuses one that could pass the budget, counting what is still in flight at its worst."""

    def __init__(
        self, model: ChatModel, budget: Budget | None = None, *, prices: dict[str, Price] | None = None
    ) -> None:
        self.model, self.budget = model, budget or Budget()
        self._prices = prices or {}
        self.accounts: dict[str, Account] = {}
        self._held: list[_Hold] = []

    @property
    def total(self) -> Account:
        """All purposes together."""
        return total(list(self.accounts.values()))

    async def complete(self, request: ChatRequest) -> Completion:
        """The model's completion, booked; raises :class:`BudgetError` instead of a call that may pass the budget."""
        hold = self._reserve(request)
        try:
            completion = await self.model.complete(request)
        finally:
            self._held.remove(hold)
        self._book(request, completion)
        return completion

    async def close(self) -> None:
        """Close the model behind."""
        await self.model.close()

    def _reserve(self, request: ChatRequest) -> _Hold:
        price, usage = self._price(request.model), _worst_case(request)
        if price is None and self.budget.usd is not None:
            raise BudgetError(
                f"No price is known for model {request.model!r}, so a budget in dollars cannot be kept. "
                "Give --budget-tokens instead."
            )
        hold = _Hold(usage.tokens, price.cost(usage) if price else 0.0)
        spent, held = self.total, self._held
        tokens = spent.usage.tokens + sum(h.tokens for h in held) + hold.tokens
        usd = (spent.usd or 0.0) + math.fsum(h.usd for h in held) + hold.usd
        if self.budget.tokens is not None and tokens > self.budget.tokens:
            raise _passed(f"{self.budget.tokens:,} tokens", f"{spent.usage.tokens:,}", f"{hold.tokens:,} more")
        if self.budget.usd is not None and usd > self.budget.usd:
            raise _passed(f"${self.budget.usd:.2f}", f"${spent.usd or 0:.4f}", f"${hold.usd:.4f} more")
        held.append(hold)
        return hold

    def _book(self, request: ChatRequest, completion: Completion) -> None:
        name = _purpose.get()
        account = self.accounts.get(name, Account())
        if completion.cached:
            self.accounts[name] = account.model_copy(update={"cached": account.cached + 1})
            return
        price = self._price(completion.model or request.model) or self._price(request.model)
        usd = None if price is None or account.usd is None else account.usd + price.cost(completion.usage)
        booked = {"calls": account.calls + 1, "usage": account.usage + completion.usage, "usd": usd}
        self.accounts[name] = account.model_copy(update=booked)

    def _price(self, model: str) -> Price | None:
        return self._prices.get(model) or price_of(model)


def _worst_case(request: ChatRequest) -> Usage:
    """More input than the request can have, written to the prompt cache, and a reply up to its limit."""
    words = len(request.shared) + len(str(request.reply_schema)) + sum(len(t.text.encode()) for t in request.turns)
    pictures = sum(len(t.pictures) for t in request.turns)
    tokens = math.ceil(words / CHARS_A_TOKEN) + pictures * TOKENS_A_PICTURE + 500
    return Usage(cache_write=tokens, output=request.max_tokens)


def _passed(limit: str, spent: str, more: str) -> BudgetError:
    return BudgetError(
        f"The budget of {limit} would not bear another call: {spent} spent, up to {more}. Everything so far is kept; "
        "raise the budget and run the same command to go on."
    )
