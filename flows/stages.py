"""The look-ups the line needs from other rooms, each in one function: simulators, solvers, versions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from flows.config import BACKENDS, SOLVERS, RunConfig
from pipeline.core.doors import Catalog, FileStore, Simulator, Solver
from pipeline.core.episode import Provenance

PACKAGES = ("taskloom", "genesis-world", "mujoco", "torch", "numpy", "zarr", "prefect", "pydantic")


def make_simulator(backend: str, files: FileStore, *, device: str = "cpu") -> Simulator:
    """A fresh simulator of the named backend; raises :class:`UnknownNameError`."""
    factory: Callable[..., Simulator] = BACKENDS.get(backend)
    return factory(files, device=device)


def find_solver(name: str) -> Solver:
    """The solver called ``name``; raises :class:`UnknownNameError`."""
    return SOLVERS.get(name)


def provenance_of(config: RunConfig, engine: str, *, author: str, seed: int) -> Provenance:
    """Who makes the episodes of a batch, and with what."""
    return Provenance(
        version=version("taskloom"),
        engine=engine,
        solver=config.solver,
        author=author,
        seed=seed,
        versions=package_versions(),
    )


def library_digest(catalog: Catalog) -> str:
    """Short content address of every asset and robot card, and through them of every file."""
    digest = hashlib.sha256()
    for card in (*map(catalog.asset, catalog.assets), *map(catalog.robot, catalog.robots)):
        digest.update(card.sha256.encode())
    return digest.hexdigest()[:16]


def package_versions() -> dict[str, str]:
    """Versions of the packages that can change a result; absent ones are left out."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
