"""A house whose parts can be harmed: Redis and S3 are our own processes, and so are most workers.

(The launcher ends everything when one of its processes dies; so what is to die is not its own.)
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from honcho.environ import parse_procfile

from sandbox.stack import Addresses, ports, running

ROOT = Path(__file__).parents[2]
PROCESSES = parse_procfile((ROOT / "Procfile").read_text()).processes
WORKERS = [PROCESSES["worker_quick"], PROCESSES["worker_heavy"]]
READY_SECONDS = 60
# Everything that ends by itself ends soon.
QUICK = {
    "SANDBOX_PICTURES": "echo",
    "SANDBOX_LATENCY_SECONDS": "1",
    "SWEEP_INTERVAL_SECONDS": "1",
    "TELL_AFTER_SECONDS": "0",
    "LEASE_SECONDS": "10",
    "POLL_FIRST_SECONDS": "1",
    "POLL_MOST_SECONDS": "4",
    "GATEWAY_READ_SECONDS": "3",
    "RESULT_DOWNLOAD_SECONDS": "3",
    "GATEWAY_DEADLINE_SECONDS": "30",
    "UNKNOWN_DEADLINE_SECONDS": "6",
    "RETRY_FIRST_SECONDS": "1",
    "RETRY_MOST_SECONDS": "3",
    "PROBE_FIRST_SECONDS": "1",
    "PROBE_MOST_SECONDS": "3",
    "WAIT_SPREAD_SECONDS": "1",
    "LOG_LEVEL": "WARNING",
}


class Part:
    """One process of ours, which may be killed, paused and started again."""

    def __init__(self, command: list[str] | str, env: dict[str, str], log: Path) -> None:
        self._command, self._env, self._log = command, env, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                shell=isinstance(self._command, str),
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """kill -9, by its own number."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def pause(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)


class House:
    """`workers` of each queue are the victims; the house's own are left alone."""

    def __init__(self, var: Path, workers: int) -> None:
        self.var, self._count = var, workers
        self.workers: list[Part] = []
        self.addresses: Addresses

    @contextmanager
    def open(self, rates: str, seed: int) -> Iterator[House]:
        taken: set[int] = set()
        redis_port, s3_port = ports.pick(taken=taken), ports.pick(taken=taken)
        keys = {
            "AWS_ACCESS_KEY_ID": "chaos",
            "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
        }
        own = {**os.environ, **keys, "VAR_DIR": str(self.var)}
        own |= {"REDIS_PORT": str(redis_port), "S3_PORT": str(s3_port)}
        with ExitStack() as stack:
            self.redis = self._part(stack, "redis", [sys.executable, "-m", "sandbox.redis"], own)
            self.s3 = self._part(stack, "s3", [sys.executable, "-m", "sandbox.s3"], own)
            for port in (redis_port, s3_port):
                _await(port)
            env = {
                **QUICK,
                **keys,
                "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
                "S3_ENDPOINT_URL": f"http://127.0.0.1:{s3_port}",
                "SANDBOX_FAULTS": rates,
                "SANDBOX_SEED": str(seed),
            }
            self.addresses = stack.enter_context(running(var=self.var / "house", env=env))
            for number, command in enumerate(WORKERS * self._count):
                worker = self._part(stack, f"worker-{number}", command, self.addresses.env)
                self.workers.append(worker)
            yield self

    def restart_redis(self, *, empty: bool) -> None:
        """It was killed; with `empty`, all that it knew is gone, too."""
        if empty:
            shutil.rmtree(self.var / "redis", ignore_errors=True)
        self.redis.start()

    @property
    def stands(self) -> bool:
        """Whether the launcher, which ends with the first of its processes, still runs."""
        launcher = (self.var / "house" / ".lock").read_text().strip()
        return Path(f"/proc/{launcher}").exists()

    def _part(
        self, stack: ExitStack, name: str, command: list[str] | str, env: dict[str, str]
    ) -> Part:
        part = Part(command, env, self.var / f"{name}.log")
        part.start()
        stack.callback(part.kill)
        stack.callback(part.go_on)  # before it is killed
        return part


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _await(port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(port):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing answers on port {port}")
        time.sleep(0.1)
