"""The words of the reward language, generated from the code: terms, functions and units."""

from __future__ import annotations

from demo_solvers.rewards.functions import FUNCTIONS
from demo_solvers.rewards.term import TERMS
from demo_solvers.rewards.units import UNITS


def terms() -> str:
    """One line a term: how it is written, what it is, its unit and range."""
    return "\n".join(f"- `{_shape(name)}`: {_said(name)}" for name in TERMS)


def functions() -> str:
    """One line a function."""
    return "\n".join(f"- `{function.shape}`: {function.summary}" for function in FUNCTIONS.values())


def units() -> str:
    """All units."""
    return ", ".join(UNITS)


def _shape(name: str) -> str:
    args = TERMS.get(name).signature.args.items()
    return f"{name}({', '.join(f'<{arg}: {kind}>' for arg, kind in args)})"


def _said(name: str) -> str:
    signature = TERMS.get(name).signature
    if signature.gives != "number":
        return f"{signature.summary}; a {signature.gives}"
    unit = f" {signature.unit}" if signature.unit else ""
    return f"{signature.summary}; {signature.low:.4g} to {signature.high:.4g}{unit}"
