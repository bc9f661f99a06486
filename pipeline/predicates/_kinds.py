"""What a predicate's argument may name, written as the argument's type so that gates and prompts can read it off."""

from __future__ import annotations

from typing import Annotated

Body = Annotated[str, "body"]
"""Any body with geometry: an object, a fixture, a region, or a link such as ``cabinet/top_drawer``."""
Movable = Annotated[str, "movable"]
"""A free object."""
Support = Annotated[str, "support"]
"""A body with a support area (a body without one supports on the top face of its bounds)."""
Container = Annotated[str, "container"]
"""A body with a cavity."""
Region = Annotated[str, "region"]
"""A flat painted area."""
Jointed = Annotated[str, "jointed"]
"""A link that a joint moves, such as ``cabinet/top_drawer``."""
