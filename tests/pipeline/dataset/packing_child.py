"""A process that packs on demand, each time in a fork of its own, so that it can be killed, starved or limited.

It imports everything once and never uses zarr itself, whose threads a fork would not survive. Requests are JSON lines
on standard input; for each it prints the process id of the fork, and when that has ended, its exit code.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from pipeline.core.errors import OutputError
from pipeline.dataset import layout
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack

FILE_EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}
REFUSED, COUNTED = 3, 4
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def shrink_shards() -> None:
    """So small that every commit begins inside one and ends inside another."""
    for name, value in {
        "IMAGE_SHARD_ROWS": 16, "TABLE_CHUNK_ROWS": 8, "TABLE_SHARD_ROWS": 16, "TEXT_CHUNK_ROWS": 2,
        "TEXT_SHARD_ROWS": 4, "BYTES_CHUNK": 4096, "BYTES_SHARD": 8192,
    }.items():  # fmt: skip
        setattr(layout, name, value)


def main() -> None:
    shrink_shards()
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        child = os.fork()
        if child == 0:
            _work(request)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _work(request: dict[str, Any]) -> None:
    code = 1
    try:
        counter = _watch(Path(request["out"]).parent, request.get("kill_at", 0), request.get("protect_at", 0))
        if request.get("file_bytes"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"], request["file_bytes"]))
        parts = [Path(p) for p in request["parts"]]
        pack(parts, Path(request["out"]), meta=DatasetMeta(**request["meta"]), commit_rows=request["commit_rows"])
        code = 0
        if request.get("count_to"):
            Path(request["count_to"]).write_text(str(counter[0]))
    except OutputError as error:
        print(f"refused: {error}", file=sys.stderr, flush=True)
        code = REFUSED
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _watch(folder: Path, kill_at: int, protect_at: int) -> list[int]:
    """Count what this process does to files below ``folder``.

    Just before operation ``kill_at`` it is killed. From ``protect_at`` on all that would change the file system is
    refused as by one that has turned read-only; a real one cannot be told to while a file, such as the lock, is open.
    """
    counter, prefix = [0], str(folder)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in FILE_EVENTS and args and str(args[0]).startswith(prefix):
            counter[0] += 1
            if counter[0] == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if 0 < protect_at <= counter[0] and (event != "open" or args[2] & WRITING):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(args[0]))

    sys.addaudithook(hook)
    return counter


if __name__ == "__main__":
    main()
