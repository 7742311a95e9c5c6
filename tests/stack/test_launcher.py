"""The launcher as a person meets it: how it starts, how it ends, what it says when it can't.

The real launcher with a small Procfile, so that each story takes a second or two.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from honcho.manager import KILL_WAIT

from sandbox.stack import ports

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0  # on a busy machine
SITE = f"web: exec python {Path(__file__).with_name('tiny_site.py')}\n"
pytestmark = pytest.mark.processes

Launch = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts the launcher on a Procfile; kills what a failed test has left."""
    started: list[subprocess.Popen[str]] = []

    def start(procfile: str, *options: str, var: Path = tmp_path / "var") -> subprocess.Popen[str]:
        file = tmp_path / f"Procfile{len(started)}"
        file.write_text(procfile)
        command = [sys.executable, "-m", "sandbox.stack", "--no-dotenv", "--var", str(var)]
        command += ["--procfile", str(file), *options]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # the latter when it ends while we read
        return False
    # A zombie that nobody has reaped yet is gone for our purposes.
    return stat.rpartition(")")[2].split()[0] != "Z"


def writes_pid(name: str, folder: Path, *, then: str = "exec sleep 100") -> str:
    return f"{name}: echo $$ > {folder / name}; {then}\n"


def heard(process: subprocess.Popen[str], *wanted: str) -> str:
    """What the launcher has said, once all of this is in it."""
    assert process.stdout is not None
    said = ""
    while not all(words in said for words in wanted):
        line = process.stdout.readline()
        assert line, "it ended too soon"
        said += line
    return said


def pid_of(name: str, folder: Path) -> int:
    wait_for(lambda: bool((folder / name).exists() and (folder / name).read_text().strip()))
    return int((folder / name).read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_every_child_and_is_no_failure(launch: Launch, tmp_path: Path, number: int):
    ready = tmp_path / "ready.json"
    procfile = SITE + writes_pid("worker", tmp_path)
    process = launch(procfile, "--free-ports", "--ready-file", str(ready))
    output = heard(process, "Heirloom is ready: ", "web    | tiny site starts")
    worker = pid_of("worker", tmp_path)
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert errors == ""
    assert f"Heirloom is ready: {json.loads(ready.read_text())['site']}\n" in output
    assert not lives(worker)


def test_a_child_that_ignores_the_stop_is_killed_in_time(launch: Launch, tmp_path: Path):
    stubborn = "trap '' TERM INT; while true; do sleep 1; done"
    process = launch(writes_pid("web", tmp_path, then=stubborn), "--free-ports")
    child = pid_of("web", tmp_path)
    process.terminate()
    process.communicate(timeout=PATIENCE_SECONDS)  # by itself it would never end
    assert KILL_WAIT == 5  # seconds, after which honcho kills
    assert process.returncode == 0
    assert not lives(child)


def test_a_dead_child_is_named_and_takes_the_house_with_it(launch: Launch, tmp_path: Path):
    once_it_is_there = f"until [ -s {tmp_path / 'worker'} ]; do sleep 0.05; done"
    procfile = SITE + writes_pid("worker", tmp_path)
    procfile += f"cron: {once_it_is_there}; echo 'no clock here' >&2; exit 7\n"
    process = launch(procfile, "--free-ports")
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "cron   | no clock here" in output
    assert errors == (
        "Heirloom can't run: cron ended with status 7, so everything was stopped; "
        "its last lines above say why.\n"
    )
    assert not lives(pid_of("worker", tmp_path))


def test_a_taken_port_is_one_sentence(launch: Launch, tmp_path: Path):
    port = ports.pick(taken=set())
    launch(SITE, "--env", f"PORT={port}")
    wait_for(lambda: not ports.is_free(port))
    other = launch(SITE, "--env", f"PORT={port}", var=tmp_path / "other")
    _, errors = other.communicate(timeout=PATIENCE_SECONDS)
    assert other.returncode == 1
    assert errors == (
        f"Heirloom can't run: Port {port} on 127.0.0.1 is already in use: stop what runs there, "
        "or choose another with PORT=…\n"
    )


def test_a_second_house_in_the_same_folder_is_one_sentence(launch: Launch, tmp_path: Path):
    first = launch(writes_pid("web", tmp_path), "--free-ports")
    pid_of("web", tmp_path)
    second = launch(SITE, "--free-ports")
    _, errors = second.communicate(timeout=PATIENCE_SECONDS)
    assert second.returncode == 1
    assert errors == (
        f"Heirloom can't run: Another Heirloom (process {first.pid}) already runs on "
        f"{tmp_path / 'var'}: stop it, or choose another folder with VAR_DIR=…\n"
    )


def test_a_second_start_has_the_first_ones_credentials(launch: Launch, tmp_path: Path):
    ready = tmp_path / "ready.json"
    seen = []
    for _ in range(2):
        process = launch(SITE, "--free-ports", "--ready-file", str(ready))
        wait_for(ready.exists)
        seen.append(json.loads(ready.read_text())["env"]["SECRET_KEY"])
        ready.unlink()
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
    assert seen[0] == seen[1]


def test_nothing_outlives_a_launcher_that_is_killed(launch: Launch, tmp_path: Path):
    ready = tmp_path / "ready.json"
    procfile = SITE + writes_pid("worker", tmp_path, then="sleep 100 & wait")
    process = launch(procfile, "--free-ports", "--ready-file", str(ready))
    wait_for(ready.exists)
    worker = pid_of("worker", tmp_path)
    port = int(json.loads(ready.read_text())["env"]["PORT"])
    process.kill()
    wait_for(lambda: not lives(worker) and ports.is_free(port))
    process.communicate(timeout=PATIENCE_SECONDS)  # ends only when nobody holds its output any more


def test_a_launcher_ends_with_the_test_that_started_it(tmp_path: Path):
    file = tmp_path / "Procfile"
    file.write_text(writes_pid("web", tmp_path))
    launcher = [sys.executable, "-m", "sandbox.stack", "--no-dotenv", "--free-ports"]
    launcher += ["--stop-with-parent", "--var", str(tmp_path / "var"), "--procfile", str(file)]
    parent = subprocess.Popen(
        ["sh", "-c", '"$@" & wait', "sh", *launcher],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
    )
    child = pid_of("web", tmp_path)
    parent.kill()
    parent.wait()
    wait_for(lambda: not lives(child))


def test_a_wrong_option_is_one_sentence(launch: Launch):
    process = launch(SITE, "--env", "NONSENSE")
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert errors == "Heirloom can't run: --env wants NAME=VALUE, not 'NONSENSE'.\n"
