"""What a dataset holds, from its metadata alone."""

from __future__ import annotations

from typing import Any

from pipeline.dataset import layout
from pipeline.dataset.access import array_at
from pipeline.dataset.reader import DatasetReader

COPIED = (
    "name", "license", "created", "schema_version", "episodes", "frames", "robot", "control_hz", "solvers", "engines",
    "authors", "channels", "cameras", "splits", "slots", "assets", "generators", "versions",
)  # fmt: skip


def summary(reader: DatasetReader) -> dict[str, Any]:
    """Counts, robot, cameras, tasks and arrays as JSON data; arrays and images are not read."""
    attrs = reader.attrs
    arrays = {}
    for name in reader.names:
        array = array_at(reader.root, f"{layout.DATA}/{name}")
        units: Any = array.attrs.get("units", "1")
        arrays[name] = {
            "dtype": str(array.dtype),
            "shape": list(array.shape),
            "units": units if isinstance(units, str) else " ".join(dict.fromkeys(map(str, units))),
            "semantics": array.attrs.get("semantics", ""),
        }
    tasks = [{k: t[k] for k in ("name", "family", "instruction", "episodes", "goal")} for t in attrs["tasks"]]
    return {key: attrs[key] for key in COPIED if key in attrs} | {
        "episodes": len(reader),
        "frames": int(reader.ends[-1]),
        "hours": int(reader.ends[-1]) / reader.control_hz / 3600,
        "successes": int(reader.column("episode_success").sum()),
        "tasks": tasks,
        "arrays": arrays,
        "files": len(attrs["files"]) + 1,
        "bytes": sum(int(size) for size, _ in attrs["files"].values()),
    }
