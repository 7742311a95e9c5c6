"""The gateway as a process: one sentence for a taken port, and a quick leave in mid-picture."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sandbox.gateway.__main__ import GRACE_SECONDS
from sandbox.gateway.store import Store
from tests.sandbox.harness import FLUX, Client, Loop, Receiver, picture, served

pytestmark = pytest.mark.processes
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(directory: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    environ = os.environ | {"SANDBOX_DIR": str(directory), "SANDBOX_LATENCY_SECONDS": "0"}
    running = subprocess.Popen(
        [sys.executable, "-m", "sandbox.gateway", "--port", str(port)],
        cwd=ROOT,
        env=environ,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def test_a_taken_port_is_one_sentence_and_exit_status_1(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with process(tmp_path, port) as running:
            _, complaint = running.communicate(timeout=30)

    assert running.returncode == 1
    assert complaint.startswith(f"Port {port} on 127.0.0.1 is already in use")
    assert len(complaint.splitlines()) == 1


def test_a_wrong_fault_rate_is_refused_at_the_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.gateway", "--faults", "flood=1"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 2
    assert "unknown fault 'flood'" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_leaves_within_two_seconds_in_the_middle_of_a_picture(
    tmp_path: Path, loop: Loop
) -> None:
    receiver, port = Receiver(pictures={"large.png": picture(3000, 2000)}), free_port()
    with (
        served(loop, receiver.app()) as receiver.url,
        process(tmp_path, port) as running,
    ):
        assert running.stdout
        assert "http://127.0.0.1" in running.stdout.readline()
        client = Client(loop, f"http://127.0.0.1:{port}")
        answer = client.submit(FLUX, input_image=f"{receiver.url}/large.png")
        client.wait_for(lambda: client.log("input_fetch"))
        assert client.state(answer.json["request_id"]).json["status"] == "PROCESSING"

        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0

    # It waited for nothing but its grace: the picture isn't made.
    with closing(Store(tmp_path / "gateway.sqlite3")) as store:
        (left,) = store.unfinished()
    assert (left.request_id, left.status) == (answer.json["request_id"], "PROCESSING")
    assert not list(tmp_path.glob("outputs/**/output.*"))
    assert GRACE_SECONDS < 2
