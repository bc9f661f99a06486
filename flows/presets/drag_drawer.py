"""drag_drawer: a drawer without a handle drawn by friction on its front's edge; one of the five tasks of contact."""

from __future__ import annotations

from flows.contact import preset

drag_drawer = preset("drag_drawer")
