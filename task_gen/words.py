"""Words: how objects and links are called in instructions and task names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pipeline.core.asset import AssetSpec


def the(asset: AssetSpec) -> str:
    """``the red mug``."""
    return f"the {asset.noun}"


def the_link(asset: AssetSpec, link: str) -> str:
    """``the top drawer of the cabinet``."""
    return f"the {link_noun(asset, link)} of the {asset.noun}"


def link_noun(asset: AssetSpec, link: str) -> str:
    """``top drawer``."""
    return asset.link_nouns.get(link, link.replace("_", " "))


def slug(*words: str) -> str:
    """``put``, ``red mug``, ``on``, ``plate`` as one task name, at most 80 characters."""
    return re.sub(r"[^a-z0-9]+", "_", " ".join(words).lower()).strip("_")[:80]


def phrase(templates: Sequence[str], stream: np.random.Generator, **names: str) -> str:
    """One of the templates with the names filled in, as a sentence."""
    text = templates[int(stream.integers(len(templates)))].format(**names)
    return text[0].upper() + text[1:] + "."
