"""Words: how objects and links are called in instructions and task names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from pipeline.core.asset import AssetSpec

TELLINGS = 20  # as many as a task may have paraphrases
LONGEST = 300  # characters of an instruction


def the(asset: AssetSpec) -> str:
    """``the red mug``."""
    return f"the {asset.noun}"


def the_link(asset: AssetSpec, link: str) -> str:
    """``the top drawer of the cabinet``."""
    return f"the {link_noun(asset, link)} of the {asset.noun}"


def the_part(asset: AssetSpec, link: str) -> str:
    """``the hot tap of the sink``; ``the lever switch`` for the lever of the lever switch."""
    return the(asset) if link_noun(asset, link) in asset.noun else the_link(asset, link)


def its_part(asset: AssetSpec, link: str) -> str:
    """``the sink's hot tap``, the shorter way to say :func:`the_part`."""
    owner = the(asset) + ("'" if asset.noun.endswith("s") else "'s")
    return the(asset) if link_noun(asset, link) in asset.noun else f"{owner} {link_noun(asset, link)}"


def either_way(*templates: str) -> tuple[str, ...]:
    """Templates about a link ``{y}``, each also with the shorter ``{its}``."""
    return tuple(dict.fromkeys(way for t in templates for way in (t, t.replace("{y}", "{its}"))))


def listed(things: Sequence[str], last: str = "and") -> str:
    """``the mug``; ``the mug and the fork``; ``the mug, the fork and the cup``."""
    return f" {last} ".join(filter(None, (", ".join(things[:-1]), things[-1])))


def link_noun(asset: AssetSpec, link: str) -> str:
    """``top drawer``."""
    return asset.link_nouns.get(link, link.replace("_", " "))


def slug(*words: str) -> str:
    """``put``, ``red mug``, ``on``, ``plate`` as one task name, at most 80 characters."""
    return re.sub(r"[^a-z0-9]+", "_", " ".join(words).lower()).strip("_")[:80]


def phrase(templates: Sequence[str], stream: np.random.Generator, **names: str) -> str:
    """One of the templates with the names filled in, as a sentence."""
    return _sentence(templates[int(stream.integers(len(templates)))].format(**names))


def tellings(templates: Sequence[str], stream: np.random.Generator, **names: str) -> tuple[str, ...]:
    """At most twenty different sentences from templates in which ``[a|b|]`` offers words to choose from.

    Drawn over all templates evenly, for one with many choices must not outweigh the others.
    """
    every = [list(_spelt_out(t)) for t in templates]
    for ways in every:
        stream.shuffle(ways)
    stream.shuffle(every)
    rounds = (ways[i] for i in range(TELLINGS) for ways in every if i < len(ways))
    said = dict.fromkeys(_sentence(t.format(**names)) for t in rounds)
    return tuple(text for text in said if len(text) <= LONGEST)[:TELLINGS]


def _spelt_out(template: str) -> Iterator[str]:
    parts = [part.split("|") for part in re.split(r"[\[\]]", template)]
    for words in product(*parts):
        yield " ".join("".join(words).split()).replace(" ,", ",")


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith("?") else ".")
