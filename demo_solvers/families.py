"""Families of tasks that the solvers here are measured to solve; runs propose no others unless they are told to."""

from __future__ import annotations

from pipeline.core.task import Family

SOLVED: tuple[Family, ...] = ("pick_place", "stack", "push", "articulate", "sequence", "door", "sort")
