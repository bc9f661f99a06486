"""The model paraphraser: at least five other ways to give each instruction, written by a language model and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pipeline.asking.ask import Asker
from pipeline.asking.meter import purpose
from pipeline.asking.prompts import Prompt
from pipeline.core.doors import Catalog
from pipeline.core.errors import ModelError
from pipeline.core.geometry import Frozen
from pipeline.core.task import TaskSpec
from task_gen.asking import AskSettings, batches, miscounted, request
from task_gen.compose import TABLE
from task_gen.paraphrase import LEAST, Paraphraser
from task_gen.wording_rules import head_nouns, words_of

PROMPTS = Path(__file__).parent / "prompts"
LONGEST = 300  # characters, as an instruction's
_MACHINE = re.compile(r"[_{}\[\]()]")


class Rewording(Frozen):
    """What the model says of one task."""

    task: str
    paraphrases: tuple[str, ...]


class Rewordings(Frozen):
    """What one call gives."""

    tasks: tuple[Rewording, ...]


class ModelParaphraser:
    """Asks a model; the tasks of a call that failed are paraphrased by ``fallback`` and carry its name."""

    def __init__(self, asker: Asker, catalog: Catalog, settings: AskSettings, *, fallback: Paraphraser) -> None:
        self.asker, self.catalog, self.settings, self.fallback = asker, catalog, settings, fallback
        self.failed_calls: list[str] = []
        self._rules, self._reword = Prompt.load(PROMPTS / "paraphrase.md"), Prompt.load(PROMPTS / "reword.md")
        self._shared = self._rules.render(count=str(LEAST))

    @property
    def prompt_hashes(self) -> dict[str, str]:
        """For provenance: every prompt's name and content hash."""
        return {p.path: p.sha256 for p in (self._rules, self._reword)}

    def reworded(self, tasks: Sequence[TaskSpec]) -> tuple[TaskSpec, ...]:
        """The tasks with new paraphrases and who wrote them; never raises for a call that failed."""
        parts = batches(tasks, self.settings.batch)
        requests = [request(part, self.settings, shared=self._shared, prompt=self._reword) for part in parts]
        with purpose("paraphrase"):
            replies = self.asker.ask_all(requests, Rewordings, checks=[partial(self._mistakes, p) for p in parts])
        found: list[TaskSpec] = []
        for part, reply in zip(parts, replies, strict=True):
            if isinstance(reply, ModelError):
                self.failed_calls.append(f"{type(reply).__name__}: {reply}")
                found += self.fallback.reworded(part)
            else:
                said = {r.task: tuple(dict.fromkeys(r.paraphrases))[:20] for r in reply.value.tasks}
                written = {"paraphraser": reply.model}
                found += [t.model_copy(update={"paraphrases": said[t.name], **written}) for t in part]
        return tuple(found)

    def _mistakes(self, tasks: Sequence[TaskSpec], reply: Rewordings) -> list[str]:
        by_name = {t.name: t for t in tasks}
        wrong = [w for r in reply.tasks if r.task in by_name for w in self._wrong(by_name[r.task], r.paraphrases)]
        return [*miscounted(reply.tasks, tasks), *wrong]

    def _wrong(self, task: TaskSpec, texts: Sequence[str]) -> Iterator[str]:
        different = {t.strip().rstrip(".!?").lower() for t in texts} - {task.instruction.rstrip(".!?").lower()}
        if len(different) < LEAST:
            yield f"{task.name!r}: {len(different)} different paraphrases, at least {LEAST} are wanted."
        assets = {o.name: self.catalog.asset(o.asset) for o in (*task.objects, TABLE)}
        said = words_of(task.instruction)
        nouns = {noun for noun in head_nouns(task, assets).values() if noun in said}
        for text in texts:
            if not 4 <= len(text.strip()) <= LONGEST or _MACHINE.search(text):
                yield f"{task.name!r}: {text[:60]!r} is no sentence of at most {LONGEST} plain characters."
            elif missing := sorted(nouns - words_of(text)):
                yield f"{task.name!r}: {text[:60]!r} does not name the {' and the '.join(missing)}."
