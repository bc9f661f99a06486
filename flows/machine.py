"""What this machine can do: processors, graphics, packages, space; and how to mend what is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import psutil

from flows.stages import PACKAGES, package_versions
from pipeline.core.errors import RenderingError
from pipeline.core.geometry import Frozen

GL_KINDS = ("egl", "osmesa")
GL_REMEDY = (
    "On Debian or Ubuntu: apt-get install -y libegl1 libgl1 libgl1-mesa-dri libosmesa6. "
    "Elsewhere install Mesa's EGL or OSMesa."
)


class Finding(Frozen):
    """One line of the doctor: what was looked at, what was found, and what to do if it is not well."""

    name: str
    status: Literal["ok", "missing", "note"]
    found: str
    remedy: str = ""


def examine(place: Path) -> tuple[Finding, ...]:
    """Look at everything; ``place`` is where output would go."""
    return (_python(), _cpu(), _memory(), _disk(place), _gpu(), *_graphics(), *_packages(), _prefect(), _key())


@cache
def gl_renderer(kind: str) -> tuple[bool, str]:
    """Whether off-screen OpenGL of a kind (egl, osmesa) works, and the renderer's name or why not."""
    done = subprocess.run(
        [sys.executable, "-m", "flows.gl_probe", kind], capture_output=True, text=True, timeout=60, check=False
    )
    said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, said[-1] if said else f"the probe ended with code {done.returncode}"


def rendering_environment(backend: str) -> Mapping[str, str]:
    """The environment in which a backend's renderer finds its OpenGL; raises :class:`RenderingError` without any.

    What the user has set is left alone, and the kinematic backend draws by itself.
    """
    if backend == "kinematic" or "PYOPENGL_PLATFORM" in os.environ or "MUJOCO_GL" in os.environ:
        return {}
    for kind in GL_KINDS:
        if gl_renderer(kind)[0]:
            return {"PYOPENGL_PLATFORM": kind, "MUJOCO_GL": kind}
    reasons = "; ".join(f"{kind}: {gl_renderer(kind)[1]}" for kind in GL_KINDS)
    raise RenderingError(f"No off-screen OpenGL for rendering ({reasons}). {GL_REMEDY}")


def _python() -> Finding:
    fine = sys.version_info >= (3, 11)
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding(
        name="python", status="ok" if fine else "missing", found=found, remedy="" if fine else "Use 3.11 or later."
    )


def _cpu() -> Finding:
    cores = os.cpu_count() or 1
    remedy = "" if cores >= 2 else "One core works, at half the speed."
    return Finding(name="cpu", status="ok" if cores >= 2 else "note", found=f"{cores} cores", remedy=remedy)


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    enough = memory.available > 6e9
    found = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    remedy = "" if enough else "A simulator process takes up to 3 GB; use --workers 1."
    return Finding(name="memory", status="ok" if enough else "note", found=found, remedy=remedy)


def _disk(place: Path) -> Finding:
    parent = next(p for p in (place, *place.absolute().parents) if p.exists())
    free = shutil.disk_usage(parent).free
    enough = free > 2e9
    remedy = "" if enough else "Free some space or choose another disk with --out."
    return Finding(name="disk", status="ok" if enough else "missing", found=f"{free / 1e9:.1f} GB free", remedy=remedy)


def _gpu() -> Finding:
    cards = _nvidia_cards()
    if not cards:
        return Finding(name="gpu", status="note", found="none seen", remedy="Not needed; everything runs on the CPU.")
    if _cuda_build():
        return Finding(name="gpu", status="ok", found=cards)
    remedy = "The installed torch is CPU-only: install a CUDA build of torch, then use --device gpu."
    return Finding(name="gpu", status="note", found=cards, remedy=remedy)


def _nvidia_cards() -> str:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    ask = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    done = subprocess.run(ask, capture_output=True, text=True, timeout=30, check=False)
    return "; ".join(done.stdout.strip().splitlines()) if done.returncode == 0 else ""


def _cuda_build() -> bool:
    return (
        "torch" in package_versions() and importlib.util.find_spec("torch.version") is not None and _torch_sees_cuda()
    )


def _torch_sees_cuda() -> bool:
    code = "import sys, torch; sys.exit(0 if torch.cuda.is_available() else 1)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, check=False).returncode == 0


def _graphics() -> list[Finding]:
    working = [kind for kind in GL_KINDS if gl_renderer(kind)[0]]
    return [
        Finding(
            name=f"gl {kind}",
            status="ok" if kind in working else "note" if working else "missing",
            found=gl_renderer(kind)[1],
            remedy="" if working else GL_REMEDY,
        )
        for kind in GL_KINDS
    ]


def _packages() -> list[Finding]:
    found = package_versions()
    return [
        Finding(
            name=package,
            status="ok" if package in found else "missing",
            found=found.get(package, "not installed"),
            remedy="" if package in found else "Run `make setup`, or pip install -e .[sim,flows,assets].",
        )
        for package in PACKAGES
    ]


def _prefect() -> Finding:
    url = os.environ.get("PREFECT_API_URL", "")
    found = f"server {url}" if url else "no PREFECT_API_URL: each run keeps its own server in OUT/prefect"
    return Finding(name="prefect server", status="ok", found=found)


def _key() -> Finding:
    if os.environ.get("ANTHROPIC_API_KEY"):
        return Finding(name="ANTHROPIC_API_KEY", status="ok", found="present")
    return Finding(
        name="ANTHROPIC_API_KEY",
        status="note",
        found="not set",
        remedy="Not needed: the procedural author works without. Set it to let a model propose tasks.",
    )


def visible_gpus() -> tuple[int, ...]:
    """Numbers of the NVIDIA cards that this process may use."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None:
        return tuple(int(part) for part in hidden.split(",") if part.strip().isdigit())
    return tuple(range(len(_nvidia_cards().split("; ")))) if _nvidia_cards() else ()
