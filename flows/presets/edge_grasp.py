"""edge_grasp: a thin board slid over an edge, grasped there and lifted; one of the five tasks of contact."""

from __future__ import annotations

from flows.contact import preset

edge_grasp = preset("edge_grasp")
