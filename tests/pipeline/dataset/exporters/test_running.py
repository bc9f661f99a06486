"""Statistics of streams agree with numpy's of the whole."""

from __future__ import annotations

import numpy as np

from pipeline.dataset.exporters import _running
from pipeline.dataset.exporters._running import Running, RunningImages


def test_blocks_add_up_to_the_whole() -> None:
    values = np.random.default_rng(0).normal(3, 2, (1000, 4))
    running = Running()
    for block in np.array_split(values, [1, 7, 8, 500]):
        running.add(block)
    got = running.result()
    np.testing.assert_allclose(got["mean"], values.mean(axis=0))
    np.testing.assert_allclose(got["std"], values.std(axis=0))
    np.testing.assert_array_equal(got["min"], values.min(axis=0))
    np.testing.assert_allclose(got["q90"], np.quantile(values, 0.9, axis=0))
    assert got["count"] == [1000]


def test_memory_is_bounded_and_quantiles_of_much_data_stay_near(monkeypatch) -> None:
    monkeypatch.setattr(_running, "SAMPLE", 512)
    values = np.random.default_rng(1).uniform(size=(20000, 1))
    running = Running()
    for block in np.array_split(values, 130):
        running.add(block)
        assert sum(map(len, running._sample)) <= 512
    got = running.result()
    assert got["max"] == [values.max()]
    assert abs(got["q50"][0] - 0.5) < 0.1
    assert abs(got["q10"][0] - 0.1) < 0.1


def test_images_are_counted_by_channel() -> None:
    images = np.random.default_rng(2).integers(0, 256, (9, 5, 4, 3), np.uint8)
    running = RunningImages()
    running.add(images[:4])
    running.add(images[4:])
    got, plain = running.result(), images.reshape(-1, 3) / 255
    np.testing.assert_allclose(np.ravel(got["mean"]), plain.mean(axis=0))
    np.testing.assert_allclose(np.ravel(got["std"]), plain.std(axis=0))
    np.testing.assert_allclose(np.ravel(got["q50"]), np.quantile(plain, 0.5, axis=0, method="inverted_cdf"))
    assert np.shape(got["max"]) == (3, 1, 1)
    assert got["count"] == [9]
