"""Slots are given in turn: fair between clients, in order for one, and where something suitable is still warm."""

from __future__ import annotations

import threading
import time

import pytest

from flows.turns import NotWantedError, Slot, Turns


class Waiter(threading.Thread):
    """Asks for a slot and notes that it got one."""

    def __init__(self, turns: Turns, client: str, kind: str, served: list[str]) -> None:
        super().__init__(daemon=True)
        self.turns, self.client, self.kind, self.served = turns, client, kind, served
        self.slot: Slot | None = None
        before = turns.waiting
        self.start()
        while turns.waiting == before:
            time.sleep(0.001)

    def run(self) -> None:
        self.slot = self.turns.take(self.client, self.kind, lambda: True)
        self.served.append(self.client)


def test_a_client_with_one_request_does_not_wait_behind_all_those_of_another() -> None:
    turns = Turns(1)
    slot = turns.take("first", "a", lambda: True)
    served = list[str]()
    waiters = [Waiter(turns, client, "a", served) for client in ("many", "many", "many", "one")]
    for count in range(1, 5):
        turns.give_back(slot)
        while len(served) < count:
            time.sleep(0.001)
    assert served == ["many", "one", "many", "many"]
    assert [w.client for w in waiters if w.slot is None] == []


def test_the_requests_of_one_client_are_served_in_their_order() -> None:
    turns = Turns(1)
    slot = turns.take("x", "a", lambda: True)
    served = list[str]()
    waiters = [Waiter(turns, "x", kind, served) for kind in "abc"]
    order = list[str]()
    for _ in waiters:
        turns.give_back(slot)
        while len(served) == len(order):
            time.sleep(0.001)
        order.append(str(slot.kind))
    assert order == ["a", "b", "c"]


def test_a_request_gets_the_slot_that_is_warm_for_it_else_an_unused_else_the_least_recently_used_one() -> None:
    turns = Turns(3)
    genesis, mujoco = turns.take("x", "genesis", always), turns.take("x", "mujoco", always)
    turns.give_back(genesis)
    turns.give_back(mujoco)
    assert turns.take("x", "genesis", always) is genesis
    fresh = turns.take("x", "kinematic", always)
    assert fresh not in (genesis, mujoco)
    turns.give_back(genesis)
    turns.give_back(fresh)
    assert turns.take("x", "isaac", always) is mujoco, "idle for the longest time"
    assert mujoco.kind == "isaac"


def test_a_request_that_nobody_wants_any_more_leaves_the_queue() -> None:
    turns = Turns(1)
    slot = turns.take("x", "a", always)
    with pytest.raises(NotWantedError):
        turns.take("y", "a", lambda: False)
    assert turns.waiting == 0
    turns.give_back(slot)
    assert turns.take("z", "a", always) is slot


def test_nobody_waits_for_turns_that_are_over() -> None:
    turns = Turns(1)
    turns.take("x", "a", always)
    threading.Timer(0.05, turns.close).start()
    with pytest.raises(NotWantedError):
        turns.take("y", "a", always)


def always() -> bool:
    return True
