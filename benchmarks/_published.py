"""Published success rates [%] of the 14 tasks, by the labels of the task set; image-based methods, in RLBench.

As given in GeneralVLA (arXiv 2602.04315) and HiWE, which share the baselines' numbers; means of three seeds.
"""

from __future__ import annotations

METHODS = ("VoxPoser", "CAP", "Scaling-up", "HiWE", "HiWE w/o FT")
ROWS: dict[str, tuple[float | None, ...]] = {
    "Put_block": (70.70, 84.00, 77.33, 93.33, 75.33),
    "Play_jenga": (0.0, 0.0, 0.0, 82.00, 60.67),
    "Open_jar": (0.0, 0.0, 78.67, 84.00, 71.33),
    "Close_box": (0.0, 0.0, 0.0, None, 31.33),  # HiWE's number is illegible in the copy that was read
    "Open_box": (0.0, 0.0, 0.0, 34.67, 8.67),
    "Pickup_cup": (26.70, 14.67, 9.33, 88.67, 74.67),
    "Push_block": (25.33, 8.00, 5.33, 23.33, 14.67),
    "Take_umbrella": (33.33, 4.00, 6.67, 64.67, 50.67),
    "Sort_mustard": (96.00, 0.0, 41.33, 73.67, 59.33),
    "Open_wine": (8.00, 0.0, 33.33, 45.33, 26.67),
    "Lamp_on": (57.30, 64.00, 60.00, 72.67, 62.67),
    "Put_knife": (92.00, 14.67, 24.00, 60.00, 45.33),
    "Pick&lift": (96.00, 100.0, 100.0, 87.33, 69.33),
    "Insert_block": (0.0, 0.0, 0.0, 36.67, 14.67),
}
