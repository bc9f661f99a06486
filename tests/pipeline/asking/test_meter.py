"""Every call is booked, and none is made that could pass the budget."""

from __future__ import annotations

import asyncio

import pytest

from pipeline.asking.meter import Budget, MeteredModel, purpose
from pipeline.asking.prices import price_of
from pipeline.core.chat import ChatRequest, Completion, Turn, Usage
from pipeline.core.errors import BudgetError

REQUEST = ChatRequest(model="claude-sonnet-5-5", turns=(Turn(text="Say something."),), max_tokens=1000)


class Steady:
    """Uses 600 tokens in, 400 out, every time."""

    def __init__(self, *, cached: bool = False) -> None:
        self.calls, self.cached = 0, cached

    async def complete(self, request: ChatRequest) -> Completion:
        self.calls += 1
        await asyncio.sleep(0.005)
        return Completion(text="yes", usage=Usage(fresh=600, output=400), cached=self.cached)

    async def close(self) -> None:
        """Nothing is open."""


def test_calls_are_booked_on_their_purpose_and_in_total() -> None:
    meter = MeteredModel(Steady())
    for task in ("a", "b", "b"):
        with purpose(task):
            asyncio.run(meter.complete(REQUEST))
    assert {name: account.calls for name, account in meter.accounts.items()} == {"a": 1, "b": 2}
    assert meter.total.usage == Usage(fresh=1800, output=1200)
    assert meter.total.usd == pytest.approx((1800 * 2 + 1200 * 10) / 1e6)


def test_a_cached_reply_costs_nothing() -> None:
    meter = MeteredModel(Steady(cached=True), Budget(usd=1.0))
    asyncio.run(meter.complete(REQUEST))
    assert (meter.total.calls, meter.total.cached, meter.total.usd) == (0, 1, 0.0)


@pytest.mark.parametrize("budget", [Budget(tokens=6000), Budget(usd=0.03)])
def test_a_run_stops_before_the_budget_is_passed(budget: Budget) -> None:
    meter = MeteredModel(model := Steady(), budget)
    with pytest.raises(BudgetError, match=r"would not bear another call: .* spent"):
        asyncio.run(_forever(meter))
    assert model.calls >= 2
    assert meter.total.usage.tokens <= (budget.tokens or 1e9)
    assert (meter.total.usd or 0) <= (budget.usd or 1e9)


async def _forever(meter: MeteredModel) -> None:
    while True:
        await meter.complete(REQUEST)


def test_calls_in_flight_count_at_their_worst() -> None:
    async def many(meter: MeteredModel) -> list[object]:
        return list(await asyncio.gather(*(meter.complete(REQUEST) for _ in range(20)), return_exceptions=True))

    meter = MeteredModel(Steady(), Budget(tokens=5000))
    replies = asyncio.run(many(meter))
    assert any(isinstance(r, BudgetError) for r in replies)
    assert 0 < meter.total.usage.tokens <= 5000


def test_dollars_cannot_be_kept_without_a_price() -> None:
    unknown = REQUEST.model_copy(update={"model": "llama-local"})
    with pytest.raises(BudgetError, match=r"No price is known for model 'llama-local'.*--budget-tokens"):
        asyncio.run(MeteredModel(Steady(), Budget(usd=1.0)).complete(unknown))
    meter = MeteredModel(Steady())
    asyncio.run(meter.complete(unknown))
    assert meter.total.usd is None


def test_the_most_specific_price_is_taken() -> None:
    assert price_of("claude-opus-5-5-20260901").input == 4.0
    assert price_of("claude-opus-4-8").input == 5.0
    assert price_of("gpt") is None
