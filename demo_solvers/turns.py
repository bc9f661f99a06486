"""Turns: functions that run in threads of their own, but only while somebody waits for them, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class _Cancelled(BaseException):
    """Unwinds a function that is not wanted any more."""


class Turn(Generic[Result]):
    """Runs ``work`` from one :meth:`pause` to the next; it and its owner never run at the same time."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work, self._result, self._error = work, list[Result](), list[BaseException]()
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def go_on(self) -> None:
        """Let it run until it pauses or ends; raises what it raises."""
        self._mine.release()
        self._theirs.acquire()
        if self._error:
            raise self._error[0]

    def pause(self) -> None:
        """Called by the work: give the turn back, and wait for the next."""
        self._theirs.release()
        self._wait()

    def cancel(self) -> None:
        """End it wherever it is."""
        if self._thread.is_alive():
            self._cancelled = True
            self._mine.release()
            self._thread.join()

    @property
    def ended(self) -> bool:
        """Whether the work has returned."""
        return bool(self._result)

    @property
    def result(self) -> Result:
        """What the work returned."""
        return self._result[0]

    def _wait(self) -> None:
        self._mine.acquire()
        if self._cancelled:
            raise _Cancelled

    def _run(self) -> None:
        try:
            self._wait()
            self._result.append(self._work())
        except _Cancelled:
            return
        except BaseException as error:
            self._error.append(error)
        finally:
            self._theirs.release()
