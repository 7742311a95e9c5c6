"""A house of one's own for a test or a demo: started, ready, and gone at the end.

    with running(var=tmp_path, env={"SANDBOX_PICTURES": "echo"}) as house:
        httpx.get(house.site)

Promises a house that touches nothing of the developer's: its own folder, free ports, no `.env`, no
real gateway even when the shell has one configured. Where DATABASE_URL or REDIS_URL name servers
(as in CI's second round), the house gets a database of its own on them, dropped at the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sandbox.stack import borrowed, warm
from sandbox.stack.errors import StackError
from sandbox.stack.plan import Addresses

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 180
STOP_SECONDS = 15
# What a house of one's own may inherit from the shell; all else comes from `env` and the launcher.
INHERITED = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "LOG_LEVEL",
    "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START",
)  # fmt: skip
# Said to be empty, so that a developer's `.env` can't say otherwise.
SILENCED = {"FAL_KEY": "", "S3_PUBLIC_ENDPOINT_URL": "", "S3_BUCKET": "heirloom"}


@contextmanager
def running(
    *,
    var: Path,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Addresses]:
    """Start a house on `var`, wait until it is ready, stop it at the end.

    All its output goes to `log` (default: `var`/stack.log). Raises StackError, with the last lines,
    when it does not become ready.
    """
    var.mkdir(parents=True, exist_ok=True)
    log = log or var / "stack.log"
    with ExitStack() as stack:
        chosen = SILENCED | borrowed_parts(stack, environ, env or {}) | dict(env or {})
        yield stack.enter_context(_started(var, chosen, log, environ))


def borrowed_parts(
    stack: ExitStack, environ: Mapping[str, str], env: Mapping[str, str]
) -> dict[str, str]:
    """Databases of the house's own on the servers that `environ` names and `env` does not."""
    parts = {}
    database, redis = environ.get("DATABASE_URL", ""), environ.get("REDIS_URL", "")
    if "DATABASE_URL" not in env and database.startswith(("postgres://", "postgresql://")):
        parts["DATABASE_URL"] = stack.enter_context(borrowed.postgres_database(database))
    if "REDIS_URL" not in env and redis:
        parts["REDIS_URL"] = stack.enter_context(borrowed.redis_database(redis))
    return parts


@contextmanager
def _started(
    var: Path, env: Mapping[str, str], log: Path, environ: Mapping[str, str]
) -> Iterator[Addresses]:
    ready_file = var / "ready.json"
    ready_file.unlink(missing_ok=True)
    warm.static_files(var)
    command = [sys.executable, "-m", "sandbox.stack", "--var", str(var), "--free-ports"]
    command += ["--no-dotenv", "--stop-with-parent", "--ready-file", str(ready_file)]
    for name, value in env.items():
        command += ["--env", f"{name}={value}"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={name: environ[name] for name in INHERITED if name in environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the terminal's Ctrl-C is ours to pass on
        )
    try:
        _await(process, ready_file, log)
        warm.remember_static_files(var)
        yield Addresses(**json.loads(ready_file.read_text()))
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()  # its guard ends the rest
            process.wait()
        ready_file.unlink(missing_ok=True)


def _await(process: subprocess.Popen[bytes], ready_file: Path, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() >= deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
            raise StackError(f"The house did not become ready. The end of {log}:\n{tail}")
        time.sleep(0.1)
