"""``python -m flows.installation.child MODULE ARGUMENTS``: runs a module, and ends with the process that started it.

The parent holds the other end of stdin. When that closes the parent is gone, and whatever this process has started
goes too, so that a killed supervisor leaves nothing behind.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading

import psutil


def main() -> None:
    """Run the module as ``__main__`` with the rest of the arguments as its own."""
    threading.Thread(target=_end_with_parent, args=(os.dup(0),), daemon=True).start()
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_parent(pipe: int) -> None:
    while os.read(pipe, 4096):
        pass
    end_family()


def end_family() -> None:
    """Kill everything that this process has started, then this process."""
    me = psutil.Process()
    while children := me.children(recursive=True):
        for child in children:
            try:
                child.kill()
            except psutil.Error:
                continue
        if not [c for c in children if c.is_running() and c.status() != psutil.STATUS_ZOMBIE]:
            break
    os._exit(1)


if __name__ == "__main__":
    main()
