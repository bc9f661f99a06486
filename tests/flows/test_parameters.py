"""The form of a batch: the same request is the same run, and what the form cannot mean is refused before a run."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from flows.config import compose
from flows.home import run_folder
from flows.parameters import BatchRequest
from pipeline.core.errors import InvalidInputError, UnknownNameError

DAY = date(2026, 11, 26)


def test_what_is_left_empty_is_as_the_preset_says() -> None:
    request = BatchRequest(preset="smoke", demos=3, robot="ur5e", channels=("rgb", "depth"))
    assert request.config(day=DAY) == compose("smoke", demos=3, robot="ur5e", channels=("rgb", "depth"))


def test_equal_requests_name_the_same_run_and_others_another() -> None:
    def name(**asked) -> str:
        request = BatchRequest(preset="smoke", **asked)
        return request.name(request.config(day=DAY), day=DAY)

    assert name() == name()
    assert len({name(), name(seed=1), name(author="anthropic"), name(demos=2)}) == 4
    assert name(out="night/{date}") == "night/2026-11-26"


def test_every_day_has_a_seed_of_its_own() -> None:
    request = BatchRequest(preset="smoke", seed=7, daily=True)
    assert request.config(day=DAY).seed == 20261126 + 7
    assert request.config(day=date(2026, 11, 27)).seed == 20261127 + 7


@pytest.mark.parametrize("out", ["../other", "/etc", "a//b", "a/../b", ".hidden", "a b"])
def test_a_name_cannot_lead_out_of_the_runs_root(out: str) -> None:
    with pytest.raises(ValidationError):
        BatchRequest(out=out)
    with pytest.raises(InvalidInputError, match="TASKLOOM_RUNS"):
        run_folder(out)


def test_the_form_offers_what_there_is_and_refuses_the_rest() -> None:
    fields = BatchRequest.model_json_schema()["properties"]
    assert "panda" in fields["robot"]["anyOf"][0]["enum"]
    assert {"kinematic", "mujoco", "genesis"} <= set(fields["backend"]["anyOf"][0]["enum"])
    assert "smoke" in fields["preset"]["enum"]
    assert all("description" in field for field in fields.values())
    with pytest.raises(UnknownNameError, match="kinematic"):
        BatchRequest(backend="kinetic").config(day=DAY)
    with pytest.raises(ValidationError):
        BatchRequest.model_validate({"key": "sk-secret"})
