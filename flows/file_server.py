"""A file server for the runs root, so that links in cards open films and pages: loopback only, and read only.

    python -m flows.file_server --root runs --port 4290

It ends with the process that started it. It serves regular files and lists folders below the root; it follows no
symbolic link at all, so nothing outside the root can be reached, not even by a link that appears while it looks.
"""

from __future__ import annotations

import argparse
import os
import stat
import sys
import threading
import time
from collections.abc import Sequence
from email.utils import formatdate, parsedate_to_datetime
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import IO, cast
from urllib.parse import quote, unquote, urlsplit

from pipeline.core.errors import InvalidInputError, TaskloomError

HOST = "127.0.0.1"
HOSTS = {"127.0.0.1", "localhost"}
"""What a browser may call us; another name is a page of elsewhere that was pointed at this machine."""
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".log": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
}
"""Everything else is offered for saving, never shown: a picture format that may hold scripts, for example."""
UNKNOWN = "application/octet-stream"
POLICY = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-site",
    "Cache-Control": "no-cache",
}
LISTED = 2000  # names of a folder
CHUNK = 256 * 1024  # bytes
PARENT_SECONDS = 0.5  # s between looks at the parent


class FileServer(ThreadingHTTPServer):
    """Serves what is below ``root`` on a port of the loopback interface; port 0 picks a free one."""

    daemon_threads = True

    def __init__(self, root: Path, port: int) -> None:
        if not root.is_dir():
            raise InvalidInputError(f"--root {str(root)!r} is no folder. Name the folder that holds the runs.")
        self.root = os.open(root.resolve(), os.O_RDONLY | os.O_DIRECTORY)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:  # whereupon the base class has closed the server, and with it the root
            raise TaskloomError(f"Port {port} of {HOST}: {error.strerror}. Choose another with --port.") from None

    @property
    def url(self) -> str:
        """Base of all addresses."""
        return f"http://{HOST}:{self.server_address[1]}"

    def server_close(self) -> None:
        """Let go of the port and the root."""
        super().server_close()
        os.close(self.root)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A file, a piece of it, or the list of a folder."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """The same without the body."""
        self._answer(body=False)

    def version_string(self) -> str:
        """Says nothing of versions."""
        return "taskloom"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the addresses of a run are nobody's business."""

    def _answer(self, *, body: bool) -> None:
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if host not in HOSTS:
            self._fail(HTTPStatus.MISDIRECTED_REQUEST, "This server answers to 127.0.0.1 and localhost only.")
            return
        address = urlsplit(self.path).path
        parts = names_of(address)
        handle = None if parts is None else open_below(cast(FileServer, self.server).root, parts)
        if handle is None:
            self._fail(HTTPStatus.NOT_FOUND, "Nothing here.")
            return
        with os.fdopen(handle, "rb") if not _is_folder(handle) else _Folder(handle) as opened:
            if isinstance(opened, _Folder):
                self._folder(opened.handle, address, body=body)
            else:
                self._file(opened, PurePosixPath(address).suffix.lower(), body=body)

    def _folder(self, handle: int, address: str, *, body: bool) -> None:
        if not address.endswith("/"):
            self._head(HTTPStatus.MOVED_PERMANENTLY, {"Location": quote(f"{unquote(address)}/"), "Content-Length": "0"})
            return
        index = open_below(handle, ["index.html"])
        if index is not None:
            with os.fdopen(index, "rb") as page:
                self._file(page, ".html", body=body)
            return
        page = listing(handle, unquote(address)).encode()
        self._head(HTTPStatus.OK, {"Content-Type": TYPES[".html"], "Content-Length": str(len(page))})
        if body:
            self.wfile.write(page)

    def _file(self, file: IO[bytes], suffix: str, *, body: bool) -> None:
        held = os.fstat(file.fileno())
        tag = f'"{held.st_mtime_ns:x}-{held.st_size:x}"'
        about = {
            "Content-Type": TYPES.get(suffix, UNKNOWN),
            "Accept-Ranges": "bytes",
            "ETag": tag,
            "Last-Modified": formatdate(held.st_mtime, usegmt=True),
        }
        if self._unchanged(tag, held.st_mtime):
            self._head(HTTPStatus.NOT_MODIFIED, about)
            return
        asked = self.headers.get("Range") if self.headers.get("If-Range", tag) == tag else None
        piece = range_of(asked, held.st_size)
        if piece is None:
            about |= {"Content-Range": f"bytes */{held.st_size}", "Content-Length": "0"}
            self._head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, about)
            return
        whole = len(piece) == held.st_size
        about["Content-Length"] = str(len(piece))
        if not whole:
            about["Content-Range"] = f"bytes {piece.start}-{piece.stop - 1}/{held.st_size}"
        self._head(HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT, about)
        if body:
            self._send(file, piece)

    def _send(self, file: IO[bytes], piece: range) -> None:
        file.seek(piece.start)
        left = len(piece)
        try:
            while left and (data := file.read(min(CHUNK, left))):
                self.wfile.write(data)
                left -= len(data)
        except (BrokenPipeError, ConnectionResetError):  # a browser that has seen enough of a film hangs up
            self.close_connection = True
        if left:  # the file became shorter meanwhile: the reader must not wait for the rest
            self.close_connection = True

    def _unchanged(self, tag: str, modified: float) -> bool:
        known, since = self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")
        if known is not None:
            return tag in known
        try:
            return since is not None and int(modified) <= parsedate_to_datetime(since).timestamp()
        except ValueError:
            return False

    def _fail(self, status: HTTPStatus, why: str) -> None:
        text = why.encode()
        self._head(status, {"Content-Type": TYPES[".txt"], "Content-Length": str(len(text))})
        if self.command != "HEAD":
            self.wfile.write(text)

    def _head(self, status: HTTPStatus, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()


class _Folder:
    """An open folder that is closed at the end."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __enter__(self) -> _Folder:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self.handle)


def names_of(address: str) -> list[str] | None:
    """The names on the way from the root to what is asked for; None for what is no such way."""
    names = [name for name in unquote(address, errors="surrogateescape").split("/") if name]
    return None if any(name.startswith(".") or "\0" in name for name in names) else names


def open_below(folder: int, names: Sequence[str]) -> int | None:
    """A handle on the file or folder at ``names`` below an open folder; None if absent, a link or nothing of both."""
    here = os.dup(folder)
    for name in names:
        try:
            below = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
        except (OSError, ValueError):
            return None
        finally:
            os.close(here)
        here = below
    mode = os.fstat(here).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return here
    os.close(here)
    return None


def range_of(asked: str | None, size: int) -> range | None:
    """The bytes of a file that a Range header asks for: all without one or for several pieces, None if impossible."""
    everything = range(size)
    unit, _, spec = (asked or "").partition("=")
    if unit.strip() != "bytes" or "," in spec:
        return everything
    first, dash, last = (part.strip() for part in spec.partition("-"))
    if not dash or not (first or last) or not all(part.isdecimal() or not part for part in (first, last)):
        return everything
    if not first:
        return range(max(0, size - int(last)), size) if int(last) and size else None
    stop = min(int(last) + 1, size) if last else size
    return range(int(first), stop) if int(first) < stop else None


def listing(folder: int, address: str) -> str:
    """A page of what a folder holds: folders first, no hidden names, no links."""
    with os.scandir(folder) as found:
        entries = [e for e in found if not e.name.startswith(".") and not e.is_symlink()]
    names = sorted((not e.is_dir(), e.name + ("/" if e.is_dir() else "")) for e in entries)
    rows = "".join(
        f'<li><a href="./{escape(quote(name, errors="surrogateescape"))}">{escape(_shown(name))}</a></li>'
        for _, name in names[:LISTED]
    )
    more = f"<p>and {len(names) - LISTED} more</p>" if len(names) > LISTED else ""
    title = escape(_shown(address))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="color-scheme" content="light dark"><style>body{font:15px/1.6 system-ui;margin:2em}</style></head>'
        f'<body><h1>{title}</h1><ul><li><a href="../">..</a></li>{rows}</ul>{more}</body></html>'
    )


def _shown(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _is_folder(handle: int) -> bool:
    return stat.S_ISDIR(os.fstat(handle).st_mode)


def end_with_parent() -> None:
    """End this process when the one that started it is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the parent ends."""
    parser = argparse.ArgumentParser(prog="python -m flows.file_server", description="Serve a folder of runs.")
    parser.add_argument("--root", type=Path, required=True, help="folder to serve")
    parser.add_argument("--port", type=int, default=0, help="port on the loopback interface; 0 picks a free one")
    asked = parser.parse_args(arguments)
    end_with_parent()
    try:
        server = FileServer(asked.root, asked.port)
    except TaskloomError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    with server:
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
