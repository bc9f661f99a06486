"""The former name of goal decomposition; callers move to :func:`demo_solvers.task_planning.plan.plan`."""

from __future__ import annotations

from demo_solvers.task_planning.plan import decompose

__all__ = ["decompose"]
