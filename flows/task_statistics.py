"""Statistics of a set of tasks: counts, how varied its words are, and what its critics say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from assets.retrieval import Method, available_method
from pipeline.core.goal import atoms
from pipeline.core.task import TaskSpec
from pipeline.holds import parse
from task_gen.curriculum import assets_of
from task_gen.embedding import NAMES, mean_pairwise_distance
from task_gen.novelty import SAME_MEANING, SIMILAR, SMOOTHING, near_duplicates, self_bleu

ORDER = 4  # of the n-grams


def statistics(tasks: Sequence[TaskSpec], *, method: Method | None = None) -> dict[str, Any]:
    """JSON values; ``method`` of the distance None takes the best one installed.

    Counts are of tasks, except that of predicates, which counts atoms of goals.
    """
    chosen, said = method or available_method(), [t.instruction for t in tasks]
    predicates = (a.predicate for t in tasks for a in atoms(parse(t.goal)))
    horizons = Counter(f"{t.horizon:g}" for t in tasks)
    return {
        "tasks": len(tasks),
        "families": _counted(t.family for t in tasks),
        "objects": _counted(asset for t in tasks for asset in assets_of(t)),
        "predicates": _counted(predicates),
        "horizons_s": dict(sorted(horizons.items(), key=lambda item: float(item[0]))),
        "authors": _counted(t.author for t in tasks),
        "paraphrases": {"fewest": min((len(t.paraphrases) for t in tasks), default=0)}
        | _counted(t.paraphraser for t in tasks if t.paraphrases),
        f"self_bleu_{ORDER}": round(self_bleu(said, order=ORDER), 3),
        "self_bleu": {"n": ORDER, "field": "instruction", "smoothing": f"epsilon {SMOOTHING}"},
        "mean_pairwise_distance": round(mean_pairwise_distance(said, method=chosen), 3),
        "distance": {"measure": "1 - cosine", "field": "instruction", "vectors": NAMES[chosen]},
        "near_duplicates": near_duplicates(tasks, method=chosen),
        "near_duplicate_from": {"word_pairs_dice": SIMILAR}
        | ({"embedding_cosine": SAME_MEANING} if chosen == "embedding" else {}),
        "critique": _critiques(tasks),
    }


def in_one_line(value: Any) -> str:
    """A value of the statistics for a person."""
    if isinstance(value, dict):
        return ", ".join(f"{k} {in_one_line(v)}" for k, v in value.items()) or "none"
    return str(value)


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _critiques(tasks: Sequence[TaskSpec]) -> dict[str, Any]:
    """Mean scores, and how many tasks each critic judged."""
    found = [t.critique for t in tasks if t.critique is not None]
    if not found:
        return {}
    names = ("sense", "difficulty", "clarity")
    means = {f"mean_{name}": round(sum(getattr(c, name) for c in found) / len(found), 3) for name in names}
    return means | {"judged": len(found), "critics": _counted(c.author for c in found)}
