"""Ranking: the assets that may play a category, nearest first, found by words in the cards."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assets.retrieval import Wanted, search
from pipeline.core.asset import AssetSpec
from task_gen.imports.lexicon import head, kin, words
from task_gen.imports.report import Closeness, Mapped

MOST = 40  # candidates of a category
ALIKE = 0.55  # score of the word search above which a card is taken for a category that the lexicon does not know
MISFIT = 0.5  # tiers that a bolted-down asset for a loose thing, or the reverse, falls behind
HANDLESS = 0.05  # tiers that a loose thing which no hand can take falls behind: benchmarks move what they have
PLAIN = 0.01  # tiers for every word too many: a plate is nearer to a plate than an oval plate is
ORIGINAL = "libero_"  # names of assets that come from the source's own pack


@dataclass(frozen=True)
class Candidate:
    """An asset that may play a category; a lower ``tier`` is nearer."""

    asset: AssetSpec
    how: Closeness
    why: str
    tier: float

    def mapped(self, name: str, category: str) -> Mapped:
        """The report's line for one thing."""
        return Mapped(name=name, category=category, asset=self.asset.name, how=self.how, why=self.why)


def candidates(category: str, assets: tuple[AssetSpec, ...], *, fixed: bool) -> list[Candidate]:
    """At most ``MOST`` assets, nearest first; ``fixed`` tells whether the source bolts the thing down."""
    score = {m.spec.name: m.score for m in search(assets, Wanted(text=" ".join(words(category))), method="words")}
    found = [c for a in assets if (c := _candidate(category, a, score.get(a.name, 0.0), fixed=fixed)) is not None]
    return sorted(found, key=lambda c: (c.tier, -score.get(c.asset.name, 0.0), c.asset.name))[:MOST]


def _candidate(category: str, asset: AssetSpec, score: float, *, fixed: bool) -> Candidate | None:
    if asset.can("region") or asset.category in ("table", "counter"):
        return None
    wanted, has = words(category), _card_words(asset)
    off = 0.0 if asset.fixed == fixed else MISFIT
    off += PLAIN * len(set(words(asset.noun)) - set(wanted))
    off += HANDLESS if not fixed and not asset.can("graspable") else 0.0
    if asset.name.startswith(ORIGINAL):
        same = asset.category == category
        return Candidate(asset, "original", "the source's own object", 0.0) if same else None
    if wanted and all(w in has for w in wanted):
        return Candidate(asset, "same", f"its card says {asset.noun!r}", 1 + off)
    if head(category) in has:
        return Candidate(asset, "kind", f"another {head(category)}: {asset.noun!r}", 2 + off)
    for rank, word in enumerate(kin(category)):
        if word in has:
            why = f"the library has no {' '.join(wanted)}; {asset.noun!r} ({word}) stands in"
            return Candidate(asset, "substitute", why, 3 + 0.1 * rank + off)
    if score >= ALIKE:
        return Candidate(asset, "substitute", f"found by words: {asset.noun!r} ({score:.2f})", 6 + off)
    return None


def _card_words(asset: AssetSpec) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", f"{asset.noun} {asset.category}".lower()))
