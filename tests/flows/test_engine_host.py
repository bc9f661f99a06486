"""An engine host serves several runs at once, within its slots, and outlives clients, engines and itself."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from assets.catalog import LibraryCatalog
from flows.config import RunConfig
from flows.engine_client import HostEngines, host_status
from flows.folder import RunFolder, open_folder
from flows.jobs import BatchJob, BatchReport
from flows.notices import Notice
from flows.plan import make_plan
from pipeline.core.errors import EngineHostError, InvalidInputError, TaskloomError
from tests.flows.engine_hosts import Host, Watch, all_simulators, host, wait_until
from tests.flows.test_resume import assert_equal_datasets


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder whose name is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="taskloom-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def job(smoke: RunConfig) -> BatchJob:
    plan = make_plan(smoke, LibraryCatalog())
    return BatchJob(config=smoke, task=plan.drawn()[0], index=0, keep=1)


@pytest.fixture(scope="module")
def shared() -> Iterator[Host]:
    """One host with one warm engine, for tests that leave it as it was."""
    with tempfile.TemporaryDirectory(prefix="taskloom-") as name, host(Path(name), "--slots=1") as started:
        yield started


def folder_in(root: Path, config: RunConfig, name: str = "out") -> RunFolder:
    return open_folder(root / name, config, library="test")


def numbered(job: BatchJob, index: int) -> BatchJob:
    return job.model_copy(update={"index": index})


def breaking(job: BatchJob) -> BatchJob:
    """A job that ends at once, in a failed report."""
    return job.model_copy(update={"config": job.config.model_copy(update={"solver": "nobody"})})


def without_clock(report: BatchReport) -> BatchReport:
    return report.model_copy(update={"seconds": {}})


def say(path: Path, data: bytes) -> dict[str, Any]:
    """Send bytes to a host and return the first thing that it says."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(60)
        connection.connect(str(path))
        with contextlib.suppress(BrokenPipeError):  # it has heard enough
            connection.sendall(data)
        return json.loads(connection.makefile("rb").readline())


def test_two_runs_at_once_share_the_slots_and_end_with_the_data_of_a_run_of_its_own(place, undisturbed) -> None:
    command = [sys.executable, "-m", "flows.cli", "generate", "--preset=smoke", "--plain", "--tasks=2", "--demos=1"]
    outs = [place / "a", place / "b", place / "c"]
    with host(place, "--slots=2") as engines, Watch(lambda: all_simulators(engines.socket)) as watch:
        env = {**os.environ, "TASKLOOM_ENGINE_HOST": str(engines.socket)}
        runs = [
            subprocess.Popen([*command, "--batch=2", f"--out={out}", "--workers=2"], env=env, stderr=subprocess.PIPE)
            for out in outs
        ]
        for run in runs:
            _, said = run.communicate(timeout=300)
            assert run.returncode == 0, said.decode()
        assert sum(s.jobs for s in host_status(engines.socket).slots) == 6
    assert watch.most == 2
    assert watch.most_at_work == 2
    for out in outs:
        assert_equal_datasets(undisturbed[1] / "dataset.zarr", out / "dataset.zarr")


def test_a_job_that_is_asked_for_twice_is_done_once(shared: Host, tmp_path, job, undisturbed) -> None:
    folder = folder_in(tmp_path, job.config)
    news: list[list[Notice]] = [[], []]
    with HostEngines(folder, shared.socket) as engines, ThreadPoolExecutor(2) as threads:
        begun = [threads.submit(engines.run, job, listener=heard.append) for heard in news]
        first, second = (b.result() for b in begun)
    assert first == second
    logged = "".join(p.read_text() for p in folder.logs.iterdir())
    assert logged.count(f"== {job.name}") == 1
    assert all(heard[-1].stage == "done" for heard in news)
    quiet = RunFolder(undisturbed[1]).finished(job)
    assert quiet is not None
    assert without_clock(first) == without_clock(quiet)
    assert engines.run(job) == first, "it is on disk; nobody is asked"


def test_a_job_that_kills_every_engine_is_recorded_as_failed_and_the_host_lives(place, tmp_path, job) -> None:
    folder = folder_in(tmp_path, job.config)
    with host(place, "--slots=1") as started, HostEngines(folder, started.socket) as engines:

        def assassin(notice: Notice) -> None:
            if notice.stage == "gate":
                started.simulators()[0].kill()

        report = engines.run(job, listener=assassin)
        assert report.status == "failed"
        assert "WorkerDiedError: 3 processes in a row" in report.reasons[0]
        assert engines.run(numbered(breaking(job), 1)).status == "failed"
        assert started.process.poll() is None


def test_an_engine_is_replaced_after_its_batches_after_a_failure_and_for_another_backend(place, tmp_path, job) -> None:
    folder = folder_in(tmp_path, job.config)
    other = job.config.model_copy(update={"backend": "mujoco", "solver": "nobody"})
    with (
        host(place, "--slots=1", "--recycle-after=1", "--warm=kinematic") as started,
        HostEngines(folder, started.socket) as engines,
        Watch(lambda: all_simulators(started.socket)) as watch,
    ):
        pids = [started.simulators()[0].pid]
        for job_ in (job, numbered(breaking(job), 1), numbered(breaking(job), 2)):
            engines.run(job_)
            pids.append(started.simulators()[0].pid)
        engines.run(numbered(job, 3).model_copy(update={"config": other}))
        assert host_status(started.socket).slots[0].backend == "mujoco"
    assert pids[0] == pids[1] != pids[2] != pids[3]
    assert watch.most == 1


CLIENT = """
import sys, threading
from pathlib import Path
from flows.engine_client import HostEngines
from flows.folder import RunFolder
from flows.jobs import BatchJob
jobs = [BatchJob.model_validate_json(line) for line in sys.stdin]
with HostEngines(RunFolder(Path(sys.argv[1])), Path(sys.argv[2])) as engines:
    threads = [threading.Thread(target=engines.run, args=(job,)) for job in jobs]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


def client(folder: RunFolder, path: Path, jobs: list[BatchJob]) -> subprocess.Popen[bytes]:
    started = subprocess.Popen([sys.executable, "-c", CLIENT, folder.root, path], stdin=subprocess.PIPE)
    assert started.stdin is not None
    started.stdin.write("\n".join(j.model_dump_json() for j in jobs).encode())
    started.stdin.close()
    return started


def test_a_client_that_dies_leaves_its_job_to_be_finished_and_its_queue_to_be_forgotten(shared, tmp_path, job) -> None:
    folder = folder_in(tmp_path, job.config)
    jobs = [numbered(job, index) for index in range(3)]
    dying = client(folder, shared.socket, jobs)
    wait_until(lambda: host_status(shared.socket).waiting == 2)
    at_work = host_status(shared.socket).slots[0].at_work
    dying.send_signal(signal.SIGKILL)
    dying.wait()
    wait_until(lambda: host_status(shared.socket).waiting == 0, seconds=10)
    wait_until(lambda: host_status(shared.socket).slots[0].at_work is None)
    assert [j.name for j in jobs if folder.finished(j)] == [at_work]


def test_a_host_that_is_killed_and_started_again_is_asked_again(place, tmp_path, job, undisturbed) -> None:
    folder = folder_in(tmp_path, job.config)
    first = Host(place, "--slots=1")
    first.ready()
    killed = threading.Event()

    def assassin(notice: Notice) -> None:
        if notice.stage == "validate" and not killed.is_set():
            killed.set()
            first.kill()

    with (
        Watch(lambda: all_simulators(first.socket)) as watch,
        ThreadPoolExecutor(1) as thread,
        HostEngines(folder, first.socket) as engines,
    ):
        asked = thread.submit(engines.run, job, listener=assassin)
        assert killed.wait(60)
        assert first.socket.exists(), "a killed host leaves its socket"
        with host(place, "--slots=1"):
            report = asked.result(timeout=120)
    quiet = RunFolder(undisturbed[1]).finished(job)
    assert quiet is not None
    assert without_clock(report) == without_clock(quiet)
    assert watch.most == 1, "the engines of both hosts together"


def test_a_second_host_on_a_socket_is_refused_and_the_first_goes_on(shared: Host) -> None:
    assert f"Process {shared.process.pid} serves" in Host(shared.socket.parent, "--slots=1").refusal()
    assert host_status(shared.socket).pid == shared.process.pid


def test_a_host_and_its_engines_end_with_their_supervisor(place) -> None:
    started = Host(place, "--slots=2", "--warm=kinematic")
    started.ready()
    engines = started.simulators()
    assert len(engines) == 2
    assert started.end() == 0
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in engines)
    assert not started.socket.exists()


def test_without_a_host_a_run_ends_with_one_clear_message(place) -> None:
    env = {**os.environ, "TASKLOOM_ENGINE_HOST": str(place / "none.sock"), "TASKLOOM_ENGINE_WAIT": "0.5"}
    command = [sys.executable, "-m", "flows.cli", "generate", "--preset=smoke", "--plain", f"--out={place / 'out'}"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert "No engine host answers" in ended.stderr
    assert "taskloom engine-host --socket" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_missing_engine_is_one_clear_message_to_the_client(place, tmp_path, job) -> None:
    (place / "absent").mkdir()
    (place / "absent" / "mujoco.py").write_text("raise ImportError(\"No module named 'mujoco'\")\n")
    path = os.pathsep.join([str(place / "absent"), str(Path.cwd())])
    config = job.config.model_copy(update={"backend": "mujoco"})
    folder = folder_in(tmp_path, config)
    with (
        host(place, "--slots=1", env={"PYTHONPATH": path}) as started,
        HostEngines(folder, started.socket) as engines,
        pytest.raises(TaskloomError, match=r"engine of backend 'mujoco' is not installed .* pip install"),
    ):
        engines.run(job.model_copy(update={"config": config}))


def test_the_socket_is_for_its_user_alone(shared: Host) -> None:
    assert stat.S_IMODE(shared.socket.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"hello\n", "Invalid JSON"),
        (pickle.dumps({"kind": "status"}) + b"\n", "Invalid JSON"),
        (b'{"kind": "exec", "code": "1"}\n', "'run', 'status'"),
        (b'{"kind": "status", "extra": 1}\n', "Extra inputs are not permitted"),
        (b'{"kind": "status", "protocol": 99}\n', "restart the host"),
        (b'{"kind": "run", "out": "/tmp", "job": {}}\n', "Field required"),
        (b'"' + b"x" * (65 << 20), "longer than"),
    ],
    ids=["text", "pickle", "kind", "extra", "protocol", "job", "endless"],
)
def test_what_is_no_request_is_refused(shared: Host, said: bytes, answer: str) -> None:
    heard = say(shared.socket, said)
    assert heard["kind"] == "error"
    assert answer in heard["message"]
    assert shared.process.poll() is None


def test_a_job_outside_of_the_root_or_of_a_run_or_for_another_device_is_refused(place, job) -> None:
    root = place / "runs"
    root.mkdir()
    folder_in(root, job.config, "inside")
    outside = folder_in(place, job.config, "outside")
    (root / "link").symlink_to(outside.root)
    on_gpu = job.model_copy(update={"config": job.config.model_copy(update={"device": "gpu"})})
    with host(place, "--slots=1", f"--root={root}") as started:
        for folder, asked, why in (
            (outside.root, job, "is outside"),
            (root / "link", job, "is outside"),
            (root / "inside" / ".." / ".." / "outside", job, "is outside"),
            (root / "empty", job, "holds no Taskloom run"),
            (root / "inside", on_gpu, "serves the device 'cpu'"),
        ):
            with pytest.raises(InvalidInputError, match=why):
                HostEngines(RunFolder(folder), started.socket).run(asked)
        assert started.simulators() == []


def test_each_host_shows_its_engines_one_graphics_card(place) -> None:
    seen = {}
    for card in ("0", "3"):
        (place / card).mkdir()
        with host(place / card, f"--device=gpu:{card}", "--slots=2", "--warm=kinematic") as started:
            seen[card] = [p.environ() for p in started.simulators()]
            assert host_status(started.socket).device == f"gpu:{card}"
    for card, environments in seen.items():
        assert len(environments) == 2
        for environment in environments:
            pins = [environment[name] for name in ("CUDA_VISIBLE_DEVICES", "MUJOCO_EGL_DEVICE_ID", "EGL_DEVICE_ID")]
            assert pins == [card] * 3


def test_status_in_words_and_as_json(shared: Host) -> None:
    command = [sys.executable, "-m", "flows.cli", "engine-host", f"--socket={shared.socket}", "--status"]
    said = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(said.stdout)["pid"] == shared.process.pid
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "slot 0:" in said.stdout


def test_a_bad_device_or_socket_is_one_clear_message(place) -> None:
    for words, why in ((["--device=tpu"], "Allowed: cpu, gpu"), ([f"--socket=/{'x' * 120}"], "longer than 100 bytes")):
        assert why in Host(place, *words).refusal()


def test_a_host_that_hangs_up_for_ever_is_given_up(place, tmp_path, job, monkeypatch) -> None:
    monkeypatch.setattr("flows.engine_client.MOST_TRIES", 3)
    monkeypatch.setattr("flows.engine_client.POLL_SECONDS", 0.01)
    folder = folder_in(tmp_path, job.config)
    with host(place, "--slots=1") as started:
        engines = HostEngines(folder, started.socket)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as rude:
        rude.bind(str(started.socket))
        rude.listen(8)

        def hang_up() -> None:
            for _ in range(3):
                rude.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(EngineHostError, match="ended 3 times"):
            engines.run(job)
