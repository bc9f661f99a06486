"""Zarr's writers in the background: wait until none is at work, so that what they write can be removed for good."""

from __future__ import annotations

import asyncio

from zarr.core.sync import sync


def wait_for_writers() -> None:
    """Return when no task of Zarr's event loop is left.

    A write that fails raises at once, while the writes of its other chunks go on and make folders anew.
    """
    sync(_settled())


async def _settled() -> None:
    me = asyncio.current_task()
    while others := [task for task in asyncio.all_tasks() if task is not me]:
        await asyncio.gather(*others, return_exceptions=True)
