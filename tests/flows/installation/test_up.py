"""``taskloom up``: one clear message for whatever is wrong; what dies comes back; ``down`` leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.installation.environment import (
    auth_string,
    base,
    client,
    database_url,
    engine,
    server,
    simulating,
)
from flows.installation.home import Home
from flows.installation.plan import Installation, load_installation
from flows.installation.processes import MARK, ProcessId, marked, sweep
from flows.installation.state import State, read_state
from pipeline.core.errors import InvalidInputError, TaskloomError

SECRET = "sk-planted-key-0123456789"


class Machine:
    """A home of its own, and the command line in it."""

    def __init__(self, root: Path, **variables: str) -> None:
        self.home = Home(root / "home", root / "home" / "runs")
        known = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "TASKLOOM_DATABASE"))}
        self.environment = {**known, "TASKLOOM_HOME": str(self.home.root), "DO_NOT_TRACK": "1", **variables}

    def taskloom(self, *arguments: str, timeout: float = 240, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "flows.cli", *arguments]
        own = {**self.environment, **variables}
        return subprocess.run(command, env=own, capture_output=True, text=True, timeout=timeout, check=False)

    def refused(self, *arguments: str, **variables: str) -> str:
        """The one message of an ``up`` that must not start anything; it runs in this process, which is quicker."""
        command = ["up", *(o for o in ("--port=0", "--files-port=0", "--backend=kinematic") if _unsaid(o, arguments))]
        own: dict[str, str | None] = dict.fromkeys(
            ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING", "TASKLOOM_DATABASE")
        )
        done = CliRunner().invoke(app, [*command, *arguments], env={**own, **self.environment, **variables})
        assert isinstance(done.exception, TaskloomError), done.output
        assert "\n" not in str(done.exception)
        assert not self.home.state.exists()
        assert not self.home.root.exists() or not marked(self.home.mark())
        return str(done.exception)

    @property
    def state(self) -> State:
        found = read_state(self.home)
        assert found is not None
        return found

    def process(self, unit: str) -> ProcessId | None:
        return next(u.process for u in self.state.units if u.name == unit)

    def status(self) -> dict[str, object]:
        return json.loads(self.taskloom("status", "--json").stdout)


def _unsaid(option: str, arguments: tuple[str, ...]) -> bool:
    return not any(a.partition("=")[0] == option.partition("=")[0] for a in arguments)


def wait_until(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def asked(url: str, auth: str, body: bytes | None = None) -> bytes:
    """What a server answers somebody who gives this user and password."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    if auth:
        request.add_header("Authorization", f"Basic {b64encode(auth.encode()).decode()}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def listening() -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A running installation with one CPU worker and a planted key, open to other machines."""
    machine = Machine(tmp_path_factory.mktemp("up"), ANTHROPIC_API_KEY=SECRET)
    done = machine.taskloom(
        "up", "--port=0", "--files-port=0", "--workers=1", "--backend=kinematic", "--json", "--host=0.0.0.0"
    )
    try:
        assert done.returncode == 0, done.stderr + (machine.home.logs / "supervisor.log").read_text()
        yield machine
    finally:
        machine.taskloom("down")


def test_a_taken_port_is_refused_with_its_owner_and_the_option(machine) -> None:
    with listening() as taken:
        said = machine.refused(f"--port={taken.getsockname()[1]}")
    assert "--port" in said
    assert f"process {os.getpid()}" in said


def test_a_taken_port_of_the_file_server_names_its_own_option(machine) -> None:
    with listening() as taken:
        assert "--files-port" in machine.refused(f"--files-port={taken.getsockname()[1]}")


def test_a_database_that_does_not_answer_is_refused_without_telling_its_password(machine) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://taskloom:{SECRET}@127.0.0.1:{free.getsockname()[1]}/prefect"
    said = machine.refused(TASKLOOM_DATABASE=url)
    assert "cannot be reached" in said
    assert SECRET not in said
    assert "allowed: postgresql://" in machine.refused("--database=mysql://localhost/prefect")


def test_a_worker_without_a_simulator_is_refused(machine, tmp_path) -> None:
    for package in ("mujoco", "genesis"):
        (tmp_path / "broken" / package).mkdir(parents=True)
        (tmp_path / "broken" / package / "__init__.py").write_text(f"raise ImportError('{package} is broken here')")
    path = os.pathsep.join([str(tmp_path / "broken"), os.environ.get("PYTHONPATH", "")])
    said = machine.refused("--backend=mujoco", "--backend=genesis", PYTHONPATH=path)
    assert "would have no simulator" in said
    assert "mujoco is broken here" in said
    assert "genesis is broken here" in said


def test_an_unknown_engine_is_told_with_those_there_are(machine) -> None:
    assert "Unknown backend 'mujico'. Did you mean 'mujoco'?" in machine.refused("--backend=mujico")


def test_too_little_disk_is_refused(machine) -> None:
    said = machine.refused("--free-gb=1000000000")
    assert "GB free" in said
    assert "TASKLOOM_HOME" in said


def test_a_home_that_cannot_be_written_is_refused(machine, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in machine.refused(TASKLOOM_RUNS=str(tmp_path / "file" / "runs"))


def test_a_server_elsewhere_that_does_not_answer_is_refused(machine) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert "cannot be reached" in machine.refused("--worker-only", f"--server={url}")
    assert "--server" in machine.refused("--worker-only")
    assert "--worker-only" in machine.refused(f"--server={url}")


def test_open_to_other_machines_only_with_a_user_and_a_password(machine) -> None:
    said = machine.refused("--host=0.0.0.0", PREFECT_SERVER_API_AUTH_STRING="")
    assert "PREFECT_SERVER_API_AUTH_STRING must be USER:PASSWORD" in said


def test_nothing_up_is_said_so(machine) -> None:
    done = machine.taskloom("status")
    assert done.returncode == 1
    assert "Taskloom is not up" in done.stderr
    done = machine.taskloom("down")
    assert done.returncode == 0
    assert "was not up" in done.stdout


def test_an_exposed_server_gets_a_password_that_only_its_owner_may_read(tmp_path, monkeypatch) -> None:
    for name in ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)
    home = Home(tmp_path / "home", tmp_path / "runs").make()
    assert auth_string(home, Installation()) == ""
    given = auth_string(home, Installation(host="0.0.0.0"))
    assert len(given) > 24
    assert auth_string(home, Installation(host="0.0.0.0")) == given
    assert home.auth.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "me:mine")
    assert auth_string(home, Installation(host="0.0.0.0")) == "me:mine"


def test_secrets_reach_only_who_needs_them(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    monkeypatch.setenv("TASKLOOM_DATABASE", f"postgresql://u:{SECRET}-db@h/d")
    home, installation = Home(tmp_path / "home", tmp_path / "runs").make(), Installation()
    worker = simulating(home, installation, "worker-cpu0")
    assert SECRET not in json.dumps([worker, base(home, "files"), client(home, installation)])
    assert engine(home, installation, "engines-cpu")["ANTHROPIC_API_KEY"] == SECRET
    assert database_url(home) == f"postgresql+asyncpg://u:{SECRET}-db@h/d"
    assert "ANTHROPIC_API_KEY" not in server(home, installation)


def test_each_gpu_worker_sees_its_own_card(tmp_path) -> None:
    home = Home(tmp_path / "home", tmp_path / "runs").make()
    installation = Installation(gpus=(0, 3), workers=1)

    def seen(values: Mapping[str, str]) -> tuple[str | None, ...]:
        names = ("CUDA_VISIBLE_DEVICES", "MUJOCO_EGL_DEVICE_ID", "TASKLOOM_ENGINE_HOST", "TASKLOOM_SIMULATION_LIMIT")
        return tuple(values.get(name) for name in names)

    assert seen(simulating(home, installation, "worker-gpu3", gpu=3)) == (
        "3", "3", str(home.socket("engines-gpu3")), "sim-gpu3",
    )  # fmt: skip
    cpu = seen(simulating(home, installation, "worker-cpu0"))
    assert cpu[1:] == (os.environ.get("MUJOCO_EGL_DEVICE_ID"), str(home.socket("engines-cpu")), "sim-cpu")


def test_a_reused_pid_is_not_taken_for_the_process_that_had_it() -> None:
    me = ProcessId.of()
    assert me.alive
    assert not me.model_copy(update={"started": me.started - 5}).alive


def test_up_answers_and_says_what_runs(up) -> None:
    status = up.status()
    assert status["server"] == "answers"
    assert {p["name"] for p in status["processes"]} >= {"server", "reaper", "worker-control", "worker-cpu0"}
    assert all(p["alive"] for p in status["processes"])
    assert status["limits"]["tag:sim-cpu"] == {"limit": 1, "taken": 0}
    assert status["limits"]["model-calls"]["limit"] == 60
    assert set(status["pools"]) == {"control", "cpu", "gpu"}
    wait_until(lambda: "ONLINE" in up.status()["pools"]["cpu"]["workers"].values(), 30)


def test_up_twice_is_refused_and_harms_nothing(up) -> None:
    before = up.state
    done = up.taskloom("up", "--port=0")
    assert done.returncode == 1
    assert "up already" in done.stderr
    assert "taskloom down" in done.stderr
    assert up.state == before


def test_the_key_is_a_block_and_nowhere_else(up) -> None:
    """The block is encrypted in the database; whatever else is written must not hold the key."""
    url = f"{up.state.installation.api}/block_documents/filter"
    body = json.dumps({"block_documents": {"name": {"any_": ["anthropic-api-key"]}}, "include_secrets": False}).encode()
    (block,) = json.loads(asked(url, up.home.auth.read_text(), body))
    assert SECRET not in json.dumps(block)
    for file in (p for p in up.home.root.rglob("*") if p.is_file()):
        assert SECRET.encode() not in file.read_bytes(), file
    for process in marked(up.home.mark()):
        assert SECRET not in " ".join(process.cmdline())


def test_an_open_server_wants_a_password_and_the_file_server_stays_on_loopback(up) -> None:
    page = f"{up.state.installation.api}/deployments/count"
    for auth in ("", "taskloom:wrong"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            asked(page, auth, b"{}")
    assert int(asked(page, up.home.auth.read_text(), b"{}")) > 0
    ports = {
        c.laddr.port: c.laddr.ip for p in marked(up.home.mark()) for c in p.net_connections() if c.status == "LISTEN"
    }
    assert ports[up.state.installation.port] == "0.0.0.0"
    assert ports[up.state.installation.files_port] == "127.0.0.1"
    assert {ip for port, ip in ports.items() if port != up.state.installation.port} <= {"127.0.0.1", "::1"}


def test_another_machine_joins_with_the_password_and_not_without(up, tmp_path) -> None:
    other = Machine(tmp_path)
    server = f"--server={up.state.installation.url}"
    assert "PREFECT_API_AUTH_STRING=USER:PASSWORD" in other.refused("--worker-only", server)
    password = {"PREFECT_API_AUTH_STRING": up.home.auth.read_text()}
    done = other.taskloom("up", "--worker-only", server, "--workers=1", "--backend=kinematic", **password)
    try:
        assert done.returncode == 0, done.stderr
        assert {u.name for u in other.state.units} == {"reaper", "engines-cpu", "worker-cpu0"}
        limits = up.status()["limits"]
        assert len([n for n in limits if n.startswith("tag:sim-cpu")]) == 2
    finally:
        other.taskloom("down", **password)
    assert not marked(other.home.mark())
    assert up.status()["server"] == "answers"


def test_a_finished_dataset_runs_a_deployment_as_long_as_it_is_wanted(up) -> None:
    unknown = up.taskloom("on-dataset", "train/nightly")
    assert unknown.returncode == 1
    assert "no deployment 'train/nightly'" in unknown.stderr
    assert json.loads(up.taskloom("on-dataset", "validate-dataset/validate", "--json").stdout) == [
        "validate-dataset/validate"
    ]
    assert "starts nothing" in up.taskloom("on-dataset", "validate-dataset/validate", "--remove").stdout


def test_a_request_that_no_worker_could_carry_out_is_refused_before_it_is_scheduled(up) -> None:
    for option, word in (("--preset=demmo", "demo"), ("--tasks=0", "--tasks"), ("--robot=panda9", "panda")):
        done = up.taskloom("submit", option)
        assert done.returncode == 2, option
        assert word in done.stderr
    assert up.status()["runs"]["completed"] == 0


@pytest.mark.parametrize("unit", ["worker-cpu0", "reaper", "server"])
def test_what_dies_comes_back(up, unit) -> None:
    before = up.process(unit)
    os.kill(before.pid, signal.SIGKILL)
    wait_until(lambda: (now := up.process(unit)) is not None and now != before and now.alive, 30)
    if unit == "server":
        wait_until(lambda: up.status()["server"] == "answers", 90)


ASKING = """
import sys, threading, time
from flows.installation.patience import outlast_restarts
outlast_restarts()
from prefect.client.orchestration import get_client
print("begun", flush=True)
sys.stdin.readline()
with get_client(sync_client=True) as client:
    print(len(client.read_work_pools()))
"""


def test_a_new_client_outlasts_a_server_that_is_just_starting_again(up) -> None:
    """Its first request is made while there is no server."""
    own = {**os.environ, **client(up.home, up.state.installation), "PREFECT_CLIENT_MAX_RETRIES": "6"}
    asking = subprocess.Popen([sys.executable, "-c", ASKING], env=own, stdin=-1, stdout=-1, stderr=-1, text=True)
    assert asking.stdout is not None
    assert asking.stdout.readline() == "begun\n"
    server = up.process("server")
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not server.alive, 10)
    said, errors = asking.communicate("now\n", timeout=200)
    assert (asking.returncode, said) == (0, "3\n"), errors


def test_starting_anew_keeps_what_there_is_and_a_killed_supervisor_takes_everything_with_it(up) -> None:
    """Last, for it stops and starts the installation."""
    os.kill(up.state.supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not marked(up.home.mark()), 30)
    assert up.taskloom("status").returncode == 1
    port = load_installation(up.home).port
    done = up.taskloom(
        "up", f"--port={port}", "--files-port=0", "--workers=1", "--backend=kinematic", "--model-calls=30"
    )
    assert done.returncode == 0, done.stderr
    status = up.status()
    assert status["limits"]["model-calls"]["limit"] == 30
    assert "tag:sim-cpu" in status["limits"]
    foreign = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert "Stopped" in up.taskloom("down").stdout
        assert not marked(up.home.mark())
        assert foreign.poll() is None
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    finally:
        foreign.kill()
        foreign.wait()


def test_what_a_killed_supervisor_could_not_end_is_found_by_its_mark(tmp_path) -> None:
    home = Home(tmp_path / "home", tmp_path / "runs").make()
    orphan = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], env={**os.environ, MARK: home.mark()}
    )
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        wait_until(lambda: [p.pid for p in marked(home.mark())] == [orphan.pid], 10)
        assert sweep(home.mark()) == 1
        assert not psutil.pid_exists(orphan.pid)
        orphan.wait(5)
        assert psutil.pid_exists(stranger.pid)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_database_url_of_another_kind_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TASKLOOM_DATABASE", "oracle://x")
    with pytest.raises(InvalidInputError, match="begins with 'oracle'"):
        database_url(Home(tmp_path, tmp_path))
