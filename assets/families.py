"""Variants: any seed of a generated family as an asset folder that a catalogue serves."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

from assets.catalog import LibraryCatalog
from assets.draft import Draft, write_draft
from pipeline.core.asset import AssetSpec
from pipeline.core.errors import UnknownNameError
from pipeline.core.registry import Registry

Generator = Callable[..., Draft]
_GENERATORS: Registry[Generator] = Registry("assets.generators", "generator")


def families() -> tuple[str, ...]:
    """Names of the generators that vary with a seed, sorted."""
    return tuple(n for n in _GENERATORS if "seed" in inspect.signature(_GENERATORS.get(n)).parameters)


def draft(family: str, seed: int | None) -> Draft:
    """The variant ``seed`` of a family, or its specimen for None; raises UnknownNameError, or ValueError below 0."""
    if family not in families():
        raise UnknownNameError("family", family, families())
    return _GENERATORS.get(family)(seed)


def generate(family: str, seed: int, root: Path) -> AssetSpec:
    """Write a variant, such as ``microwave_00017``, below ``root/objects``; ``LibraryCatalog(root)`` then has it.

    The same seed gives the same bytes. Raises as :func:`draft`, and OSError.
    """
    made = draft(family, seed)
    write_draft(made, root / "objects" / made.name)
    return LibraryCatalog(root).asset(made.name)
