"""The cassette: records what a model answers to a file, and answers from that file without any model."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import ValidationError

from pipeline.core.chat import ChatModel, ChatRequest, Completion
from pipeline.core.errors import InvalidInputError, ModelError, OutputError


class cassette:
    """With ``model`` it records, one JSON line a call, flushed at once; without it replays, each request by content.

    A request asked several times gets its recorded answers in order, and the last one from then on.
    """

    def __init__(self, path: Path, model: ChatModel | None = None) -> None:
        self.path, self.model = path, model
        self._answers: dict[str, list[Completion]] = {}
        self._asked: dict[str, int] = {}
        if path.exists():
            self._load()
        elif model is None:
            raise InvalidInputError(f"There is no cassette {str(path)!r}; record one, or check the path.")

    async def complete(self, request: ChatRequest) -> Completion:
        """The recorded or the model's completion; raises :class:`ModelError` for a request that is not recorded."""
        key = request.digest
        answers, turn = self._answers.setdefault(key, []), self._asked.get(key, 0)
        self._asked[key] = turn + 1
        if turn < len(answers) or (answers and self.model is None):
            return answers[min(turn, len(answers) - 1)]
        if self.model is None:
            raise ModelError(
                f"Cassette {str(self.path)!r} holds no answer to this request ({key[:12]}), only to "
                f"{len(self._answers) - 1} others. Record it again: the prompt, the schema or the model has changed."
            )
        completion = await self.model.complete(request)
        self._append(key, completion)
        answers.append(completion)
        return completion

    async def close(self) -> None:
        """Close the model that is recorded, if any."""
        if self.model is not None:
            await self.model.close()

    def _load(self) -> None:
        text = self.path.read_text(encoding="utf-8")
        whole = text.rpartition("\n")[0]
        if self.model is not None and text and not text.endswith("\n"):  # a killed recorder leaves half a line
            self.path.write_text(whole + "\n" if whole else "", encoding="utf-8")
        for number, line in enumerate(whole.split("\n") if whole else (), 1):
            try:
                entry = json.loads(line)
                self._answers.setdefault(entry["request"], []).append(Completion.model_validate(entry["completion"]))
            except (ValueError, KeyError, TypeError, ValidationError):
                raise InvalidInputError(
                    f"Cassette {str(self.path)!r}, line {number}, is not a recorded call. Remove it or record anew."
                ) from None

    def _append(self, key: str, completion: Completion) -> None:
        entry = {"request": key, "completion": completion.model_dump(mode="json")}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(f"Cannot record on cassette {str(self.path)!r}: {error.strerror or error}.") from error
