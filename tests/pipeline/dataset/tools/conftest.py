"""Fixtures: copies of the packed toys, an S3 server and a plain HTTP server on loopback that count and can fail."""

from __future__ import annotations

import http.server
import re
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part

ACCESS_KEY, SECRET_KEY = "AKIATOYSTORE", "toy-secret-0123456789"


@dataclass
class Traffic:
    """What a server was asked, how many bytes it sent, and which of the next requests it will fail."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0
    by_path: dict[str, int] = field(default_factory=dict)
    fail: Callable[[str, str], bool] = lambda method, path: False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        self.requests.clear()
        self.by_path.clear()
        self.sent, self.fail = 0, lambda method, path: False

    def served(self, path: str, count: int) -> None:
        self.sent += count
        self.by_path[path] = self.by_path.get(path, 0) + count

    def below(self, folder: str) -> int:
        """Bytes sent of files whose path contains ``folder``."""
        return sum(count for path, count in self.by_path.items() if folder in path)

    def of(self, method: str) -> list[str]:
        return [path for m, path in self.requests if m == method]


@dataclass
class Server:
    """A server: the URL of a new folder on it, and its traffic."""

    url: Callable[[], str]
    traffic: Traffic


@pytest.fixture
def copy(packed: Path, tmp_path: Path) -> Path:
    """A copy of the packed toys that a test may change."""
    shutil.copytree(packed, tmp_path / "toys.zarr")
    return tmp_path / "toys.zarr"


@pytest.fixture
def make(builder: ModuleType, tmp_path: Path) -> Callable[..., Path]:
    """Packs toy episodes: ``make(name, episodes, **meta)``; called again with a name it appends."""
    count = iter(range(1000))

    def pack_them(name: str, episodes: list, **more: Any) -> Path:
        part = tmp_path / "parts" / str(next(count))
        write_part(part, episodes, store=builder.ToyStore())
        settings = {"name": "toys", "val_fraction": 0.25, "generator": {"package": "taskloom"}} | more
        pack([part], tmp_path / name, meta=DatasetMeta(**settings))
        return tmp_path / name

    return pack_them


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    """moto's S3 server behind a counter; the environment points every client of this process to it."""
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    from werkzeug.serving import WSGIRequestHandler, make_server

    traffic = Traffic()
    inner = moto.DomainDispatcherApplication(moto.create_backend_app)

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        with traffic.lock:
            traffic.requests.append((method, path))
            failing = traffic.fail(method, path)
        if failing:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("503 Slow Down", [("Content-Type", "text/xml")])
            return [b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"]
        body = b"".join(inner(environ, start))
        traffic.served(path, len(body) if method == "GET" else 0)
        return [body]

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        import s3fs

        s3fs.S3FileSystem.retries = 1
        s3fs.S3FileSystem().mkdir("toys")
        yield Server(lambda: f"s3://toys/{uuid.uuid4().hex[:8]}/toys.zarr", traffic)
    server.shutdown()


@pytest.fixture
def s3(s3_server: Server) -> Server:
    s3_server.traffic.clear()
    return s3_server


@pytest.fixture
def web(packed: Path) -> Iterator[Server]:
    """An HTTP server over the packed toys, read only, that knows byte ranges."""
    pytest.importorskip("aiohttp")
    traffic = Traffic()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            with traffic.lock:
                traffic.requests.append((self.command, self.path))
                failing = traffic.fail(self.command, self.path)
            file = packed.parent / self.path.lstrip("/")
            if failing or not file.is_file():
                self.send_response(500 if failing else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content = file.read_bytes()
            asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
            self.send_response(206 if asked else 200)
            if asked:
                size = len(content)
                first = int(asked[1]) if asked[1] else size - int(asked[2])
                last = min(size - 1, int(asked[2])) if asked[1] and asked[2] else size - 1
                content = content[first : last + 1]
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)
                traffic.served(self.path, len(content))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Server(lambda: f"http://127.0.0.1:{server.server_port}/dataset.zarr", traffic)
    server.shutdown()
