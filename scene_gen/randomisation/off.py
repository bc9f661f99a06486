"""off: nothing but poses varies."""

from __future__ import annotations

from scene_gen.randomisation._spec import Randomisation

off = Randomisation(name="off")
