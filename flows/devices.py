"""Devices: what a person calls one, and the environment in which a simulator process sees that one only."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.core.errors import InvalidInputError

DEVICES = "cpu, gpu, or gpu:K for the graphics card with CUDA number K"
EGL_VARIABLES = ("MUJOCO_EGL_DEVICE_ID", "EGL_DEVICE_ID")  # of MuJoCo and of Genesis; both take the CUDA number


def check_device(device: str) -> str:
    """The device's name as it is, if it is one; raises :class:`InvalidInputError`."""
    if not re.fullmatch(r"cpu|gpu|gpu:\d{1,3}", device):
        raise InvalidInputError(f"Unknown device {device!r}. Allowed: {DEVICES}.")
    return device


def pinned(device: str) -> Mapping[str, str]:
    """Environment variables that hide every graphics card but the named one; none for ``cpu`` and plain ``gpu``."""
    _, _, number = check_device(device).partition(":")
    if not number:
        return {}
    return {"CUDA_VISIBLE_DEVICES": number, **dict.fromkeys(EGL_VARIABLES, number)}


def serves(host: str, wanted: str) -> bool:
    """Whether a host of one device takes a job for ``wanted`` (``cpu`` or ``gpu``): a GPU's machine has a CPU too."""
    return wanted == "cpu" or host != "cpu"
