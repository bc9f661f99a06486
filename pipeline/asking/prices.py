"""What a token costs: list prices by model, and the cost of a usage."""

from __future__ import annotations

from pydantic import Field

from pipeline.core.chat import Usage
from pipeline.core.geometry import Frozen


class Price(Frozen):
    """US dollars a million tokens; prompt-cache writes are those kept for five minutes."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cache_read: float = Field(ge=0)
    cache_write: float = Field(ge=0)

    def cost(self, usage: Usage) -> float:
        """US dollars."""
        millionths = (
            usage.fresh * self.input
            + usage.cache_read * self.cache_read
            + usage.cache_write * self.cache_write
            + usage.output * self.output
        )
        return millionths / 1e6


def _price(input_: float, output: float, cache_read: float) -> Price:
    return Price(input=input_, output=output, cache_read=cache_read, cache_write=1.25 * input_)


# Anthropic's list prices as of November 2026 (platform documentation, "Models & pricing"). Haiku 5.5 is listed at the
# rate for prompts above 100,000 tokens, five times that of shorter ones: an estimate must not fall short.
PRICES: dict[str, Price] = {
    "claude-fable-5": _price(10.0, 50.0, 1.0),
    "claude-opus-5-5": _price(4.0, 20.0, 0.2),
    "claude-opus": _price(5.0, 25.0, 0.5),
    "claude-sonnet-5-5": _price(2.0, 10.0, 0.1),
    "claude-sonnet-5": _price(2.0, 10.0, 0.2),
    "claude-sonnet-4": _price(3.0, 15.0, 0.3),
    "claude-haiku-5-5": _price(0.5, 2.5, 0.05),
    "claude-haiku-4-5": _price(1.0, 5.0, 0.1),
}


def price_of(model: str) -> Price | None:
    """The price of the longest name that ``model`` begins with; None for models we know nothing of."""
    known = [name for name in PRICES if model.startswith(name)]
    return PRICES[max(known, key=len)] if known else None
