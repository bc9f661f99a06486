"""A disk cache of completions: the same request is paid for once, also across killed and repeated runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pipeline.core.chat import ChatModel, ChatRequest, Completion
from pipeline.core.errors import OutputError
from pipeline.core.files import write_atomically


class CachedModel:
    """Answers from ``folder`` where it can; what the model answers is on disk before anyone sees it.

    The key is everything that determines the reply (model, words, pictures, schema, limits). Equal requests in flight
    wait for the one that was first. A file that cannot be read counts as absent and is replaced.
    """

    def __init__(self, model: ChatModel, folder: Path) -> None:
        self.model, self.folder = model, folder
        self._in_flight: dict[str, asyncio.Future[Completion]] = {}

    async def complete(self, request: ChatRequest) -> Completion:
        """The stored completion, or the model's, stored; raises what the model raises, and :class:`OutputError`."""
        key = request.digest
        if stored := self._stored(key):
            return stored
        if key in self._in_flight:
            first = await asyncio.shield(self._in_flight[key])
            return first.model_copy(update={"cached": True})
        self._in_flight[key] = future = asyncio.get_running_loop().create_future()
        try:
            completion = await self.model.complete(request)
            self._store(key, completion)
            future.set_result(completion)
            return completion
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # seen: nobody may be waiting
            raise
        finally:
            del self._in_flight[key]

    async def close(self) -> None:
        """Close the model behind."""
        await self.model.close()

    def _stored(self, key: str) -> Completion | None:
        try:
            held = Completion.model_validate_json(self._path(key).read_bytes())
        except (OSError, ValueError):
            return None
        return held.model_copy(update={"cached": True})

    def _store(self, key: str, completion: Completion) -> None:
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, completion.model_dump_json(), mode=0o600)
        except OSError as error:
            raise OutputError(
                f"Cannot keep a paid reply in {str(self.folder)!r}: {error.strerror or error}. Free space or choose "
                "another cache folder before asking on."
            ) from error

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
