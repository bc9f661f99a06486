"""Prefect's server with pages that load nothing from outside: ``python -m flows.prefect_server server start ...``.

Prefect's pages ask a host of an analytics company for its settings whenever they are opened, whatever the analytics
settings say, and no setting turns that off. A browser does not even try if the page's own policy forbids it. The same
policy makes text from tasks and models that would load a picture from elsewhere harmless a second time.
"""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HERE = "http://127.0.0.1:* http://localhost:*"
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        f"img-src 'self' data: blob: {HERE}",
        f"media-src 'self' data: blob: {HERE}",
        "font-src 'self' data:",
        f"connect-src 'self' {HERE} ws://127.0.0.1:* ws://localhost:*",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "frame-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    ]
)
"""Scripts of the pages are trusted, as they are Prefect's own; where they may talk to is this machine."""


class LocalPages:
    """ASGI middleware that sends the policy with every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                policy = (b"content-security-policy", POLICY.encode())
                message = {**message, "headers": [*message.get("headers", ()), policy]}
            await send(message)

        await self.app(scope, receive, with_policy if scope["type"] == "http" else send)


def main() -> None:
    """The ``prefect`` command of this process's arguments, with our policy on the server that it starts."""
    from prefect.server.api import server

    create = server.create_app

    def create_app(*args: Any, **options: Any) -> Any:
        app = create(*args, **options)
        if not any(used.cls is LocalPages for used in app.user_middleware):
            app.add_middleware(LocalPages)
        return app

    server.create_app = create_app
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
