"""A claim lasts as long as the process that holds it: the next one waits, and a dead process holds nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from flows.claim import claimed, is_abandoned, is_claimed

HOLD = """
import pathlib, sys
from flows.claim import claimed
with claimed(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
HERE = Path(__file__).parents[2]


def holder(place: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HERE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_claim_of_a_killed_process_is_free_and_known_to_be_abandoned(tmp_path: Path) -> None:
    place = tmp_path / "claims" / "task"
    assert not is_claimed(place)
    assert not is_abandoned(place), "nobody ever claimed it"
    process = holder(place)
    assert is_claimed(place)
    assert not is_abandoned(place)
    process.kill()
    process.communicate()
    assert not is_claimed(place)
    assert is_abandoned(place)
    with claimed(place):
        assert is_claimed(place)


def test_the_second_waits_until_the_first_is_gone(tmp_path: Path) -> None:
    place, got = tmp_path / "task", threading.Event()
    process = holder(place)

    def second() -> None:
        with claimed(place):
            got.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert not got.wait(0.5)
    process.kill()
    process.communicate()
    assert got.wait(10)
    thread.join()


def test_the_claim_of_another_machine_says_nothing(tmp_path: Path) -> None:
    place = tmp_path / "task"
    place.write_text('{"host": "elsewhere", "pid": 1}')
    assert not is_abandoned(place)
