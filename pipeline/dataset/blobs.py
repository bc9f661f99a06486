"""Content-addressed bytes under ``assets/``: the files of assets and robots, and their cards, in a few arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from functools import cached_property
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.core.asset import AssetSpec
from pipeline.core.errors import AssetError, DatasetError
from pipeline.core.robot import RobotSpec
from pipeline.dataset.access import DAMAGE, array_at, group_at
from pipeline.dataset.layout import ASSETS
from pipeline.dataset.meta_arrays import KINDS

Card = AssetSpec | RobotSpec
_CARDS: dict[str, type[AssetSpec] | type[RobotSpec]] = {"asset": AssetSpec, "robot": RobotSpec}


class Assets:
    """The contents that a part or a dataset holds, by SHA-256."""

    def __init__(self, root: zarr.Group) -> None:
        self._root = root

    def __contains__(self, sha: object) -> bool:
        return sha in self._index

    def __len__(self) -> int:
        return len(self._index)

    @property
    def names(self) -> tuple[str, ...]:
        """The SHA-256 of everything there is, in the order of writing."""
        return tuple(self._index)

    @property
    def spans(self) -> dict[str, tuple[int, int]]:
        """Where each content is in ``assets/bytes``, [start, stop), in the order of writing."""
        return {sha: (start, stop) for sha, (start, stop, _) in self._index.items()}

    @property
    def size(self) -> int:
        """Bytes of all contents."""
        return max((stop for _, stop, _ in self._index.values()), default=0)

    def read(self, sha: str) -> bytes:
        """The bytes with this SHA-256; raises :class:`AssetError` when they are absent or changed."""
        if sha not in self._index:
            raise AssetError(f"There is no {sha!r} under {ASSETS}/; copy or pack the dataset again.")
        start, stop, _ = self._index[sha]
        try:
            content = np.asarray(array_at(self._root, f"{ASSETS}/bytes")[start:stop], np.uint8).tobytes()
        except DAMAGE as error:
            raise AssetError(f"{ASSETS}/{sha} cannot be read ({error}); copy or pack the dataset again.") from error
        if hashlib.sha256(content).hexdigest() != sha:
            raise AssetError(f"{ASSETS}/{sha} has changed since it was written; copy or pack the dataset again.")
        return content

    def kind(self, sha: str) -> str:
        """What the content is, one of ``KINDS``; raises :class:`AssetError`."""
        kind = self._index[sha][2] if sha in self._index else len(KINDS)
        if kind >= len(KINDS):
            raise AssetError(f"There is no {sha!r} of a known kind under {ASSETS}/; copy or pack the dataset again.")
        return KINDS[kind]

    def card(self, sha: str) -> Card:
        """The robot or asset with this SHA-256; raises :class:`AssetError` when it is absent or changed."""
        content, kind = self.read(sha), self.kind(sha)
        if kind not in _CARDS:
            raise AssetError(f"{ASSETS}/{sha} is a {kind}, not the card of an asset or a robot.")
        return _CARDS[kind].model_validate_json(content)

    @cached_property
    def _index(self) -> dict[str, tuple[int, int, int]]:
        try:
            group = group_at(self._root, ASSETS)
            columns: list[NDArray[Any]] = [np.asarray(array_at(group, n)[...]) for n in ("ends", "sha256", "kind")]
        except DAMAGE as error:
            raise AssetError(f"The index of {ASSETS}/ cannot be read ({error}); copy or pack it again.") from error
        ends, names, kinds = columns
        starts = np.concatenate([[0], ends[:-1]])
        rows = zip(names, starts.tolist(), ends.tolist(), kinds.tolist(), strict=False)
        return {name.tobytes().hex(): (start, stop, kind) for name, start, stop, kind in rows}


class NewAssets:
    """Contents to be written after those that a store knows; each is taken once, in the order of being added."""

    def __init__(self, known: Container[object] = ()) -> None:
        self._known = known
        self._taken: dict[str, tuple[str, bytes]] = {}

    def __contains__(self, sha: object) -> bool:
        return sha in self._known or sha in self._taken

    def __len__(self) -> int:
        return len(self._taken)

    def add(self, content: bytes, kind: str = "file") -> None:
        """Take one content, unless it is known."""
        sha = hashlib.sha256(content).hexdigest()
        if sha not in self:
            self._taken[sha] = (kind, content)

    def arrays(self, start: int = 0) -> dict[str, NDArray[Any]]:
        """The rows of every array of ``assets/``; ``start`` is the size of the bytes before them."""
        contents = [content for _, content in self._taken.values()]
        names = b"".join(bytes.fromhex(sha) for sha in self._taken)
        return {
            "bytes": np.frombuffer(b"".join(contents), np.uint8),
            "ends": start + np.cumsum([len(c) for c in contents], dtype=np.int64),
            "sha256": np.frombuffer(names, np.uint8).reshape(-1, 32),
            "kind": np.array([KINDS.index(kind) for kind, _ in self._taken.values()], np.uint8),
        }


def card_json(card: Card) -> bytes:
    """A card as the bytes that its SHA-256 is of; raises :class:`DatasetError` when JSON cannot hold it exactly."""
    content = card.model_dump_json().encode()
    if type(card).model_validate_json(content).model_dump_json().encode() != content:
        raise DatasetError(f"{type(card).__name__} {card.name!r} does not survive JSON; look for inf or NaN in it.")
    return content


def kind_of(card: Card) -> str:
    """``asset`` or ``robot``."""
    return next(kind for kind, model in _CARDS.items() if isinstance(card, model))
