"""push_precise: a box pushed onto a mark, within 1 cm and 10 degrees; one of the five tasks of contact."""

from __future__ import annotations

from flows.contact import preset

push_precise = preset("push_precise")
