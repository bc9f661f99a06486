"""WindowDataset: the windows of a dataset as a PyTorch ``Dataset`` of tensors, for any ``DataLoader``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.core.errors import InvalidInputError
from pipeline.dataset.windows import Sample, Windows

try:
    import torch
    from torch.utils.data import Dataset
except ImportError as error:
    raise InvalidInputError(
        "PyTorch is not installed: pip install 'taskloom[train]', or take pipeline.dataset.windows.Windows, whose "
        "samples are numpy arrays."
    ) from error


class WindowDataset(Windows, Dataset[Sample]):
    """:class:`~pipeline.dataset.windows.Windows` whose arrays are tensors; types are kept, so images are uint8.

    ``DataLoader(WindowDataset(place, spec), batch_size=64, shuffle=True, num_workers=4)`` reads with forked or spawned
    workers; each opens the dataset for itself.
    """

    def __getitems__(self, indices: Sequence[int]) -> list[Sample]:
        """The samples of a batch, read together."""
        return [_tensors(sample) for sample in super().__getitems__(indices)]


def _tensors(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tensors(one) for key, one in value.items()}
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value
