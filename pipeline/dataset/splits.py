"""Train and validation splits that do not change when more episodes are appended."""

from __future__ import annotations

from fractions import Fraction

SPLITS = ("train", "val")
"""``meta/episode_split`` holds the index into this tuple."""


def split_of(number: int, *, val_fraction: float) -> int:
    """Split index of episode ``number`` (from 0) of its task: after every episode, the share held out, rounded down.

    So which one it is depends on the fraction and on the episodes before it alone.
    """
    share = Fraction(repr(val_fraction))
    return SPLITS.index("val" if int((number + 1) * share) > int(number * share) else "train")
