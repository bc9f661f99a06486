"""Kernels come from the cache, and not from a cache of other sources."""

import numpy as np

from demo_solvers.planning import _ik_kernel, _kernel


def fresh(stamp: str | None = None):
    """The compiled tolerance check as a new process would have it, with the sources' digest or another one."""
    compiled = _kernel.kernel(_ik_kernel.within.py_func)
    if stamp is not None:
        index = compiled._cache._cache_file
        index._source_stamp = (*index._source_stamp[:-1], stamp)
    return compiled


def test_a_kernel_is_compiled_once_for_all_processes_and_again_when_any_kernels_source_changes():
    error = np.array([0.0, 0.0, 5e-4, 0.0, 0.0, 5e-3])
    assert fresh()(error)  # compiles, if nobody has
    known = fresh()
    assert known(error)
    assert (known.stats.cache_hits.total(), known.stats.cache_misses.total()) == (1, 0)
    changed = fresh("other sources")
    assert changed(error)
    assert (changed.stats.cache_hits.total(), changed.stats.cache_misses.total()) == (0, 1)
    assert fresh()(error)  # puts the cache right again
