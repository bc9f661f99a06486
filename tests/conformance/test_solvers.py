"""What every solver promises to a run: a name to call it by, and roles that a run knows how to fill."""

from __future__ import annotations

import inspect

import pytest

from flows.config import SOLVERS, compose, solver_names
from flows.staffing import EXPERIENCE, LEARNING, ROLES, check_roles
from pipeline.core.errors import InvalidInputError

KNOWN = {*ROLES.values(), *LEARNING, EXPERIENCE}


@pytest.mark.parametrize("name", list(SOLVERS))
def test_its_roles_are_those_that_a_run_fills_and_all_may_be_left_out(name: str) -> None:
    problem, worlds, *roles = inspect.signature(SOLVERS.get(name)).parameters.values()
    assert (problem.name, worlds.name) == ("problem", "worlds")
    assert {role.name for role in roles} <= KNOWN
    assert all(role.kind is inspect.Parameter.KEYWORD_ONLY and role.default is None for role in roles)


@pytest.mark.parametrize("name", solver_names())
@pytest.mark.parametrize("option", ROLES)
def test_a_model_in_a_role_is_taken_or_the_error_says_who_takes_it(name: str, option: str) -> None:
    config = compose("smoke", solver=name, **{option: "anthropic"})
    takes = inspect.signature(SOLVERS.get(config.solver)).parameters
    if ROLES[option] in takes:
        assert check_roles(config) == (option,)
        return
    with pytest.raises(InvalidInputError, match=f"--{option.replace('_', '-')}: solver '{name}' takes no") as error:
        check_roles(config)
    able = [n for n in SOLVERS if ROLES[option] in inspect.signature(SOLVERS.get(n)).parameters]
    assert all(n.replace("_", "-") in str(error.value) for n in able)
