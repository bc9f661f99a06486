"""Errors travel between processes, so they must survive being pickled with their message."""

import pickle

import pytest

from pipeline.core import errors


def test_an_unknown_name_crosses_a_process_with_its_message():
    error = errors.UnknownNameError("asset", "mgu", ["plate", "mug"])
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, errors.UnknownNameError)
    assert str(again) == str(error) == "Unknown asset 'mgu'. Did you mean 'mug'? Allowed: mug, plate."


def test_nothing_is_suggested_where_nothing_is_near():
    assert str(errors.UnknownNameError("asset", "xyz", [])) == "Unknown asset 'xyz'. Allowed: (none)."


@pytest.mark.parametrize("kind", [e for e in vars(errors).values() if isinstance(e, type)])
def test_every_error_is_caught_as_one_of_ours(kind):
    assert issubclass(kind, errors.TaskloomError) or kind.__module__ != errors.__name__
