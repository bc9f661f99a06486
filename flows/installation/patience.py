"""Outlasting a restart of the server: ``python -m flows.installation.patience COMMAND`` is a ``prefect`` that does.

A client of Prefect repeats a request that finds no server only if it has reached the server before, and a flow makes
new clients all the time. Here every client may assume that the server is there, because it was when the process began.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
import urllib.error
import urllib.request

SERVER_SECONDS = 180.0
LOOK_SECONDS = 0.5


def outlast_restarts() -> None:
    """Wait for the server that the environment names, then let no client give up at its first request."""
    _await(f"{os.environ['PREFECT_API_URL']}/health")
    from prefect.client import base

    reached = property(lambda self: True, lambda self, value: None)
    for client in (base.PrefectHttpxAsyncClient, base.PrefectHttpxSyncClient):
        client._has_connected = reached  # type: ignore[assignment]


def _await(url: str) -> None:
    deadline = time.monotonic() + SERVER_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    outlast_restarts()
    sys.argv[0] = "prefect"
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
