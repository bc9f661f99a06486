"""Turns: who works next in a fixed number of slots, first come first served, and fair between clients."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from pipeline.core.errors import TaskloomError

LOOK_SECONDS = 0.5
"""How often a waiter looks whether it is still wanted."""


class NotWantedError(TaskloomError):
    """A wait that nobody was interested in any more, or a door that closed."""


@dataclass(eq=False)
class Slot:
    """A place at work; ``kind`` is what is kept warm in it."""

    number: int
    kind: Hashable | None = None


@dataclass(eq=False)
class _Ticket:
    kind: Hashable
    slot: Slot | None = None


class Turns:
    """``count`` slots. A client that asks for much waits behind its own requests, not before those of others.

    Clients take turns; the requests of one are served in their order. A request gets the idle slot that was last used
    for its kind, else an unused one, else the least recently used one.
    """

    def __init__(self, count: int) -> None:
        self.slots = tuple(Slot(number) for number in range(count))
        self._idle = list(self.slots)  # least recently used first
        self._waiting: OrderedDict[str, deque[_Ticket]] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Requests that have no slot yet."""
        return sum(map(len, self._waiting.values()))

    def take(self, client: str, kind: Hashable, wanted: Callable[[], bool]) -> Slot:
        """Wait for a slot; raises :class:`NotWantedError` once ``wanted`` says no, or when the turns are over."""
        ticket = _Ticket(kind)
        with self._changed:
            self._waiting.setdefault(client, deque()).append(ticket)
            self._deal()
            try:
                while ticket.slot is None:
                    if self._closed or not wanted():
                        raise NotWantedError("Nobody waits for this any more.")
                    self._changed.wait(LOOK_SECONDS)
            except BaseException:
                self._withdraw(client, ticket)
                raise
            return ticket.slot

    def give_back(self, slot: Slot) -> None:
        """The slot is idle again."""
        with self._changed:
            self._idle.append(slot)
            self._deal()

    def close(self) -> None:
        """Nobody gets a slot from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _deal(self) -> None:
        while self._idle and self._waiting and not self._closed:
            client, tickets = self._waiting.popitem(last=False)
            ticket = tickets.popleft()
            if tickets:
                self._waiting[client] = tickets
            ticket.slot = self._choose(ticket.kind)
            ticket.slot.kind = ticket.kind
        self._changed.notify_all()

    def _choose(self, kind: Hashable) -> Slot:
        warm = next((s for s in reversed(self._idle) if s.kind == kind), None)
        slot = warm or next((s for s in self._idle if s.kind is None), self._idle[0])
        self._idle.remove(slot)
        return slot

    def _withdraw(self, client: str, ticket: _Ticket) -> None:
        if ticket.slot is not None:
            self._idle.append(ticket.slot)
            self._deal()
            return
        tickets = self._waiting[client]
        tickets.remove(ticket)
        if not tickets:
            del self._waiting[client]
