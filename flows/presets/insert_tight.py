"""insert_tight: a peg of 30 mm into a bore of 31; one of the five tasks of contact."""

from __future__ import annotations

from flows.contact import preset

insert_tight = preset("insert_tight")
