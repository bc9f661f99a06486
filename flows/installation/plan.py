"""Installation: what ``taskloom up`` is asked to run on a machine. It holds no secret: those are in the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from flows.installation.home import Home
from pipeline.core.errors import InvalidInputError
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen

Pool = Literal["control", "cpu", "gpu"]
POOLS: tuple[Pool, ...] = ("control", "cpu", "gpu")
CONTROL_RUNS = 50
"""Light flows at once on a machine: they only wait for others, and must never wait for a place themselves."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Installation(Frozen):
    """The server, if this machine has it, and the workers of one machine."""

    host: str = Field(default="127.0.0.1", description="Address the server listens on; others than loopback need auth.")
    port: int = Field(default=4200, ge=0, le=65535, description="Port of the server and its pages; 0 takes a free one.")
    files_port: int = Field(
        default=4201, ge=0, le=65535, description="Port of the file server (loopback only); 0 takes a free one."
    )
    server: str | None = Field(
        default=None, description="Address of another machine's server; None starts one on this machine."
    )
    workers: int = Field(default=2, ge=0, le=256, description="CPU workers on this machine.")
    gpus: tuple[int, ...] = Field(default=(), description="Graphics cards that get a worker each.")
    simulations: int = Field(default=2, ge=1, le=256, description="Engines at once on the CPU of this machine.")
    gpu_simulations: int = Field(default=1, ge=1, le=64, description="Engines at once on each GPU.")
    runs: int = Field(default=2, ge=1, le=64, description="Flow runs at once in each worker.")
    backends: tuple[str, ...] = Field(default=(), description="Physics backends whose engines start at once.")
    model_calls: int = Field(default=60, ge=1, description="Model calls a minute, all workers together.")
    restarts: int = Field(default=4, ge=0, le=100, description="How often a crashed run is scheduled again.")
    on_dataset: str | None = Field(
        default=None, description="Deployment (FLOW/NAME) that is run with each finished dataset's path and counts."
    )

    @property
    def serves(self) -> bool:
        """Whether the server is on this machine."""
        return self.server is None

    @property
    def exposed(self) -> bool:
        """Whether the server can be reached from other machines."""
        return self.serves and self.host not in LOOPBACK

    @property
    def url(self) -> str:
        """Base address of the server as this machine reaches it."""
        if self.server is not None:
            return self.server.rstrip("/").removesuffix("/api")
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "localhost") else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def api(self) -> str:
        """PREFECT_API_URL."""
        return f"{self.url}/api"

    @property
    def files_url(self) -> str:
        """Base address of the file server."""
        return f"http://127.0.0.1:{self.files_port}"

    def save(self, home: Home) -> None:
        """Keep it for the supervisor."""
        write_atomically(home.request, self.model_dump_json(indent=1))


def load_installation(home: Home) -> Installation:
    """What was last asked for; raises :class:`InvalidInputError` when there is nothing."""
    try:
        return Installation.model_validate_json(home.request.read_bytes())
    except (OSError, ValueError):
        raise InvalidInputError(f"{str(home.request)!r} cannot be read. Start with `taskloom up`.") from None


def checkout() -> Path:
    """The folder with ``prefect.yaml``: the package is installed in place."""
    return Path(__file__).resolve().parents[2]
