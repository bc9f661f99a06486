from pathlib import Path

import pytest

from assets.catalog import LibraryCatalog
from benchmarks import cloning
from flows.stages import make_simulator

DEMOS, EPOCHS, WORLDS, SEED = 100, 60, 50, 5005


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_data_can_be_cloned_and_not_if_its_actions_are_late(tmp_path: Path) -> None:
    catalog = LibraryCatalog()
    simulator = make_simulator("mujoco", catalog)
    held_out = cloning.posed(catalog, simulator, worlds=WORLDS + WORLDS // 5, seed=SEED).of(range(WORLDS))
    place = cloning.demonstrations(catalog, simulator, tmp_path, DEMOS)
    late = cloning.SPEC.model_copy(update={"action_start": -cloning.LATE})
    aligned = cloning.rate(place, held_out, simulator, cloning.SPEC, EPOCHS)
    shifted = cloning.rate(place, held_out, simulator, late, EPOCHS)
    assert aligned["reached"] >= cloning.TARGET * WORLDS, aligned
    assert shifted["reached"] < aligned["reached"] / 2, shifted
