"""The file server hands out what is below its root, in pieces if asked, and nothing else to nobody else."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from flows.file_server import FileServer, range_of
from pipeline.core.errors import InvalidInputError, TaskloomError

FILM = bytes(range(256)) * 40


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A runs root beside a secret."""
    root = tmp_path / "runs"
    (root / "a b" / "deep").mkdir(parents=True)
    (root / "a b" / "film.mp4").write_bytes(FILM)
    (root / "a b" / "index.html").write_text("<h1>run</h1>")
    (root / "a b" / "deep" / "<i>.txt").write_text("odd")
    (root / "picture.svg").write_text("<svg onload='alert(1)'/>")
    (root / ".hidden").write_text("hidden")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "out").symlink_to(tmp_path)
    (root / "out.txt").symlink_to(tmp_path / "secret.txt")
    (root / "in.txt").symlink_to(root / "picture.svg")
    return root


@pytest.fixture
def server(root: Path) -> Iterator[FileServer]:
    with FileServer(root, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def ask(server: FileServer, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=sent)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_a_film_comes_whole_or_in_the_piece_that_was_asked_for(server: FileServer) -> None:
    answer, body = ask(server, "/a%20b/film.mp4")
    assert (answer.status, answer.headers["Content-Type"], body) == (200, "video/mp4", FILM)
    answer, body = ask(server, "/a%20b/film.mp4", Range="bytes=1000-1999")
    assert (answer.status, body) == (206, FILM[1000:2000])
    assert answer.headers["Content-Range"] == f"bytes 1000-1999/{len(FILM)}"
    answer, body = ask(server, "/a%20b/film.mp4", Range="bytes=99999-")
    assert (answer.status, answer.headers["Content-Range"], body) == (416, f"bytes */{len(FILM)}", b"")
    answer, body = ask(server, "/a%20b/film.mp4", "HEAD")
    assert (answer.status, answer.headers["Content-Length"], body) == (200, str(len(FILM)), b"")


@pytest.mark.parametrize(
    ("asked", "piece"),
    [
        (None, range(10)),
        ("bytes=0-", range(10)),
        ("bytes=2-4", range(2, 5)),
        ("bytes=2-400", range(2, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-30", range(10)),
        ("bytes=10-", None),
        ("bytes=-0", None),
        ("bytes=5-2", None),
        ("bytes=1-2,4-5", range(10)),
        ("bytes=a-b", range(10)),
        ("lines=1-2", range(10)),
    ],
)
def test_ranges(asked: str | None, piece: range | None) -> None:
    assert range_of(asked, 10) == piece


def test_what_has_not_changed_is_not_sent_again(server: FileServer) -> None:
    first, _ = ask(server, "/a%20b/film.mp4")
    again, body = ask(server, "/a%20b/film.mp4", If_None_Match=first.headers["ETag"])
    assert (again.status, body) == (304, b"")
    again, _ = ask(server, "/a%20b/film.mp4", If_Modified_Since=first.headers["Last-Modified"])
    assert again.status == 304


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/a%20b/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/a%20b/%2e%2e/%2e%2e/secret.txt",
        "//../secret.txt",
        "/out/secret.txt",
        "/out.txt",
        "/in.txt",
        "/.hidden",
        "/a%00b",
        "/nothing",
        "/a%20b/film.mp4/more",
        "http://127.0.0.1/../secret.txt",
    ],
)
def test_there_is_no_way_out_of_the_root(server: FileServer, path: str) -> None:
    answer, body = ask(server, path)
    assert answer.status == 404
    assert b"secret" not in body
    assert b"hidden" not in body


def test_a_pipe_is_not_waited_for(server: FileServer, root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert ask(server, "/pipe")[0].status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_only_reads(server: FileServer, root: Path, method: str) -> None:
    before = sorted(str(p) for p in root.rglob("*"))
    assert ask(server, "/a%20b/film.mp4", method)[0].status == 501
    assert sorted(str(p) for p in root.rglob("*")) == before


def test_a_folder_shows_its_page_or_a_list_without_links_and_hidden_names(server: FileServer) -> None:
    moved, _ = ask(server, "/a%20b")
    assert (moved.status, moved.headers["Location"]) == (301, "/a%20b/")
    assert ask(server, "/a%20b/")[1] == b"<h1>run</h1>"
    listed = ask(server, "/")[1].decode()
    assert 'href="./a%20b/"' in listed
    assert "hidden" not in listed
    assert "out" not in listed
    odd = ask(server, "/a%20b/deep/")[1].decode()
    assert "<i>" not in odd
    assert 'href="./%3Ci%3E.txt"' in odd


def test_every_answer_forbids_what_a_page_needs_not(server: FileServer) -> None:
    for path in ("/", "/a%20b/", "/picture.svg", "/nothing"):
        headers = ask(server, path)[0].headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask(server, "/picture.svg")[0].headers["Content-Type"] == "application/octet-stream"


def test_a_page_of_elsewhere_that_was_pointed_here_gets_nothing(server: FileServer) -> None:
    assert ask(server, "/a%20b/film.mp4", Host="evil.example")[0].status == 421
    assert ask(server, "/a%20b/film.mp4", Host=f"localhost:{server.server_address[1]}")[0].status == 200


def test_it_listens_on_the_loopback_interface_alone(server: FileServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.socket.family == socket.AF_INET


def test_a_taken_port_and_a_missing_root_are_said_clearly(server: FileServer, root: Path) -> None:
    with pytest.raises(TaskloomError, match=r"in use.*--port"):
        FileServer(root, server.server_address[1])
    with pytest.raises(InvalidInputError, match="is no folder"):
        FileServer(root / "nowhere", 0)


def test_it_ends_with_whoever_started_it(root: Path) -> None:
    starter = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "flows.file_server", "--root", {str(root)!r}], stdout=subprocess.PIPE)
print(child.pid, child.stdout.readline().decode().strip(), flush=True)
sys.stdin.read()
"""
    parent = subprocess.Popen([sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid, url = parent.stdout.readline().split()
    assert url.startswith("http://127.0.0.1:")
    assert psutil.pid_exists(int(pid))
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and psutil.pid_exists(int(pid)):
        if psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.1)
    assert not psutil.pid_exists(int(pid))
