"""sandbox.stack.guard: what a launcher has started ends with it, however early it is killed."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Killed between two starts. Its helper holds the guard's pipe open, as honcho's do.
LAUNCHER = """
import os, signal, subprocess, time
from sandbox.stack import guard
guarding = guard.start()
helper = os.fork()
if not helper:
    time.sleep(60)
guard.tell(guarding, processes=[helper])
for _ in range(2):
    started = subprocess.Popen(["sleep", "60"], start_new_session=True)
    guard.tell(guarding, groups=[started.pid])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.processes
def test_what_had_started_ends_with_a_launcher_that_is_killed_meanwhile():
    # All of them write to one pipe: it is read to its end only when the last of them has ended.
    command = [sys.executable, "-c", LAUNCHER]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (-9, "")
