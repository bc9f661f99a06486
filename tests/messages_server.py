"""A local server that speaks the Messages API over HTTP, with a script of what to answer, well or badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Script = Callable[[int, dict[str, Any]], "Answer"]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: a message with ``text``, or an error with ``status``, or something broken."""

    text: str = ""
    stop: str = "end_turn"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: float = 0.0  # s
    cut: int | None = None  # bytes after which the connection breaks
    raw: bytes | None = None  # instead of a message
    details: Mapping[str, str] | None = None  # of a refusal
    error: str = "the server's words"


class MessagesServer:
    """Counts what it is asked; ``script(turn, body)`` says what to answer."""

    def __init__(self, script: Script, *, structured: bool | None) -> None:
        self.script, self.structured = script, structured
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"owner": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    @property
    def calls(self) -> int:
        return len(self.bodies)


@contextmanager
def serving(script: Script, *, structured: bool | None = True) -> Iterator[MessagesServer]:
    """``structured`` is what the server says of its models; None: it knows no such question, as local servers do."""
    server = MessagesServer(script, structured=structured)
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: MessagesServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        if self.owner.structured is None:
            self._send(404, _json({"type": "error", "error": {"type": "not_found_error", "message": "no such path"}}))
            return
        offered = {"supported": self.owner.structured}
        self._send(200, _json({"id": "m", "type": "model", "capabilities": {"structured_outputs": offered}}))

    def do_POST(self) -> None:
        owner = self.owner
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with owner.lock:
            turn = len(owner.bodies)
            owner.bodies.append(body)
            owner.headers.append({k.lower(): v for k, v in self.headers.items()})
            owner.in_flight += 1
            owner.most_in_flight = max(owner.most_in_flight, owner.in_flight)
        try:
            self._answer(owner.script(turn, body), body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with owner.lock:
                owner.in_flight -= 1

    def _answer(self, answer: Answer, body: dict[str, Any]) -> None:
        time.sleep(answer.hang)
        if answer.status != 200:
            kind = {429: "rate_limit_error", 529: "overloaded_error"}.get(answer.status, "api_error")
            error = {"type": "error", "error": {"type": kind, "message": answer.error}}
            self._send(answer.status, _json(error), **answer.headers)
            return
        if answer.raw is not None:
            self._send(200, answer.raw)
            return
        streamed = bool(body.get("stream"))
        content = _events(answer, body) if streamed else _json(_message(answer, body))
        kind = "text/event-stream" if streamed else "application/json"
        self._send(200, content, cut=answer.cut, content_type=kind)

    def _send(
        self,
        status: int,
        content: bytes,
        *,
        cut: int | None = None,
        content_type: str = "application/json",
        **headers: str,
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(content)))
        self.send_header("request-id", f"req_{len(self.owner.bodies)}")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content if cut is None else content[:cut])
        self.wfile.flush()
        if cut is not None:
            self.close_connection = True


def _message(answer: Answer, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [_block(answer, body)] if answer.text else [],
        "stop_reason": answer.stop,
        "stop_details": answer.details,
        "usage": {"input_tokens": 100, "output_tokens": 50, "cache_read_input_tokens": 20},
    }


def _block(answer: Answer, body: dict[str, Any]) -> dict[str, Any]:
    if "tools" in body:
        return {"type": "tool_use", "id": "tool_1", "name": "reply", "input": json.loads(answer.text)}
    return {"type": "text", "text": answer.text}


def _events(answer: Answer, body: dict[str, Any]) -> bytes:
    message = _message(answer, body)
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    ]
    for index, block in enumerate(message["content"]):
        tool = block["type"] == "tool_use"
        empty = {**block, "input": {}} if tool else {**block, "text": ""}
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        for start in range(0, len(answer.text), 4000):
            part = answer.text[start : start + 4000]
            delta = {"type": "input_json_delta", "partial_json": part} if tool else {"type": "text_delta", "text": part}
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    end = {"stop_reason": answer.stop, "stop_details": answer.details}
    events.append({"type": "message_delta", "delta": end, "usage": {"output_tokens": 50}})
    events.append({"type": "message_stop"})
    return b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
